#include "d3d11/loader.hpp"

#include <iterator>

#include "dxgi/adapter.hpp"
#include "dxgi/error.hpp"
#include "platform/dynamic_library.hpp"

namespace geyser::d3d11 {

namespace {

// Kept for ever: devices outlive managers, and objects of an unloaded library crash at their last release.
const Result<platform::DynamicLibrary>& library() {
  static constexpr std::array<const char*, 1> names{"d3d11.dll"};
  static const auto& loaded = *new Result<platform::DynamicLibrary>(platform::DynamicLibrary::open(names));
  return loaded;
}

}  // namespace

Result<Com<ID3D11Device>> create_device(const Options& options) {
  if (!library()) return fail(GeyserError(library().error()));
  const auto create = reinterpret_cast<PFN_D3D11_CREATE_DEVICE>(library()->symbol("D3D11CreateDevice"));
  if (create == nullptr) return fail(ErrorCode::not_available, "d3d11.dll has no D3D11CreateDevice.");
  Com<IDXGIAdapter1> adapter;
  D3D_DRIVER_TYPE type = options.software ? D3D_DRIVER_TYPE_WARP : D3D_DRIVER_TYPE_HARDWARE;
  if (options.luid) {
    auto found = dxgi::find_adapter(*options.luid);
    if (!found) return fail(std::move(found.error()));
    adapter = *std::move(found);
    type = D3D_DRIVER_TYPE_UNKNOWN;  // what a given adapter asks for
  }
  static constexpr D3D_FEATURE_LEVEL levels[] = {D3D_FEATURE_LEVEL_11_1, D3D_FEATURE_LEVEL_11_0};
  UINT flags = D3D11_CREATE_DEVICE_BGRA_SUPPORT;
  if (options.debug) flags |= D3D11_CREATE_DEVICE_DEBUG;
  Com<ID3D11Device> device;
  const HRESULT result = create(adapter.get(), type, nullptr, flags, levels, static_cast<UINT>(std::size(levels)),
                                D3D11_SDK_VERSION, device.put(), nullptr, nullptr);
  if (result != S_OK) return fail(dxgi::make_error(result, "D3D11CreateDevice", ErrorCode::not_available));
  if (const auto threads = device.query<ID3D11Multithread>()) threads->SetMultithreadProtected(TRUE);
  return device;
}

}  // namespace geyser::d3d11
