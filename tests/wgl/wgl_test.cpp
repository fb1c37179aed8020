// OpenGL by WGL: the caller's own context, and what a driver without the extensions for handles offers.
#include <gtest/gtest.h>

#include <algorithm>

#include <geyser/opengl.hpp>

#include "opengl/loader.hpp"
#include "platform/dynamic_library.hpp"
#include "platform/win32/hidden_window.hpp"
#include "support/end.hpp"

namespace geyser::test {
namespace {

// A context as an old program makes it, without Geyser's help.
class CallersContext {
 public:
  CallersContext() : window_(*platform::HiddenWindow::create()) {
    constexpr std::array<const char*, 1> names{"opengl32.dll"};
    library_ = *platform::DynamicLibrary::open(names);
    context_ = call<HGLRC(WINAPI*)(HDC)>("wglCreateContext")(window_.device_context());
    EXPECT_NE(context_, nullptr);
  }
  ~CallersContext() {
    release();
    call<BOOL(WINAPI*)(HGLRC)>("wglDeleteContext")(context_);
  }
  void make_current() const {
    EXPECT_TRUE(call<BOOL(WINAPI*)(HDC, HGLRC)>("wglMakeCurrent")(window_.device_context(), context_));
  }
  void release() const { call<BOOL(WINAPI*)(HDC, HGLRC)>("wglMakeCurrent")(nullptr, nullptr); }
  bool is_current() const { return call<HGLRC(WINAPI*)()>("wglGetCurrentContext")() == context_; }

 private:
  template <typename Function>
  Function call(const char* name) const {
    return reinterpret_cast<Function>(library_.symbol(name));
  }
  platform::HiddenWindow window_;
  platform::DynamicLibrary library_;
  HGLRC context_ = nullptr;
};

TextureDescriptor small() {
  TextureDescriptor descriptor;
  descriptor.extent = {8, 4, 1};
  descriptor.format = TextureFormat::rgba8_unorm;
  return descriptor;
}

TEST(Wgl, NothingIsWrappedWhereNoContextIsCurrent) {
  auto wrapped = opengl::wrap_current_context();
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::not_available);
  EXPECT_NE(wrapped.error().to_string().find("No WGL context is current"), std::string::npos);
}

TEST(Wgl, TheCallersContextIsAskedForAtEachCall) {
  CallersContext caller;
  caller.make_current();
  auto wrapped = opengl::wrap_current_context();
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  auto texture = (*wrapped)->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_TRUE(caller.is_current());
  caller.release();
  auto refused = (*wrapped)->create_texture(small(), HandleKind::host_memory);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  caller.make_current();
  EXPECT_TRUE((*wrapped)->create_texture(small(), HandleKind::host_memory));
}

TEST(Wgl, AnOwnContextLeavesTheCallersCurrent) {
  CallersContext caller;
  caller.make_current();
  auto manager = opengl::create_manager();
  ASSERT_TRUE(manager) << manager.error().to_string();
  EXPECT_TRUE(caller.is_current());
  auto texture = (*manager)->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_TRUE(caller.is_current());
  ASSERT_TRUE(opengl::make_current(**manager));
  EXPECT_FALSE(caller.is_current());
  opengl::release_current(**manager);
}

TEST(Wgl, EntryPointsOfTheCallersLoaderAreUsed) {
  CallersContext caller;
  caller.make_current();
  opengl::WrapOptions options;
  int asked = 0;
  options.procedure = [&](const char*) -> opengl::Procedure {
    ++asked;
    return nullptr;
  };
  auto wrapped = opengl::wrap_current_context(options);
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::not_available);
  EXPECT_NE(wrapped.error().to_string().find("The OpenGL driver has no ["), std::string::npos);
  EXPECT_GT(asked, 0);
}

TEST(Wgl, ADeviceThatWglCannotChooseIsRefused) {
  opengl::Options options;
  options.device_index = 1;
  auto manager = opengl::create_manager(options);
  ASSERT_FALSE(manager);
  EXPECT_EQ(manager.error().code(), ErrorCode::not_available);
}

// Wine hands the Linux driver's extensions through, descriptors among them, which no Windows program has.
TEST(Wgl, HandlesThatTheSystemDoesNotHaveAreNotOffered) {
  auto manager = opengl::create_manager();
  ASSERT_TRUE(manager) << manager.error().to_string();
  const Capabilities& capabilities = (*manager)->capabilities();
  EXPECT_FALSE(capabilities.textures.empty());
  EXPECT_TRUE(std::all_of(capabilities.textures.begin(), capabilities.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind != HandleKind::opaque_fd && row.handle_kind != HandleKind::dma_buf;
  }));
  EXPECT_TRUE(std::all_of(capabilities.fences.begin(), capabilities.fences.end(), [](const FenceCapability& row) {
    return row.kind != FenceKind::opaque_fd_timeline && row.kind != FenceKind::opaque_fd_binary;
  }));
}

}  // namespace
}  // namespace geyser::test
