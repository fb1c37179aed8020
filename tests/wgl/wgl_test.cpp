// OpenGL by WGL: the caller's own context, and what a driver without the extensions for handles offers.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

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

// A driver with GL_EXT_memory_object_win32, as far as its identity goes.
struct DriverDouble {
  static inline GLint real_count = 0;
  static inline std::function<opengl::Procedure(const char*)> real;
  static inline bool fails = false;

  static const GLubyte* APIENTRY get_stringi(GLenum name, GLuint index) {
    if (name == GL_EXTENSIONS && index == static_cast<GLuint>(real_count)) {
      return reinterpret_cast<const GLubyte*>("GL_EXT_memory_object_win32");
    }
    return reinterpret_cast<decltype(&::glGetStringi)>(real("glGetStringi"))(name, index);
  }
  static void APIENTRY get_integerv(GLenum name, GLint* value) {
    if (name == GL_DEVICE_NODE_MASK_EXT) {
      *value = 2;
      return;
    }
    reinterpret_cast<decltype(&::glGetIntegerv)>(real("glGetIntegerv"))(name, value);
    if (name == GL_NUM_EXTENSIONS) real_count = (*value)++;
  }
  static void APIENTRY get_bytes(GLenum name, GLubyte* bytes) {
    const auto get = reinterpret_cast<decltype(&::glGetUnsignedBytevEXT)>(real("glGetUnsignedBytevEXT"));
    if (name != GL_DEVICE_LUID_EXT || fails) return get(fails ? GL_NONE : name, bytes);
    for (GLubyte i = 0; i < GL_LUID_SIZE_EXT; ++i) bytes[i] = static_cast<GLubyte>(i + 1U);
  }
  static opengl::Procedure find(const char* name) {
    const std::string_view wanted(name);
    if (wanted == "glGetStringi") return reinterpret_cast<opengl::Procedure>(&get_stringi);
    if (wanted == "glGetIntegerv") return reinterpret_cast<opengl::Procedure>(&get_integerv);
    if (wanted == "glGetUnsignedBytevEXT") return reinterpret_cast<opengl::Procedure>(&get_bytes);
    return real(name);
  }
};

TEST(Wgl, TheAdaptersLuidAndNodesAreRead) {
  CallersContext caller;
  caller.make_current();
  auto system = opengl::wrap_current_context();
  ASSERT_TRUE(system) << system.error().to_string();
  EXPECT_FALSE((*system)->capabilities().identity.has_luid);
  DriverDouble::real = [&](const char* name) { return opengl::get_procedure(**system, name); };
  opengl::WrapOptions options;
  options.procedure = &DriverDouble::find;
  auto wrapped = opengl::wrap_current_context(options);
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  const DeviceIdentity& identity = (*wrapped)->capabilities().identity;
  EXPECT_TRUE(identity.has_luid);
  EXPECT_EQ(identity.luid, (std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(identity.node_mask, 2U);
  DriverDouble::fails = true;
  auto without = opengl::wrap_current_context(options);
  ASSERT_TRUE(without) << without.error().to_string();
  EXPECT_FALSE((*without)->capabilities().identity.has_luid) << "an answer that is a GL error counts as none";
  DriverDouble::real = nullptr;
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
