#include "d3d12/loader.hpp"

#include <utility>

#include "dxgi/adapter.hpp"
#include "dxgi/error.hpp"
#include "platform/dynamic_library.hpp"

namespace geyser::d3d12 {

Result<Com<ID3D12Device>> create_device(const std::optional<std::array<std::uint8_t, 8>>& luid) {
  static constexpr std::array<const char*, 1> names{"d3d12.dll"};
  auto library = platform::DynamicLibrary::open(names);
  if (!library) return fail(std::move(library.error()).during("loading Direct3D 12"));
  const auto create = reinterpret_cast<PFN_D3D12_CREATE_DEVICE>(library->symbol("D3D12CreateDevice"));
  if (create == nullptr) return fail(ErrorCode::not_available, "d3d12.dll has no D3D12CreateDevice.");
  Com<IDXGIAdapter1> adapter;
  if (luid) {
    auto found = dxgi::find_adapter(*luid);
    if (!found) return fail(std::move(found.error()));
    adapter = *std::move(found);
  }
  Com<ID3D12Device> device;
  if (const HRESULT result = create(adapter.get(), D3D_FEATURE_LEVEL_11_0, __uuidof(ID3D12Device), device.receive());
      result != S_OK) {
    return fail(dxgi::make_error(result, "D3D12CreateDevice", ErrorCode::not_available));
  }
  // The library stays as long as the process: its devices have threads that outlive their last reference.
  static const platform::DynamicLibrary kept = *library;
  return device;
}

}  // namespace geyser::d3d12
