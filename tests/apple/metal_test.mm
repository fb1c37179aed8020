// Devices and what is Metal's alone, over the double: shared textures, command buffers, what is counted.
#include "metal/reference.hpp"
#include "metal_fixture.hpp"
#include "surface/texture_descriptor.hpp"

namespace geyser::test {
namespace {

TEST_F(Metal, SharedTexturesOpenOnTheirDeviceOnly) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  TextureDescriptor d = describe(TextureFormat::rgba8_unorm);
  d.dimension = TextureDimension::two_d_array;
  d.array_layers = 3;
  d.mip_levels = 4;
  auto texture = first().create_texture(d, HandleKind::metal_shared_texture);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto opened = second().import_shared_texture(parcel_of(first(), **texture));
  ASSERT_TRUE(opened) << opened.error().to_string();
  AccessState state;
  hand_off(**end, **texture, **opened, state, 3);
  ApiTextureHandle parcel = parcel_of(first(), **texture);
  auto object = metal::object_of(parcel.handles[0]);
  ASSERT_TRUE(object);
  ApiTextureHandle shorter = parcel_of(first(), **texture);
  shorter.descriptor.mip_levels = 3;
  auto lied = second().import_shared_texture(std::move(shorter));
  ASSERT_FALSE(lied);
  EXPECT_EQ(lied.error().code(), ErrorCode::incompatible_layout) << lied.error().to_string();
  auto other = make_manager(apple_double::external);
  auto refused = other->import_shared_texture(std::move(parcel));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_device);
}

// Two textures of a program's own in one heap, of shapes that no surface has.
TEST_F(Metal, TexturesInHeapsAreAdopted) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  TextureDescriptor d = describe(TextureFormat::rgba16_float);
  d.dimension = TextureDimension::two_d_array;
  d.array_layers = 3;
  d.mip_levels = 4;
  id<MTLDevice> device = static_cast<id>(metal::native(first())->device);
  auto description = metal::Reference<MTLHeapDescriptor*>::adopt([[MTLHeapDescriptor alloc] init]);
  description.get().size = 1 << 20;
  auto heap = metal::Reference<id<MTLHeap>>::adopt([device newHeapWithDescriptor:description.get()]);
  ASSERT_TRUE(heap);
  const auto of_texture = geyser::surface::describe(d, 0, MTLStorageModePrivate);
  for (int i = 0; i < 2; ++i) {
    const auto native =
        metal::Reference<id<MTLTexture>>::adopt([heap.get() newTextureWithDescriptor:of_texture.get()]);
    ASSERT_TRUE(native);
    auto texture = metal::adopt_texture(first(), native.pointer(), d);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ((*texture)->handle_kind(), HandleKind::metal_shared_texture);
    // It is not shareable: in this process the texture is its own handle.
    ApiTextureHandle parcel = parcel_of(first(), **texture);
    EXPECT_EQ(*metal::object_of(parcel.handles[0]), native.pointer());
    auto opened = second().import_shared_texture(std::move(parcel));
    ASSERT_TRUE(opened) << opened.error().to_string();
    EXPECT_EQ(metal::native(**opened)->textures[0], native.pointer());
    AccessState state;
    hand_off(**end, **texture, **opened, state, 3);
  }
}

TEST_F(Metal, ARemovedDeviceIsLost) {
  auto manager = make_manager(apple_double::external);
  auto texture = manager->create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto access = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  apple_double::unplug(true);
  auto ended = (*texture)->end_access(*std::move(access));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::device_lost);
  EXPECT_EQ(ended.error().native().name, "MTLCommandBufferErrorDeviceRemoved");
  // For good, also when it is plugged in again: it is another device then.
  apple_double::unplug(false);
  AccessState state;
  state.serial = 1;  // the write that failed counts
  auto next = (*texture)->begin_access(AccessMode::discard, state);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), ErrorCode::device_lost);
}

// Nothing has failed on it yet: what it does not give tells.
TEST_F(Metal, ARemovedDeviceGivesNothing) {
  auto other = make_manager(apple_double::built_in);
  auto surface = other->create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(surface);
  auto fence = other->create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(fence);
  const auto code = [](const auto& result) {
    EXPECT_FALSE(result);
    return result ? ErrorCode::busy : result.error().code();
  };
  for (int what = 0; what < 4; ++what) {
    auto manager = make_manager(apple_double::external);
    apple_double::unplug(true);
    switch (what) {
      case 0:
        EXPECT_EQ(code(manager->create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface)),
                  ErrorCode::device_lost);
        break;
      case 1:
        EXPECT_EQ(code(manager->import_shared_texture(parcel_of(*other, **surface))), ErrorCode::device_lost);
        break;
      case 2:
        EXPECT_EQ(code(manager->import_fence(*(*fence)->export_handle())), ErrorCode::device_lost);
        break;
      default:
        EXPECT_EQ(code(manager->create_texture(describe(TextureFormat::rgba8_unorm), HandleKind::metal_shared_texture)),
                  ErrorCode::device_lost);
    }
    apple_double::unplug(false);
  }
}

TEST_F(Metal, AFailedCommandBufferIsToldOnce) {
  auto texture = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto access = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  apple_double::fail_next(1, MTLCommandBufferErrorOutOfMemory);
  auto ended = (*texture)->end_access(*std::move(access));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::out_of_memory) << ended.error().to_string();
  access = (*texture)->begin_access(AccessMode::discard, {});
  // The write that failed still counts.
  EXPECT_FALSE(access);
  AccessState state;
  state.serial = 1;
  access = (*texture)->begin_access(AccessMode::discard, state);
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_TRUE((*texture)->end_access(*std::move(access)));
}

TEST_F(Metal, DevicesAreFoundByRegistryId) {
  EXPECT_EQ(first().capabilities().identity.metal_registry_id, apple_double::built_in);
  auto external = make_manager(apple_double::external);
  EXPECT_EQ(external->capabilities().identity.metal_registry_id, apple_double::external);
  metal::Options options;
  options.registry_id = 1;
  auto none = metal::create_manager(options);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_available);
  EXPECT_NE(none.error().message().find("Apple double, external"), std::string::npos) << none.error().message();
  auto mine = metal::native(first());
  auto theirs = metal::native(*external);
  ASSERT_TRUE(mine);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(metal::wrap({mine->device, theirs->queue, {}}).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(metal::wrap({}).error().code(), ErrorCode::invalid_argument);
  auto wrapped = metal::wrap({nullptr, theirs->queue, {}});
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  EXPECT_EQ((*wrapped)->capabilities().identity.metal_registry_id, apple_double::external);
}

}  // namespace
}  // namespace geyser::test
