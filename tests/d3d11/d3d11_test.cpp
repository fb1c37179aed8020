// Direct3D 11 on this system's own driver: what is there works, what is not says why. Under Wine the device, textures
// and readback are real and sharing is refused; on Windows the same tests share.
#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

#include <geyser/d3d11.hpp>

#include "dxgi/adapter.hpp"
#include "dxgi/error.hpp"
#include "dxgi/format.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

bool has(const Capabilities& capabilities, HandleKind kind) {
  for (const TextureCapability& row : capabilities.textures) {
    if (row.handle_kind == kind) return true;
  }
  return false;
}

TextureDescriptor picture(TextureFormat format = TextureFormat::bgra8_unorm) {
  TextureDescriptor descriptor;
  descriptor.extent = {64, 32, 1};
  descriptor.format = format;
  return descriptor;
}

TEST(Direct3d11, EveryWayOfSharingWorksOrSaysWhyNot) {
  std::vector<GeyserError> said;
  d3d11::Options options;
  options.diagnostics = [&](const GeyserError& error) { said.push_back(error); };
  auto manager = d3d11::create_manager(options);
  ASSERT_TRUE(manager) << manager.error().to_string();
  const Capabilities& capabilities = (*manager)->capabilities();
  EXPECT_TRUE(capabilities.identity.has_luid);
  EXPECT_NE(capabilities.identity.device_name, "");
  EXPECT_TRUE(has(capabilities, HandleKind::host_memory));
  std::size_t missing = 0;
  for (const HandleKind kind : {HandleKind::d3d_nt, HandleKind::d3d_kmt}) {
    auto texture = (*manager)->create_texture(picture(), kind);
    EXPECT_EQ(texture.has_value(), has(capabilities, kind));
    if (texture) continue;
    ++missing;
    EXPECT_EQ(texture.error().code(), ErrorCode::unsupported) << texture.error().to_string();
  }
  bool fences = false;
  for (const FenceCapability& row : capabilities.fences) fences |= row.kind == FenceKind::d3d12_fence;
  if (!fences) {
    ++missing;
    auto fence = (*manager)->create_fence(FenceKind::d3d12_fence);
    ASSERT_FALSE(fence);
    EXPECT_EQ(fence.error().code(), ErrorCode::unsupported);
  }
  EXPECT_EQ(said.size(), missing);
  for (const GeyserError& error : said) {
    std::printf("NOT SHARED: %s\n", error.to_string().c_str());
    EXPECT_EQ(error.native().domain, NativeDomain::hresult);
    EXPECT_LT(static_cast<std::int32_t>(error.native().code), 0) << error.to_string();
    EXPECT_NE(error.to_string().find(error.native().name), std::string::npos);
  }
}

TEST(Direct3d11, FormatsAreThoseOfDxgiBothWays) {
  std::size_t count = 0;
  for (const FormatInfo& info : all_formats()) {
    const DXGI_FORMAT dxgi = dxgi::to_dxgi(info.format);
    if (dxgi == DXGI_FORMAT_UNKNOWN) continue;
    ++count;
    EXPECT_EQ(dxgi::from_dxgi(dxgi), info.format) << info.name;
  }
  EXPECT_EQ(count, 64U);
  EXPECT_EQ(dxgi::from_dxgi(DXGI_FORMAT_B8G8R8X8_UNORM), TextureFormat::unknown);
  EXPECT_EQ(dxgi::to_dxgi(TextureFormat::bgra8_unorm), DXGI_FORMAT_B8G8R8A8_UNORM);
  EXPECT_EQ(dxgi::to_dxgi(TextureFormat::rgb10a2_unorm), DXGI_FORMAT_R10G10B10A2_UNORM);
  EXPECT_EQ(dxgi::to_dxgi(TextureFormat::bgr10a2_unorm), DXGI_FORMAT_UNKNOWN);
}

TEST(Direct3d11, CodesThatCountAsSuccessAreErrors) {
  const auto timeout = dxgi::make_error(static_cast<HRESULT>(WAIT_TIMEOUT), "AcquireSync");
  EXPECT_EQ(timeout.code(), ErrorCode::timeout);
  EXPECT_EQ(timeout.native().name, "WAIT_TIMEOUT");
  EXPECT_EQ(dxgi::make_error(static_cast<HRESULT>(WAIT_ABANDONED), "AcquireSync").code(), ErrorCode::abandoned);
  EXPECT_EQ(dxgi::make_error(static_cast<HRESULT>(0x887a0005), "Map").code(), ErrorCode::device_lost);
  EXPECT_EQ(dxgi::make_error(E_INVALIDARG, "OpenSharedResource", ErrorCode::invalid_handle).code(),
            ErrorCode::invalid_handle);
  EXPECT_EQ(dxgi::make_error(static_cast<HRESULT>(0x8899000a), "x").native().name, "HRESULT 0x8899000a");
}

// Compressed formats have whole blocks here, which the shapes of the suite `d3d11_pairs` have not.
TEST(Direct3d11, CopiesCompressedBlocksThroughTheDevice) {
  auto device = make_end("d3d11");
  auto host = make_end("host");
  ASSERT_TRUE(device) << device.error().to_string();
  ASSERT_TRUE(host);
  std::size_t shared = 0;
  for (const FormatInfo& info : all_formats()) {
    if (!info.is_compressed() || rows_of((*device)->manager().capabilities(), info.format).empty()) continue;
    TextureDescriptor descriptor = picture(info.format);
    descriptor.mip_levels = 3;
    auto odd = descriptor;
    odd.extent = {37, 23, 1};
    odd.mip_levels = 1;
    EXPECT_FALSE((*device)->manager().create_texture(odd, HandleKind::host_memory)) << info.name;
    auto texture = (*device)->manager().create_texture(descriptor, HandleKind::host_memory);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto parcel = (*device)->manager().export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    auto imported = (*host)->manager().import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(imported) << imported.error().to_string();
    const auto expected = make_pattern(descriptor, 7);
    auto write = (*imported)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(write);
    ASSERT_TRUE((*host)->fill(**imported, expected));
    auto state = (*imported)->end_access(*std::move(write));
    ASSERT_TRUE(state);
    auto read = (*texture)->begin_access(AccessMode::read, *state);
    ASSERT_TRUE(read) << read.error().to_string();
    auto actual = (*device)->read(**texture);
    ASSERT_TRUE(actual) << actual.error().to_string();
    ASSERT_TRUE((*texture)->end_access(*std::move(read)));
    EXPECT_EQ(difference(descriptor, expected, *actual), "") << info.name;
    ++shared;
  }
  EXPECT_GE(shared, 7U);
}

TEST(Direct3d11, CopiesOneTextureToAnother) {
  auto device = make_end("d3d11");
  ASSERT_TRUE(device) << device.error().to_string();
  TextureShareManager& manager = (*device)->manager();
  auto from = manager.create_texture(picture(), HandleKind::host_memory);
  auto to = manager.create_texture(picture(), HandleKind::host_memory);
  ASSERT_TRUE(from && to);
  const auto expected = make_pattern(picture(), 3);
  auto write = (*from)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  ASSERT_TRUE((*device)->fill(**from, expected));
  auto state = (*from)->end_access(*std::move(write));
  ASSERT_TRUE(state);
  auto read = (*from)->begin_access(AccessMode::read, *state);
  auto target = (*to)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(read && target);
  auto copied = manager.copy_texture(**from, **to);
  ASSERT_TRUE(copied) << copied.error().to_string();
  auto actual = (*device)->read(**to);
  ASSERT_TRUE(actual);
  EXPECT_EQ(difference(picture(), expected, *actual), "");
  ASSERT_TRUE((*from)->end_access(*std::move(read)));
  ASSERT_TRUE((*to)->end_access(*std::move(target)));
}

TEST(Direct3d11, AnAdapterIsFoundByItsNumberAndNoOther) {
  auto manager = d3d11::create_manager();
  ASSERT_TRUE(manager) << manager.error().to_string();
  const auto luid = (*manager)->capabilities().identity.luid;
  d3d11::Options options;
  options.luid = luid;
  auto again = d3d11::create_manager(options);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ((*again)->capabilities().identity.luid, luid);
  options.luid->at(7) ^= 0x55U;
  auto none = d3d11::create_manager(options);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_available);
  EXPECT_NE(none.error().message().find((*manager)->capabilities().identity.device_name), std::string::npos)
      << none.error().to_string();
}

TEST(Direct3d11, WrapsTheCallersDeviceAndLeavesItAlone) {
  auto manager = d3d11::create_manager();
  ASSERT_TRUE(manager) << manager.error().to_string();
  auto device = d3d11::native(**manager);
  ASSERT_TRUE(device);
  auto* unknown = static_cast<IUnknown*>(device->device);
  unknown->AddRef();
  const ULONG before = unknown->Release();
  {
    auto wrapped = d3d11::wrap_device({device->device, {}});
    ASSERT_TRUE(wrapped) << wrapped.error().to_string();
    EXPECT_EQ((*wrapped)->capabilities().textures, (*manager)->capabilities().textures);
    EXPECT_EQ(d3d11::native(**wrapped)->context, device->context);
  }
  unknown->AddRef();
  EXPECT_EQ(unknown->Release(), before);
  EXPECT_EQ(d3d11::wrap_device({}).error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace geyser::test
