// Events as fences: what they say, and what is refused.
#include <geyser/wire.hpp>

#include "metal_fixture.hpp"
#include "platform/apple/handles.hpp"

namespace geyser::test {
namespace {

TEST_F(Metal, SurfacesOfEveryFormatAreSharedWithEvents) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  NegotiationPolicy policy;
  policy.allow_objects = true;
  for (const TextureFormat format : metal::io_surface_formats()) {
    SCOPED_TRACE(to_string(format));
    const TextureDescriptor d = describe(format);
    auto agreement = negotiate(d, first().capabilities(), second().capabilities(), policy);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->handle_kind, HandleKind::io_surface);
    EXPECT_EQ(agreement->fence_kind, FenceKind::metal_shared_event);
    EXPECT_EQ(agreement->sync_tier, SyncTier::shared_timeline);
    auto texture = first().create_texture(d, *agreement);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto opened = second().import_shared_texture(parcel_of(first(), **texture));
    ASSERT_TRUE(opened) << opened.error().to_string();
    // Each end signals an event of its own.
    auto mine = first().create_fence(FenceKind::metal_shared_event);
    auto theirs = second().create_fence(FenceKind::metal_shared_event);
    ASSERT_TRUE(mine && theirs);
    const auto give = [](SharedFence& fence, TextureShareManager& manager) {
      auto handle = fence.export_handle();
      EXPECT_TRUE(handle);
      auto opened = manager.import_fence(*std::move(handle));
      EXPECT_TRUE(opened) << opened.error().to_string();
      EXPECT_EQ((*opened)->id(), fence.id());
      return *opened;
    };
    const auto mine_there = give(**mine, second());
    const auto theirs_here = give(**theirs, first());
    ASSERT_TRUE((*texture)->set_signal_fence(*mine));
    ASSERT_TRUE((*opened)->set_signal_fence(*theirs));
    AccessState state;
    hand_off(**end, **texture, **opened, state, 1);
    hand_off(**end, **opened, **texture, state, 2);
    // The devices waited for each other: the reader for the writer, the next writer for both, its reader for it. No CPU
    // waited for a device.
    EXPECT_EQ((*opened)->statistics().gpu_waits + (*texture)->statistics().gpu_waits, 4U);
    EXPECT_EQ((*opened)->statistics().host_waits + (*texture)->statistics().host_waits, 0U);
    EXPECT_EQ((*opened)->statistics().bytes_copied + (*texture)->statistics().bytes_copied, 0U);
    EXPECT_TRUE(mine_there->wait(2));
    EXPECT_TRUE(theirs_here->wait(2));
    EXPECT_EQ(*mine_there->completed_value(), 2U);
  }
}

TEST_F(Metal, TheHostWaitTierNeedsNoEvent) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  const TextureDescriptor d = describe(TextureFormat::bgra8_unorm);
  auto agreement = negotiate(d, first().capabilities(), second().capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->fence_kind, FenceKind::host_timeline);
  auto texture = first().create_texture(d, *agreement);
  ASSERT_TRUE(texture);
  auto opened = second().import_shared_texture(parcel_of(first(), **texture));
  ASSERT_TRUE(opened);
  auto fence = first().create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  ASSERT_TRUE((*texture)->set_signal_fence(*fence));
  AccessState state;
  hand_off(**end, **texture, **opened, state, 1);
  EXPECT_EQ((*texture)->statistics().gpu_waits + (*opened)->statistics().gpu_waits, 0U);
  EXPECT_NE((*opened)->statistics().host_waits, 0U);
}

TEST_F(Metal, ForeignFencesAreRefused) {
  auto texture = second().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto fence = first().create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(fence);
  // Known to the other manager only.
  auto set = (*texture)->set_signal_fence(*fence);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code(), ErrorCode::invalid_argument);
  AccessState state;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*fence, 1}));
  auto access = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code(), ErrorCode::unsupported);
  EXPECT_EQ(metal::native(second(), **fence).error().code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(metal::native(first(), **fence));
  // A handle of the right kind that is something else.
  auto imported = second().import_fence(
      {FenceKind::metal_shared_event, 5, 0, platform::adopt_object(HandleKind::metal_shared_event, [[NSObject alloc] init])});
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code(), ErrorCode::invalid_handle);
  // An event of another device, which this one does not open.
  auto external = make_manager(apple_double::external);
  auto handle = (*fence)->export_handle();
  ASSERT_TRUE(handle);
  apple_double::refuse_foreign_events(true);
  imported = external->import_fence(*std::move(handle));
  apple_double::refuse_foreign_events(false);
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code(), ErrorCode::invalid_handle);
}

// A peer that dies with an event unsignalled: the queue waits for ever, the CPU does not.
TEST_F(Metal, WaitsForAnEventThatNeverComesEnd) {
  auto texture = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  (*texture)->set_wait_timeout(std::chrono::milliseconds(20));
  auto fence = first().create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(fence);
  EXPECT_EQ((*fence)->wait(9, std::chrono::milliseconds(10)).error().code(), ErrorCode::timeout);
  AccessState state;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*fence, 9}));
  auto access = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access) << access.error().to_string();
  auto ended = (*texture)->end_access(*std::move(access));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::timeout);
  // Whoever knows that the peer is gone signals what it was to signal.
  ASSERT_TRUE((*fence)->signal(9));
  EXPECT_EQ((*fence)->signal(9).error().code(), ErrorCode::invalid_argument);
  (*texture)->set_wait_timeout(std::chrono::seconds(5));
  access = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access);
  EXPECT_TRUE((*texture)->end_access(*std::move(access)));
}

TEST_F(Metal, EventsDoNotTravel) {
  auto fence = first().create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(fence);
  auto handle = (*fence)->export_handle();
  ASSERT_TRUE(handle);
  wire::Offer offer;
  offer.fences.push_back(*std::move(handle));
  const auto encoded = wire::encode(wire::Message(std::move(offer)));
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().message(), "A handle of kind [metal_shared_event] is one that no message carries.");
}

TEST_F(Metal, ObjectsGoToXpcAndBack) {
  auto fence = first().create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(fence);
  ASSERT_TRUE((*fence)->signal(3));
  auto handle = (*fence)->export_handle();
  ASSERT_TRUE(handle);
  EXPECT_EQ(handle->value, 3U);
  id object = static_cast<id>(platform::retained_object_of(handle->handle));
  ASSERT_NE(object, nil);
  auto adopted = metal::adopt_object(HandleKind::metal_shared_event, static_cast<void*>(object));
  [object release];
  ASSERT_TRUE(adopted);
  auto other = second().import_fence({FenceKind::metal_shared_event, handle->id, 3, *std::move(adopted)});
  ASSERT_TRUE(other) << other.error().to_string();
  ASSERT_TRUE((*other)->signal(4));
  EXPECT_EQ(*(*fence)->completed_value(), 4U);
  EXPECT_EQ(metal::adopt_object(HandleKind::dma_buf, nullptr).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(metal::object_of(OwnedHandle()).error().code(), ErrorCode::invalid_handle);
}

}  // namespace
}  // namespace geyser::test
