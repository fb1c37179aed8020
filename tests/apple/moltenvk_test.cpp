// Vulkan over a double of MoltenVK: surfaces between it and Metal's double, one memory on both sides.
#include <IOSurface/IOSurface.h>

#include <algorithm>
#include <thread>

#include <geyser/syphon.hpp>

#include "moltenvk_fixture.hpp"

namespace geyser::test {
namespace {

TEST_F(MoltenVk, SharesSurfacesWithOpenGl) {
  auto opengl = make_cgl_end();
  ASSERT_TRUE(opengl) << opengl.error().to_string();
  for (const TextureFormat format : {TextureFormat::bgra8_unorm, TextureFormat::r8_unorm, TextureFormat::rg16_unorm}) {
    reads_what_vulkan_has_written(**opengl, format);
    vulkan_reads_what_is_written(**opengl, format);
  }
}

TEST_F(MoltenVkOnMesa25, SharesPlanarSurfacesWithOpenGl) {
  auto opengl = make_cgl_end();
  ASSERT_TRUE(opengl) << opengl.error().to_string();
  for (const TextureFormat format : {TextureFormat::nv12, TextureFormat::i420}) {
    reads_what_vulkan_has_written(**opengl, format);
    vulkan_reads_what_is_written(**opengl, format);
  }
}

TEST_F(MoltenVk, AgreesWithMetalOnSurfaces) {
  for (const bool makes : {true, false}) {
    const Capabilities& from = makes ? vulkan_->capabilities() : metal_->manager().capabilities();
    const Capabilities& to = makes ? metal_->manager().capabilities() : vulkan_->capabilities();
    const auto agreement = negotiate(describe(TextureFormat::bgra8_unorm), from, to);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->handle_kind, HandleKind::io_surface) << to_string(*agreement);
    EXPECT_EQ(agreement->path, SharePath::zero_copy);
    EXPECT_EQ(agreement->fence_kind, FenceKind::host_timeline);
  }
  // No handles of memory, whatever the driver behind has.
  for (const TextureCapability& row : vulkan_->capabilities().textures) {
    EXPECT_TRUE(row.handle_kind == HandleKind::io_surface || row.handle_kind == HandleKind::host_memory ||
                row.handle_kind == HandleKind::metal_shared_texture);
  }
}

TEST_F(MoltenVk, MetalReadsWhatVulkanHasWritten) {
  for (const TextureFormat format :
       {TextureFormat::bgra8_unorm, TextureFormat::rgba16_float, TextureFormat::r8_unorm}) {
    reads_what_vulkan_has_written(*metal_, format);
  }
}

// The surfaces of a decoder: a plane each for Metal, one image for Vulkan.
TEST_F(MoltenVkOnMesa25, MetalReadsPlanesThatVulkanHasWritten) {
  for (const TextureFormat format : {TextureFormat::nv12, TextureFormat::i420, TextureFormat::p010}) {
    reads_what_vulkan_has_written(*metal_, format);
  }
}

TEST_F(MoltenVkOnMesa25, VulkanReadsPlanesThatMetalHasWritten) {
  for (const TextureFormat format : {TextureFormat::nv12, TextureFormat::i420, TextureFormat::p010}) {
    vulkan_reads_what_is_written(*metal_, format);
  }
}

TEST_F(MoltenVk, VulkanReadsWhatMetalHasWritten) { vulkan_reads_what_is_written(*metal_, TextureFormat::bgra8_unorm); }

// Who makes the fence is who signals it: an event of each, both waited for on the other's device.
TEST_F(MoltenVk, DevicesWaitForEachOthersEvents) {
  NegotiationPolicy policy;
  policy.allow_objects = true;
  TextureDescriptor layered = describe(TextureFormat::bgra8_unorm);
  layered.dimension = TextureDimension::two_d_array;
  layered.array_layers = 3;
  layered.mip_levels = 2;
  for (const auto& [vulkan_makes, d] :
       {std::pair(true, describe(TextureFormat::bgra8_unorm)), std::pair(false, describe(TextureFormat::bgra8_unorm)),
        std::pair(true, layered), std::pair(false, layered)}) {
    TextureShareManager& maker = vulkan_makes ? *vulkan_ : metal_->manager();
    TextureShareManager& opener = vulkan_makes ? metal_->manager() : *vulkan_;
    const auto agreement = negotiate(d, maker.capabilities(), opener.capabilities(), policy);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->handle_kind, d.array_layers == 1 ? HandleKind::io_surface : HandleKind::metal_shared_texture);
    EXPECT_EQ(agreement->fence_kind, FenceKind::metal_shared_event) << to_string(*agreement);
    EXPECT_EQ(agreement->sync_tier, SyncTier::shared_timeline);
    auto texture = maker.create_texture(d, *agreement);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto opened = open(maker, **texture, opener);
    ASSERT_NE(opened, nullptr);
    auto mine = maker.create_fence(FenceKind::metal_shared_event);
    auto theirs = opener.create_fence(FenceKind::metal_shared_event);
    ASSERT_TRUE(mine) << mine.error().to_string();
    ASSERT_TRUE(theirs) << theirs.error().to_string();
    const auto give = [](SharedFence& fence, TextureShareManager& to) {
      auto handle = fence.export_handle();
      EXPECT_TRUE(handle) << handle.error().to_string();
      auto given = to.import_fence(*std::move(handle));
      EXPECT_TRUE(given) << given.error().to_string();
      return *given;
    };
    const auto mine_there = give(**mine, opener);
    const auto theirs_here = give(**theirs, maker);
    ASSERT_TRUE((*texture)->set_signal_fence(*mine));
    ASSERT_TRUE(opened->set_signal_fence(*theirs));
    SharedTexture& vulkans = vulkan_makes ? **texture : *opened;
    SharedTexture& metals = vulkan_makes ? *opened : **texture;
    AccessState state;
    const auto bytes = make_pattern(vulkans.descriptor(), 5);
    fill_by_vulkan(vulkans, state, bytes);
    ASSERT_EQ(state.writer.size(), 1U);  // not waited for on the way
    auto access = metals.begin_access(AccessMode::read_write, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto read = metal_->read(metals);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(difference(d, bytes, *read), "");
    const auto answer = make_pattern(vulkans.descriptor(), 6);
    ASSERT_TRUE(metal_->fill(metals, answer));
    state = *metals.end_access(*std::move(access));
    EXPECT_EQ(difference(d, answer, read_by_vulkan(vulkans, state)), "");
    EXPECT_EQ(metals.statistics().host_waits + vulkans.statistics().host_waits, 0U);
    EXPECT_EQ(metals.statistics().gpu_waits, 1U);
    EXPECT_GE(vulkans.statistics().gpu_waits, 1U);
  }
}

// To open an event sets it: to where it is.
TEST_F(MoltenVk, OpeningAnEventLeavesItsValue) {
  auto fence = metal_->manager().create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(fence);
  ASSERT_TRUE((*fence)->signal(7));
  auto opened = vulkan_->import_fence(*(*fence)->export_handle());
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_EQ(*(*fence)->completed_value(), 7U);
  EXPECT_TRUE((*opened)->wait(7, std::chrono::seconds(5)));
  // From the CPU, both ways.
  ASSERT_TRUE((*opened)->signal(8));
  EXPECT_TRUE((*fence)->wait(8, std::chrono::seconds(5)));
  ASSERT_TRUE((*fence)->signal(9));
  EXPECT_TRUE((*opened)->wait(9, std::chrono::seconds(5)));
  EXPECT_EQ((*opened)->wait(10, std::chrono::milliseconds(5)).error().code(), ErrorCode::timeout);
}

TEST_F(MoltenVk, NamesTheDeviceOfMetals) {
  EXPECT_EQ(vulkan_->capabilities().identity.metal_registry_id, apple_double::built_in);
}

// Nothing says that a caller's instance lets its MTLDevice be asked for: MoltenVK's double ends the program that asks.
TEST_F(MoltenVk, WrappedDevicesHaveEventsAndTexturesWhenTheirInstanceDoes) {
  const auto native = vulkan::native(*vulkan_);
  ASSERT_TRUE(native);
  vulkan::WrapOptions options;
  options.get_instance_proc_addr = native->get_instance_proc_addr;
  options.instance = native->instance;
  options.physical_device = native->physical_device;
  options.device = native->device;
  options.queue = native->queue;
  options.queue_family = native->queue_family;
  options.enabled_extensions = {"VK_EXT_metal_objects"};
  options.timeline_semaphore_enabled = true;
  for (const bool exported : {false, true}) {
    options.metal_device_exported = exported;
    auto wrapped = vulkan::wrap_device(options);
    ASSERT_TRUE(wrapped) << wrapped.error().to_string();
    const auto& fences = (*wrapped)->capabilities().fences;
    EXPECT_EQ(std::any_of(fences.begin(), fences.end(),
                          [](const auto& one) { return one.kind == FenceKind::metal_shared_event; }),
              exported);
    const auto& textures = (*wrapped)->capabilities().textures;
    EXPECT_EQ(std::any_of(textures.begin(), textures.end(),
                          [](const auto& one) { return one.handle_kind == HandleKind::metal_shared_texture; }),
              exported);
  }
}

TEST_F(MoltenVk, RefusesEventsThatAreNone) {
  auto fence = metal_->manager().create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(fence);
  auto handle = (*fence)->export_handle();
  ASSERT_TRUE(handle);
  handle->handle.reset();
  auto opened = vulkan_->import_fence(*std::move(handle));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::invalid_handle) << opened.error().to_string();
  // A texture's handle in the place of an event's.
  TextureDescriptor d = describe(TextureFormat::rgba8_unorm);
  auto texture = metal_->manager().create_texture(d, HandleKind::metal_shared_texture);
  ASSERT_TRUE(texture);
  auto parcel = metal_->manager().export_texture(**texture);
  ASSERT_TRUE(parcel);
  auto adopted = metal::adopt_object(HandleKind::metal_shared_event, *metal::object_of(parcel->handles[0]));
  ASSERT_TRUE(adopted);
  opened = vulkan_->import_fence({FenceKind::metal_shared_event, 4711, 0, *std::move(adopted)});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::invalid_handle) << opened.error().to_string();
}

// A camera's surface does not say what one element of all its planes is. MoltenVK would refuse it without a word.
TEST_F(MoltenVkOnMesa25, RefusesPlanarSurfacesThatMoltenVkDoes) {
  const TextureDescriptor d = describe(TextureFormat::nv12);
  IOSurfaceRef surface = apple_double::new_planar_surface(38, 22);
  ASSERT_NE(surface, nullptr);
  auto texture = metal::adopt_io_surface(metal_->manager(), surface, d);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto parcel = metal_->manager().export_texture(**texture);
  ASSERT_TRUE(parcel);
  auto opened = vulkan_->import_shared_texture(*std::move(parcel));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::unsupported);
  EXPECT_NE(
      opened.error().message().find("elements are [0] bytes for [1x1] texels, but MoltenVK opens [nv12] with [6]"),
      std::string::npos)
      << opened.error().to_string();
  CFRelease(surface);
}

// Syphon asks a manager for surfaces, and not which one it is.
TEST_F(MoltenVk, SyphonGoesFromVulkanToMetal) {
  TextureDescriptor d = describe(TextureFormat::bgra8_unorm);
  d.picture.origin = PictureOrigin::bottom_left;
  auto sender = syphon::Sender::create(*vulkan_, "vulkan", d);
  ASSERT_TRUE(sender) << sender.error().to_string();
  auto source = vulkan_->create_texture(d, HandleKind::io_surface);
  ASSERT_TRUE(source);
  AccessState state;
  const auto bytes = make_pattern(d, 9);
  fill_by_vulkan(**source, state, bytes);
  auto reading = (*source)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(reading);
  auto sent = (*sender)->send(**source);
  ASSERT_TRUE(sent) << sent.error().to_string();
  state = *(*source)->end_access(*std::move(reading));
  auto receiver = syphon::Receiver::open(metal_->manager(), "vulkan");
  ASSERT_TRUE(receiver) << receiver.error().to_string();
  EXPECT_EQ((*receiver)->descriptor(), d);
  auto copy = metal_->manager().create_texture(d, HandleKind::io_surface);
  ASSERT_TRUE(copy);
  AccessState copied;
  Result<bool> news = false;
  for (int i = 0; i < 1000 && news && !*news; ++i) {
    auto write = (*copy)->begin_access(AccessMode::discard, copied);
    ASSERT_TRUE(write);
    news = (*receiver)->copy_frame(**copy);
    copied = *(*copy)->end_access(*std::move(write));
    if (news && !*news) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(news) << news.error().to_string();
  ASSERT_TRUE(*news);
  auto access = (*copy)->begin_access(AccessMode::read, copied);
  ASSERT_TRUE(access);
  auto read = metal_->read(**copy);
  ASSERT_TRUE(read);
  EXPECT_EQ(difference(d, bytes, *read), "");
  ASSERT_TRUE((*copy)->end_access(*std::move(access)));
}

TEST_F(MoltenVk, RefusesSurfacesThatAreNotWhatTheParcelSays) {
  auto texture = metal_->manager().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  const auto refusal = [&](auto spoil) {
    auto parcel = metal_->manager().export_texture(**texture);
    EXPECT_TRUE(parcel);
    spoil(*parcel);
    auto opened = vulkan_->import_shared_texture(*std::move(parcel));
    EXPECT_FALSE(opened);
    return opened ? ErrorCode::busy : opened.error().code();
  };
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.descriptor.extent.width = 32; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.descriptor.format = TextureFormat::rgba8_unorm; }),
            ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.layout.allocation_size += 4096; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) {
              const NativeHandle gone = p.handles[0].get();
              p.handles[0].reset();
              p.handles[0] = OwnedHandle::adopt(HandleKind::io_surface, gone + 1000);
            }),
            ErrorCode::invalid_handle);
}

}  // namespace
}  // namespace geyser::test
