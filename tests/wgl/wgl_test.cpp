// OpenGL by WGL: the caller's own context, and what a driver without the extensions for handles offers.
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include <geyser/opengl.hpp>

#include "opengl/loader.hpp"
#include "wgl/callers_context.hpp"

namespace geyser::test {
namespace {

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

// Wine's driver says that it has none; another may.
TEST(Wgl, Win32HandlesAreOfferedWhereTheDriverHasThem) {
  CallersContext caller;
  caller.make_current();
  auto manager = opengl::wrap_current_context();
  ASSERT_TRUE(manager) << manager.error().to_string();
  const auto get = [&](const char* name) { return opengl::get_procedure(**manager, name); };
  const auto get_string = reinterpret_cast<decltype(&::glGetStringi)>(get("glGetStringi"));
  GLint count = 0;
  reinterpret_cast<decltype(&::glGetIntegerv)>(get("glGetIntegerv"))(GL_NUM_EXTENSIONS, &count);
  bool has = false;
  for (GLint i = 0; i < count; ++i) {
    const auto* name = reinterpret_cast<const char*>(get_string(GL_EXTENSIONS, static_cast<GLuint>(i)));
    has = has || std::string_view(name) == "GL_EXT_memory_object_win32";
  }
  const auto& rows = (*manager)->capabilities().textures;
  const bool offered = std::any_of(rows.begin(), rows.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::opaque_win32 || row.handle_kind == HandleKind::d3d_nt;
  });
  EXPECT_EQ(offered, has);
}

}  // namespace
}  // namespace geyser::test
