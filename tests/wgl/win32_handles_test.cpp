// Memory by Win32 handles: what is offered, what the driver is told, whose the handles are, and whether the pixels are
// there.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/descriptors.hpp"
#include "support/system.hpp"
#include "wgl/win32_opengl.hpp"

namespace geyser::test {
namespace {

TEST_F(Win32OpenGl, TheAdaptersLuidAndNodesAreRead) {
  driver().identity.luid = {1, 2, 3, 4, 5, 6, 7, 8};
  driver().identity.node_mask = 2;
  open();
  const DeviceIdentity& identity = a_->manager().capabilities().identity;
  EXPECT_TRUE(identity.has_luid);
  EXPECT_EQ(identity.luid, (std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(identity.node_mask, 2U);
  driver().identity.has_luid = false;
  open();
  EXPECT_FALSE(a_->manager().capabilities().identity.has_luid) << "an answer that is a GL error counts as none";
}

TEST_F(Win32OpenGl, OffersWhatTheDriverSaysItHas) {
  using Set = std::set<std::string>;
  const Set all{"opaque_win32", "opaque_win32_kmt",      "d3d_nt*",
                "d3d_kmt*",     "host_memory",           "host_timeline",
                "d3d12_fence",  "opaque_win32_timeline", "opaque_win32_binary"};
  EXPECT_EQ(kinds(), all);
  const auto expect_without = [&](const char* what, const Set& gone) {
    SCOPED_TRACE(what);
    driver().without = {what};
    Set rest;
    std::set_difference(all.begin(), all.end(), gone.begin(), gone.end(), std::inserter(rest, rest.end()));
    EXPECT_EQ(kinds(), rest);
    driver().without.clear();
  };
  const Set memory{"opaque_win32", "opaque_win32_kmt", "d3d_nt*", "d3d_kmt*"};
  const Set fences{"d3d12_fence", "opaque_win32_timeline", "opaque_win32_binary"};
  expect_without("GL_EXT_memory_object_win32", memory);
  expect_without("glImportMemoryWin32HandleEXT", memory);
  expect_without("glTexStorageMem2DEXT", memory);
  expect_without("GL_EXT_semaphore_win32", fences);
  expect_without("glImportSemaphoreWin32HandleEXT", fences);
  expect_without("glSemaphoreParameterui64vEXT", fences);
  expect_without("GL_NV_timeline_semaphore", {"opaque_win32_timeline"});
  expect_without("glCreateSemaphoresNV", {"opaque_win32_timeline"});
  driver().identity.has_luid = false;
  EXPECT_EQ(kinds(), (Set{"opaque_win32", "opaque_win32_kmt", "host_memory", "host_timeline", "opaque_win32_timeline",
                          "opaque_win32_binary"}));
  driver().identity.has_luid = true;
  driver().identity.has_uuids = false;
  EXPECT_EQ(kinds(), (Set{"d3d_nt*", "d3d_kmt*", "host_memory", "host_timeline", "d3d12_fence"}));
}

TEST_F(Win32OpenGl, TellsTheDriverOfEachKind) {
  const Section section(texture_size, name_of_number);
  const auto told = [&](HandleKind kind, Api api, bool dedicated) {
    auto parcel = parcel_of(section, kind, api);
    parcel.layout.dedicated = dedicated;
    take_calls();
    const auto texture = a_->import(std::move(parcel));
    return take_calls().front();
  };
  EXPECT_EQ(told(HandleKind::opaque_win32, Api::vulkan, false), "memory 38279 size 65536");  // 0x9587
  EXPECT_EQ(told(HandleKind::opaque_win32, Api::vulkan, true), "memory 38279 size 65536 dedicated");
  EXPECT_EQ(told(HandleKind::opaque_win32_kmt, Api::vulkan, false), "memory 38280 size 65536");
  EXPECT_EQ(told(HandleKind::d3d_nt, Api::d3d12, false), "memory 38281 size 65536");  // a heap
  EXPECT_EQ(told(HandleKind::d3d_nt, Api::d3d12, true), "memory 38282 size 0 dedicated");
  EXPECT_EQ(told(HandleKind::d3d_nt, Api::d3d11, false), "memory 38283 size 0 dedicated");
  EXPECT_EQ(told(HandleKind::d3d_kmt, Api::d3d11, true), "memory 38284 size 0 dedicated");
  const Section counter(4096);
  take_calls();
  const auto fence = a_->import(fence_of(counter));
  EXPECT_EQ(take_calls(), Calls{"semaphore 38292"});  // 0x9594
  const auto timeline = a_->import(fence_of(counter, FenceKind::opaque_win32_timeline));
  EXPECT_EQ(take_calls(), Calls{"semaphore 38279 timeline"});
  const auto binary = a_->import(fence_of(counter, FenceKind::opaque_win32_binary));
  EXPECT_EQ(take_calls(), Calls{"semaphore 38279"});
}

TEST_F(Win32OpenGl, SharesEachKindOfMemory) {
  const auto shares = [&](HandleKind kind, Api api, FenceKind fence, bool dedicated = true) {
    SCOPED_TRACE(std::string(to_string(kind)) + " of " + std::string(to_string(api)));
    const bool numbered = handle_kind_info(kind).is_global_number;
    const Section section(texture_size, numbered ? name_of_number : nullptr);
    auto parcel = parcel_of(section, kind, api);
    parcel.layout.dedicated = dedicated;
    expect_shared(std::move(parcel), fence);
  };
  shares(HandleKind::opaque_win32, Api::vulkan, FenceKind::opaque_win32_timeline);
  shares(HandleKind::opaque_win32_kmt, Api::vulkan, FenceKind::opaque_win32_timeline);
  shares(HandleKind::opaque_win32, Api::vulkan, FenceKind::opaque_win32_binary);
  shares(HandleKind::d3d_nt, Api::d3d11, FenceKind::d3d12_fence);
  shares(HandleKind::d3d_kmt, Api::d3d11, FenceKind::d3d12_fence);
  shares(HandleKind::d3d_nt, Api::d3d12, FenceKind::d3d12_fence);
  shares(HandleKind::d3d_nt, Api::d3d12, FenceKind::d3d12_fence, false);
}

TEST_F(Win32OpenGl, SharesFormatsAndShapes) {
  const auto shares = [&](TextureDescriptor descriptor) {
    SCOPED_TRACE(to_string(descriptor));
    const Section section(texture_size);
    auto parcel = parcel_of(section, HandleKind::d3d_nt, Api::d3d12);
    parcel.descriptor = std::move(descriptor);
    expect_shared(std::move(parcel));
  };
  TextureDescriptor descriptor = picture();
  descriptor.mip_levels = 4;
  shares(descriptor);
  for (const TextureFormat format :
       {TextureFormat::bgra8_unorm, TextureFormat::r8_unorm, TextureFormat::rgba16_float, TextureFormat::rg32_uint}) {
    descriptor = picture();
    descriptor.format = format;
    shares(descriptor);
  }
  descriptor = picture();
  descriptor.dimension = TextureDimension::two_d_array;
  descriptor.extent = {19, 27, 1};
  descriptor.array_layers = 3;
  descriptor.mip_levels = 2;
  shares(descriptor);
  descriptor.dimension = TextureDimension::three_d;
  descriptor.array_layers = 1;
  descriptor.extent = {17, 9, 7};
  shares(descriptor);
}

TEST_F(Win32OpenGl, LeavesNoHandleWhateverComes) {
  const Section section(texture_size);
  const Section counter(4096);
  const std::size_t before = open_descriptors();
  {
    auto parcel = parcel_of(section, HandleKind::opaque_win32);
    auto texture = a_->import(std::move(parcel));
    ASSERT_TRUE(texture);
    EXPECT_EQ(open_descriptors(), before + 1) << "the driver's own; the parcel's is closed";
    auto fence = a_->import(fence_of(counter));
    ASSERT_TRUE(fence);
    EXPECT_EQ(open_descriptors(), before + 2);
    auto binary = a_->import(fence_of(counter, FenceKind::opaque_win32_binary, 78));
    ASSERT_TRUE(binary);
    EXPECT_EQ(open_descriptors(), before + 3);
  }
  EXPECT_EQ(open_descriptors(), before);
  const auto expect_refused = [&](ApiTextureHandle&& parcel, ErrorCode code, const char* why) {
    SCOPED_TRACE(why);
    const GeyserError error = a_->refusal(std::move(parcel));
    EXPECT_EQ(error.code(), code) << error.to_string();
    EXPECT_EQ(open_descriptors(), before);
  };
  for (const HandleKind kind : {HandleKind::opaque_win32, HandleKind::d3d_nt}) {
    const Api api = kind == HandleKind::d3d_nt ? Api::d3d11 : Api::vulkan;
    auto closed = parcel_of(section, kind, api);
    closed.handles[0] = OwnedHandle::adopt(kind, 0x7ffffff0);
    expect_refused(std::move(closed), ErrorCode::invalid_handle, "a handle that is closed");
    auto event = parcel_of(section, kind, api);
    event.handles[0] = open_device(kind);
    expect_refused(std::move(event), ErrorCode::invalid_handle, "an event");
  }
  expect_refused(parcel_of(section, HandleKind::opaque_win32_kmt), ErrorCode::invalid_handle, "a number that died");
  expect_refused(parcel_of(section, HandleKind::d3d_kmt, Api::d3d11), ErrorCode::invalid_handle, "another that died");
  auto large = parcel_of(section, HandleKind::opaque_win32);
  large.layout.allocation_size = 16 * texture_size;
  expect_refused(std::move(large), ErrorCode::incompatible_layout, "less memory than the parcel says");
  auto small = parcel_of(section, HandleKind::opaque_win32);
  small.layout.allocation_size = 4096;
  expect_refused(std::move(small), ErrorCode::incompatible_layout, "less memory than the picture needs");
  auto lies = parcel_of(section, HandleKind::d3d_nt, Api::d3d12);
  lies.descriptor.extent = {640, 480, 1};
  lies.layout.allocation_size = 640 * 480 * 4;
  expect_refused(std::move(lies), ErrorCode::incompatible_layout, "another picture than it is");
  driver().unknown_types = {GL_HANDLE_TYPE_D3D12_RESOURCE_EXT, GL_HANDLE_TYPE_D3D12_FENCE_EXT};
  expect_refused(parcel_of(section, HandleKind::d3d_nt, Api::d3d12), ErrorCode::unsupported, "a type it does not know");
  EXPECT_EQ(a_->manager().import_fence(fence_of(counter)).error().code(), ErrorCode::unsupported);
  driver().unknown_types.clear();
  FenceHandle event = fence_of(counter);
  event.handle = open_device(HandleKind::d3d_nt);
  EXPECT_EQ(a_->manager().import_fence(std::move(event)).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Win32OpenGl, ForeignKindsAndOtherAdaptersNeverReachTheDriver) {
  const Section section(texture_size);
  take_calls();
  const auto code_of = [&](HandleKind kind, Api api, auto change) {
    auto parcel = parcel_of(section, kind, api);
    change(parcel);
    return a_->refusal(std::move(parcel)).code();
  };
  const auto other_luid = [](ApiTextureHandle& parcel) { parcel.identity.luid[0] = 2; };
  const auto no_luid = [](ApiTextureHandle& parcel) { parcel.identity.has_luid = false; };
  const auto other_node = [](ApiTextureHandle& parcel) { parcel.identity.node_mask = 2; };
  const auto other_driver = [](ApiTextureHandle& parcel) { parcel.identity.driver_uuid[0] = 99; };
  EXPECT_EQ(code_of(HandleKind::d3d_nt, Api::d3d12, other_luid), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::d3d_nt, Api::d3d12, no_luid), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::d3d_kmt, Api::d3d11, other_luid), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::opaque_win32, Api::vulkan, other_luid), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::opaque_win32, Api::vulkan, other_node), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::opaque_win32, Api::vulkan, other_driver), ErrorCode::incompatible_device);
  for (const HandleKind kind : {HandleKind::opaque_fd, HandleKind::dma_buf}) {
    EXPECT_EQ(code_of(kind, Api::vulkan, [](ApiTextureHandle&) {}), ErrorCode::unsupported) << to_string(kind);
  }
  driver().without = {"GL_EXT_memory_object_win32"};
  open();
  const auto nothing = [](ApiTextureHandle&) {};
  EXPECT_EQ(code_of(HandleKind::opaque_win32, Api::vulkan, nothing), ErrorCode::unsupported);
  EXPECT_EQ(code_of(HandleKind::d3d_nt, Api::d3d11, nothing), ErrorCode::unsupported);
  EXPECT_EQ(take_calls(), Calls{});
}

// What another API has on an adapter, as far as these tests want it.
Capabilities exporter(const Capabilities& opengl, Api api, HandleKind kind, std::vector<FenceKind> fences) {
  Capabilities capabilities;
  capabilities.api = api;
  capabilities.identity = opengl.identity;
  TextureCapability row = rows_of(opengl, TextureFormat::rgba8_unorm).front();
  row.handle_kind = kind;
  row.tiling = Tiling::opaque;
  row.exportable = true;
  row.requires_dedicated = false;
  capabilities.textures = {row};
  for (const FenceKind fence : fences) capabilities.fences.push_back({fence, true, true, true});
  capabilities.fences.push_back({FenceKind::host_timeline, true, true, false});
  return capabilities;
}

TEST_F(Win32OpenGl, AgreesWithVulkanAndDirect3DOnOneAdapter) {
  const Capabilities opengl = a_->manager().capabilities();
  const auto agree = [&](const Capabilities& from) {
    auto agreement = negotiate(picture(), from, opengl);
    EXPECT_TRUE(agreement) << (agreement ? "" : agreement.error().to_string());
    return agreement ? *agreement : Agreement{};
  };
  const Agreement vulkan =
      agree(exporter(opengl, Api::vulkan, HandleKind::opaque_win32, {FenceKind::opaque_win32_timeline}));
  EXPECT_EQ(vulkan.handle_kind, HandleKind::opaque_win32);
  EXPECT_EQ(vulkan.fence_kind, FenceKind::opaque_win32_timeline);
  EXPECT_EQ(vulkan.sync_tier, SyncTier::shared_timeline);
  EXPECT_FALSE(vulkan.dedicated);
  Capabilities direct3d = exporter(opengl, Api::d3d12, HandleKind::d3d_nt, {FenceKind::d3d12_fence});
  const Agreement resource = agree(direct3d);
  EXPECT_EQ(resource.handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(resource.fence_kind, FenceKind::d3d12_fence);
  EXPECT_EQ(resource.path, SharePath::zero_copy);
  EXPECT_TRUE(resource.dedicated) << "a resource and no heap";
  const Agreement legacy = agree(exporter(opengl, Api::d3d11, HandleKind::d3d_kmt, {}));
  EXPECT_EQ(legacy.handle_kind, HandleKind::d3d_kmt);
  EXPECT_EQ(legacy.fence_kind, FenceKind::host_timeline);
  // Drivers that are not NVIDIA's.
  driver().without = {"GL_NV_timeline_semaphore"};
  open();
  const Agreement binary = *negotiate(picture(),
                                      exporter(opengl, Api::vulkan, HandleKind::opaque_win32,
                                               {FenceKind::opaque_win32_timeline, FenceKind::opaque_win32_binary}),
                                      a_->manager().capabilities());
  EXPECT_EQ(binary.handle_kind, HandleKind::opaque_win32);
  EXPECT_EQ(binary.fence_kind, FenceKind::opaque_win32_binary);
  EXPECT_EQ(binary.sync_tier, SyncTier::binary_semaphore);
  driver().without.clear();
  direct3d.identity.luid[0] = 2;
  EXPECT_FALSE(negotiate(picture(), direct3d, opengl));
}

}  // namespace
}  // namespace geyser::test
