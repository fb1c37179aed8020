// What is Metal's alone, over the double: surfaces of every format, events, what is counted, and what is refused.
#import <Metal/Metal.h>

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <functional>

#include <geyser/metal.hpp>
#include <geyser/wire.hpp>

#include "double.hpp"
#include "surface/format.hpp"
#include "platform/apple/handles.hpp"
#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

using Manager = std::unique_ptr<TextureShareManager>;

Manager make_manager(std::optional<std::uint64_t> registry = {}) {
  metal::Options options;
  options.registry_id = registry;
  auto manager = metal::create_manager(options);
  EXPECT_TRUE(manager) << manager.error().to_string();
  return manager ? *std::move(manager) : nullptr;
}

TextureDescriptor describe(TextureFormat format, std::uint32_t width = 38, std::uint32_t height = 22) {
  TextureDescriptor d;
  d.format = format;
  d.extent = {width, height, 1};
  return d;
}

ApiTextureHandle parcel_of(TextureShareManager& manager, SharedTexture& texture) {
  auto parcel = manager.export_texture(texture);
  EXPECT_TRUE(parcel) << parcel.error().to_string();
  return parcel ? *std::move(parcel) : ApiTextureHandle();
}

// Whatever a test does, at its end there is what there was before: objects, use counts of surfaces, descriptors.
class Metal : public testing::Test {
 protected:
  void TearDown() override {
    first_.reset();
    second_.reset();
    EXPECT_EQ(open_descriptors(), descriptors_);
    const apple_double::Alive now = apple_double::alive();
    EXPECT_TRUE(now == before_) << now.surfaces << " surfaces, " << now.textures << " textures, " << now.buffers
                                << " buffers, " << now.events << " events, " << now.event_handles << "+"
                                << now.texture_handles << " handles, " << now.queues << " queues, "
                                << now.command_buffers << " command buffers, " << now.descriptors << " descriptors";
  }
  TextureShareManager& first() {
    if (!first_) first_ = make_manager();
    return *first_;
  }
  TextureShareManager& second() {
    if (!second_) second_ = make_manager();
    return *second_;
  }

  apple_double::Alive before_ = apple_double::alive();
  std::size_t descriptors_ = open_descriptors();
  Manager first_, second_;
};

// Writes a picture in one texture and finds it in the other.
void hand_off(End& end, SharedTexture& from, SharedTexture& to, AccessState& state, std::uint32_t seed) {
  const auto picture = make_pattern(from.descriptor(), seed);
  auto write = from.begin_access(AccessMode::discard, state);
  ASSERT_TRUE(write) << write.error().to_string();
  ASSERT_TRUE(end.fill(from, picture));
  auto written = from.end_access(*std::move(write));
  ASSERT_TRUE(written) << written.error().to_string();
  auto read = to.begin_access(AccessMode::read, *written);
  ASSERT_TRUE(read) << read.error().to_string();
  auto seen = end.read(to);
  ASSERT_TRUE(seen) << seen.error().to_string();
  auto done = to.end_access(*std::move(read));
  ASSERT_TRUE(done) << done.error().to_string();
  state = *done;
  EXPECT_EQ(difference(from.descriptor(), picture, *seen), "");
}

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

TEST_F(Metal, SurfacesAreCalledWhatNativeProgramsCallThem) {
  const struct {
    TextureFormat format;
    ColorRange range;
    const char* name;
    std::size_t planes;
  } expected[] = {{TextureFormat::nv12, ColorRange::limited, "420v", 2},
                  {TextureFormat::nv12, ColorRange::full, "420f", 2},
                  {TextureFormat::p010, ColorRange::limited, "x420", 2},
                  {TextureFormat::p010, ColorRange::full, "xf20", 2},
                  {TextureFormat::i420, ColorRange::limited, "y420", 3},
                  {TextureFormat::bgra8_unorm, ColorRange::full, "BGRA", 0},
                  {TextureFormat::rgba16_float, ColorRange::full, "RGhA", 0},
                  {TextureFormat::r16_unorm, ColorRange::full, "L016", 0},
                  {TextureFormat::bgr10a2_unorm, ColorRange::full, "l10r", 0}};
  for (const auto& row : expected) {
    SCOPED_TRACE(row.name);
    TextureDescriptor d = describe(row.format);
    d.picture.range = row.range;
    auto texture = first().create_texture(d, HandleKind::io_surface);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto native = metal::native(**texture);
    ASSERT_TRUE(native);
    auto* surface = static_cast<IOSurfaceRef>(native->io_surface);
    ASSERT_NE(surface, nullptr);
    EXPECT_EQ(surface::four_characters(IOSurfaceGetPixelFormat(surface)), row.name);
    EXPECT_EQ(IOSurfaceGetPlaneCount(surface), row.planes);
    EXPECT_EQ(native->texture_count, std::max<std::size_t>(row.planes, 1));
    id<MTLTexture> last = static_cast<id>(native->textures[native->texture_count - 1]);
    EXPECT_EQ(last.iosurface, surface);
    EXPECT_EQ(last.iosurfacePlane, native->texture_count - 1);
    // A surface of Geyser's counts as in use as long as the texture lives.
    EXPECT_TRUE(IOSurfaceIsInUse(surface));
  }
}

// Every way to lie about a surface is found before Metal hears of it, and nothing is left behind.
TEST_F(Metal, LyingParcelsAreRefusedByField) {
  auto texture = first().create_texture(describe(TextureFormat::nv12), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  const auto refusal = [&](const std::function<void(ApiTextureHandle&)>& spoil) {
    ApiTextureHandle parcel = parcel_of(first(), **texture);
    spoil(parcel);
    auto opened = second().import_shared_texture(std::move(parcel));
    EXPECT_FALSE(opened);
    return opened ? GeyserError(ErrorCode::busy, "it was opened") : std::move(opened.error());
  };
  const auto has = [](const GeyserError& error, ErrorCode code, const char* words) {
    EXPECT_EQ(error.code(), code) << error.to_string();
    EXPECT_NE(error.message().find(words), std::string::npos) << error.to_string();
  };
  // Another size.
  has(refusal([](ApiTextureHandle& p) { p.descriptor.extent.width -= 2; }), ErrorCode::incompatible_layout,
      "Field [descriptor.extent of plane 0] is [36x22], but the surface has [38x22].");
  // Another format: of other planes, and of the same.
  has(refusal([](ApiTextureHandle& p) { p.descriptor.format = TextureFormat::r8_unorm; }),
      ErrorCode::incompatible_layout, "Field [descriptor.format] is [r8_unorm], but the surface has [420f].");
  has(refusal([](ApiTextureHandle& p) {
        p.descriptor.format = TextureFormat::p010;
        p.layout.planes[0].stride *= 2;
        p.layout.planes[1].stride *= 2;
        p.layout.planes[1].offset *= 2;
        p.layout.allocation_size *= 2;
      }),
      ErrorCode::incompatible_layout, "Field [descriptor.format] is [p010], but the surface has [420f].");
  // A layout that is not the surface's.
  has(refusal([](ApiTextureHandle& p) { p.layout.allocation_size += 4096; }), ErrorCode::incompatible_layout,
      "The parcel says");
  // The range of colours may be told otherwise: memory is the same.
  ApiTextureHandle limited = parcel_of(first(), **texture);
  limited.descriptor.picture.range = ColorRange::limited;
  EXPECT_TRUE(second().import_shared_texture(std::move(limited)));
  // A port that is no surface's.
  has(refusal([](ApiTextureHandle& p) {
        auto memory = platform::create_shared_memory(65536);
        ASSERT_TRUE(memory);
        p.handles[0] = OwnedHandle::adopt(HandleKind::io_surface, memory->detach());
      }),
      ErrorCode::invalid_handle, "or the right of something else than an IOSurface");
  // A dead one: the number of a right that is gone.
  has(refusal([](ApiTextureHandle& p) {
        const NativeHandle gone = p.handles[0].get();
        const OwnedHandle closed = std::move(p.handles[0]);
        p.handles[0] = OwnedHandle::adopt(HandleKind::io_surface, gone + 1000);
      }),
      ErrorCode::invalid_handle, "is dead");
}

TEST_F(Metal, FormatsWithoutSurfacesAreRefusedWithThoseThatHave) {
  auto texture = first().create_texture(describe(TextureFormat::rgba8_snorm), HandleKind::io_surface);
  ASSERT_FALSE(texture);
  EXPECT_EQ(texture.error().code(), ErrorCode::unsupported);
  const auto surface = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(surface);
  auto adopted =
      metal::adopt_io_surface(first(), metal::native(**surface)->io_surface, describe(TextureFormat::rgba8_snorm));
  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().code(), ErrorCode::unsupported);
  const auto& list = adopted.error().alternatives();
  EXPECT_EQ(list.size(), metal::io_surface_formats().size());
  EXPECT_NE(std::find(list.begin(), list.end(), "format [bgra8_unorm]"), list.end());
}

TEST_F(Metal, ForeignSurfacesAreAdopted) {
  IOSurfaceRef surface = nullptr;
  @autoreleasepool {
    NSMutableDictionary* properties = [NSMutableDictionary dictionary];
    const auto set = [&](CFStringRef key, unsigned value) {
      [properties setObject:[NSNumber numberWithUnsignedInt:value] forKey:(NSString*)key];
    };
    set(kIOSurfaceWidth, 38);
    set(kIOSurfaceHeight, 22);
    set(kIOSurfaceBytesPerElement, 4);
    set(kIOSurfaceBytesPerRow, 512);
    set(kIOSurfacePixelFormat, ('B' << 24) | ('G' << 16) | ('R' << 8) | 'A');
    surface = IOSurfaceCreate((CFDictionaryRef)properties);
  }
  ASSERT_NE(surface, nullptr);
  const TextureDescriptor d = describe(TextureFormat::bgra8_unorm);
  auto larger = metal::adopt_io_surface(first(), surface, describe(TextureFormat::bgra8_unorm, 40, 22));
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code(), ErrorCode::incompatible_layout);
  EXPECT_FALSE(IOSurfaceIsInUse(surface));
  auto texture = metal::adopt_io_surface(first(), surface, d);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->layout().planes[0].stride, 512U);
  auto again = metal::adopt_io_surface(second(), surface, d);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::busy);
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  auto opened = second().import_shared_texture(parcel_of(first(), **texture));
  ASSERT_TRUE(opened) << opened.error().to_string();
  AccessState state;
  hand_off(**end, **texture, **opened, state, 7);
  texture->reset();
  opened->reset();
  EXPECT_FALSE(IOSurfaceIsInUse(surface));
  CFRelease(surface);
  EXPECT_EQ(metal::adopt_io_surface(first(), nullptr, d).error().code(), ErrorCode::invalid_argument);
}

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

// An IOSurface serves every device: also one with memory of its own.
TEST_F(Metal, SurfacesCrossDevices) {
  auto other = make_manager(apple_double::external);
  auto texture = first().create_texture(describe(TextureFormat::rgba16_float), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto opened = other->import_shared_texture(parcel_of(first(), **texture));
  EXPECT_TRUE(opened) << opened.error().to_string();
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
  // An event that a device refuses to open.
  auto external = make_manager(apple_double::external);
  auto handle = (*fence)->export_handle();
  ASSERT_TRUE(handle);
  apple_double::unplug(true);
  imported = external->import_fence(*std::move(handle));
  apple_double::unplug(false);
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code(), ErrorCode::invalid_handle);
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

TEST_F(Metal, RowsThatTheDeviceCannotUseInPlaceAreRefused) {
  auto host = make_host_end();
  ASSERT_TRUE(host);
  Agreement agreement;
  agreement.handle_kind = HandleKind::host_memory;
  agreement.tiling = Tiling::linear;
  agreement.row_alignment = 4;
  auto texture = (*host)->manager().create_texture(describe(TextureFormat::rgba8_unorm), agreement);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto opened = first().import_shared_texture(parcel_of((*host)->manager(), **texture));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::incompatible_layout) << opened.error().to_string();
}

}  // namespace
}  // namespace geyser::test
