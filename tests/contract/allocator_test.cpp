// Memory that one API's manager makes for another: who may be an allocator, and what is exported.
#include <gtest/gtest.h>

#include <geyser/host.hpp>
#include <geyser/opengl.hpp>
#include <geyser/vulkan.hpp>

#include "platform/shared_memory.hpp"
#include "support/end.hpp"

namespace geyser::test {
namespace {

std::shared_ptr<TextureShareManager> must(Result<std::unique_ptr<TextureShareManager>>&& manager) {
  EXPECT_TRUE(manager) << manager.error().to_string();
  return std::shared_ptr<TextureShareManager>(std::move(*manager));
}

TextureDescriptor describe() {
  TextureDescriptor descriptor;
  descriptor.extent = {33, 17, 1};
  return descriptor;
}

TEST(Allocator, MakesWhatOpenGlCannot) {
  const auto opengl = must(opengl::create_manager());
  const auto before = opengl->create_texture(describe(), HandleKind::opaque_fd);
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code(), ErrorCode::unsupported);
  const Capabilities alone = opengl->capabilities();

  ASSERT_TRUE(opengl->use_allocator(must(vulkan::create_manager())));
  EXPECT_GT(opengl->capabilities().textures.size(), alone.textures.size());
  auto texture = opengl->create_texture(describe(), HandleKind::opaque_fd);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->api(), Api::opengl);
  EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
  EXPECT_NE(opengl::native(**texture)->name, 0U);

  // Exported again and again, it is one kernel object.
  auto first = opengl->export_texture(**texture);
  auto second = opengl->export_texture(**texture);
  ASSERT_TRUE(first) << first.error().to_string();
  ASSERT_TRUE(second);
  EXPECT_EQ(first->kind, HandleKind::opaque_fd);
  EXPECT_EQ(*platform::kernel_identity(first->handles[0].get()), *platform::kernel_identity(second->handles[0].get()));
  // What it imports is not its own to export.
  auto imported = opengl->import_shared_texture(*std::move(first));
  ASSERT_TRUE(imported) << imported.error().to_string();
  EXPECT_EQ(opengl->export_texture(**imported).error().code(), ErrorCode::unsupported);
}

TEST(Allocator, OutlivesItsManagerInTheTexture) {
  std::unique_ptr<SharedTexture> texture;
  {
    const auto opengl = must(opengl::create_manager());
    ASSERT_TRUE(opengl->use_allocator(must(vulkan::create_manager())));
    auto made = opengl->create_texture(describe(), HandleKind::opaque_fd);
    ASSERT_TRUE(made);
    texture = *std::move(made);
  }
  auto access = texture->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_TRUE(texture->end_access(*std::move(access)));
}

TEST(Allocator, WrongOnesAreRefused) {
  const auto opengl = must(opengl::create_manager());
  EXPECT_EQ(opengl->use_allocator(nullptr).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(opengl->use_allocator(must(opengl::create_manager())).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(opengl->use_allocator(must(host::create_manager())).error().code(), ErrorCode::incompatible_device);
  if (driver_manifest("swiftshader") != nullptr) {
    auto other = make_end("swiftshader");
    ASSERT_TRUE(other);
    const std::shared_ptr<TextureShareManager> borrowed(&(*other)->manager(), [](TextureShareManager*) {});
    const auto used = opengl->use_allocator(borrowed);
    ASSERT_FALSE(used);
    EXPECT_EQ(used.error().code(), ErrorCode::incompatible_device);
    EXPECT_NE(used.error().message().find("SwiftShader"), std::string::npos) << used.error().to_string();
  }
  ASSERT_TRUE(opengl->use_allocator(must(vulkan::create_manager())));
  EXPECT_EQ(opengl->use_allocator(must(vulkan::create_manager())).error().message(),
            "The manager has an allocator already.");
}

}  // namespace
}  // namespace geyser::test
