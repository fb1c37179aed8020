#include "webgpu/direct3d_scout.hpp"

#include <d3d12.h>
#include <dxgi1_4.h>

#include <array>
#include <utility>

#include "common/text.hpp"
#include "dxgi/adapter.hpp"
#include "dxgi/com.hpp"
#include "dxgi/error.hpp"
#include "platform/dynamic_library.hpp"

namespace geyser::webgpu {

using detail::text;
using dxgi::Com;

namespace {

template <typename Object>
Result<Com<Object>> open(ID3D12Device& device, const OwnedHandle& handle, const char* what) {
  Com<Object> object;
  const HRESULT result =
      device.OpenSharedHandle(reinterpret_cast<HANDLE>(handle.get()), __uuidof(Object), object.receive());
  if (result == S_OK) return object;
  return fail(dxgi::make_error(result, "ID3D12Device::OpenSharedHandle", ErrorCode::invalid_handle)
                  .during(text("opening ", what)));
}

Result<void> check(const D3D12_RESOURCE_DESC& found, const TextureDescriptor& descriptor, bool simultaneous) {
  const auto differs = [](const char* what, std::uint64_t is, std::uint64_t said) {
    return fail(ErrorCode::incompatible_layout,
                text("The resource's ", what, " is [", is, "], but Dawn needs [", said, "]."));
  };
  constexpr auto dimension = D3D12_RESOURCE_DIMENSION_TEXTURE2D;
  if (found.Dimension != dimension) return differs("Dimension", found.Dimension, dimension);
  if (found.Width != descriptor.extent.width) return differs("Width", found.Width, descriptor.extent.width);
  if (found.Height != descriptor.extent.height) return differs("Height", found.Height, descriptor.extent.height);
  if (found.DepthOrArraySize != 1) return differs("DepthOrArraySize", found.DepthOrArraySize, 1);
  if (found.MipLevels != 1) return differs("MipLevels", found.MipLevels, 1);
  if (found.SampleDesc.Count != 1) return differs("SampleDesc.Count", found.SampleDesc.Count, 1);
  constexpr auto flag = D3D12_RESOURCE_FLAG_ALLOW_SIMULTANEOUS_ACCESS;
  if (simultaneous && (found.Flags & flag) == 0) return differs("set of Flags", found.Flags, flag);
  return {};
}

class Scout final : public Direct3dScout {
 public:
  explicit Scout(Com<ID3D12Device> device) : device_(std::move(device)) {}
  Result<void> try_texture(const OwnedHandle& handle, const TextureDescriptor& descriptor, bool simultaneous) override {
    auto resource = open<ID3D12Resource>(*device_.get(), handle, "a texture");
    if (!resource) return fail(std::move(resource.error()));
    return check((*resource)->GetDesc(), descriptor, simultaneous);
  }
  Result<void> try_fence(const OwnedHandle& handle) override {
    auto fence = open<ID3D12Fence>(*device_.get(), handle, "a fence");
    if (!fence) return fail(std::move(fence.error()));
    return {};
  }

 private:
  Com<ID3D12Device> device_;
};

}  // namespace

std::vector<Direct3dAdapter> direct3d_adapters() {
  std::vector<Direct3dAdapter> adapters;
  const auto factory = dxgi::create_factory();
  if (!factory) return adapters;
  for (UINT i = 0;; ++i) {
    Com<IDXGIAdapter1> adapter;
    if ((*factory)->EnumAdapters1(i, adapter.put()) != S_OK) return adapters;
    DXGI_ADAPTER_DESC1 description{};
    if (adapter->GetDesc1(&description) != S_OK) continue;
    const auto identity = dxgi::identify(*adapter.get());
    if (!identity) continue;
    adapters.push_back({identity->luid, description.VendorId, description.DeviceId, identity->device_name});
  }
}

Result<std::unique_ptr<Direct3dScout>> open_direct3d_scout(const Luid& luid) {
  static constexpr std::array<const char*, 1> names{"d3d12.dll"};
  // Kept for ever: its devices have threads that outlive their last reference.
  static const auto& library = *new Result<platform::DynamicLibrary>(platform::DynamicLibrary::open(names));
  if (!library) return fail(GeyserError(library.error()).during("loading Direct3D 12"));
  const auto create = reinterpret_cast<PFN_D3D12_CREATE_DEVICE>(library->symbol("D3D12CreateDevice"));
  if (create == nullptr) return fail(ErrorCode::not_available, "d3d12.dll has no D3D12CreateDevice.");
  auto adapter = dxgi::find_adapter(luid);
  if (!adapter) return fail(std::move(adapter.error()));
  Com<ID3D12Device> device;
  const HRESULT result = create(adapter->get(), D3D_FEATURE_LEVEL_11_0, __uuidof(ID3D12Device), device.receive());
  if (result != S_OK) return fail(dxgi::make_error(result, "D3D12CreateDevice", ErrorCode::not_available));
  return std::make_unique<Scout>(std::move(device));
}

}  // namespace geyser::webgpu
