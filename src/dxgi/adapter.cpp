#include "dxgi/adapter.hpp"

#include <cstring>
#include <string>

#include "common/text.hpp"
#include "dxgi/error.hpp"
#include "platform/dynamic_library.hpp"
#include "platform/win32/text.hpp"

namespace geyser::dxgi {

using detail::text;

namespace {

using CreateFactory1 = HRESULT(WINAPI*)(REFIID, void**);

// Kept for ever: objects of a library that is unloaded under them crash at their last release.
const Result<platform::DynamicLibrary>& library() {
  static constexpr std::array<const char*, 1> names{"dxgi.dll"};
  static const auto& loaded = *new Result<platform::DynamicLibrary>(platform::DynamicLibrary::open(names));
  return loaded;
}

std::string hexadecimal(const std::array<std::uint8_t, 8>& luid) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (auto byte = luid.rbegin(); byte != luid.rend(); ++byte) {
    out += digits[*byte >> 4U];
    out += digits[*byte & 15U];
  }
  return out;
}

std::string name_of(const DeviceIdentity& identity) {
  return text(identity.device_name.empty() ? std::string_view("unnamed device") : identity.device_name,
              identity.has_luid ? " (LUID " + hexadecimal(identity.luid) + ")" : std::string(" (no LUID)"));
}

}  // namespace

std::array<std::uint8_t, 8> luid_bytes(const LUID& luid) noexcept {
  static_assert(sizeof(LUID) == 8);
  std::array<std::uint8_t, 8> bytes{};
  std::memcpy(bytes.data(), &luid, bytes.size());
  return bytes;
}

Result<DeviceIdentity> identify(IDXGIAdapter& adapter) {
  DXGI_ADAPTER_DESC description{};
  if (const HRESULT result = adapter.GetDesc(&description); result != S_OK) {
    return fail(make_error(result, "IDXGIAdapter::GetDesc"));
  }
  DeviceIdentity identity;
  identity.has_luid = true;
  identity.luid = luid_bytes(description.AdapterLuid);
  identity.node_mask = 1;  // Vulkan counts the nodes of a linked adapter so; Direct3D 11 knows one
  identity.device_name = platform::to_utf8(description.Description);
  LARGE_INTEGER version{};
  if (adapter.CheckInterfaceSupport(__uuidof(IDXGIDevice), &version) == S_OK) {
    const auto number = static_cast<std::uint64_t>(version.QuadPart);
    identity.driver_name = text("Direct3D driver ", number >> 48U & 0xffffU, ".", number >> 32U & 0xffffU, ".",
                                number >> 16U & 0xffffU, ".", number & 0xffffU);
  }
  return identity;
}

Result<Com<IDXGIFactory1>> create_factory() {
  if (!library()) return fail(GeyserError(library().error()));
  const auto create = reinterpret_cast<CreateFactory1>(library()->symbol("CreateDXGIFactory1"));
  if (create == nullptr) return fail(ErrorCode::not_available, "dxgi.dll has no CreateDXGIFactory1.");
  Com<IDXGIFactory1> factory;
  if (const HRESULT result = create(__uuidof(IDXGIFactory1), factory.receive()); result != S_OK) {
    return fail(make_error(result, "CreateDXGIFactory1", ErrorCode::not_available));
  }
  return factory;
}

Result<Com<IDXGIAdapter1>> find_adapter(const std::array<std::uint8_t, 8>& luid) {
  auto factory = create_factory();
  if (!factory) return fail(std::move(factory.error()));
  std::string seen;
  for (UINT i = 0;; ++i) {
    Com<IDXGIAdapter1> adapter;
    if ((*factory)->EnumAdapters1(i, adapter.put()) != S_OK) break;
    const auto identity = identify(*adapter.get());
    if (!identity) continue;
    if (identity->luid == luid) return adapter;
    seen += text(seen.empty() ? "" : ", ", name_of(*identity));
  }
  return fail(ErrorCode::not_available, text("No adapter has LUID [", hexadecimal(luid), "]; there are [",
                                             seen.empty() ? std::string("none") : seen, "]."));
}

}  // namespace geyser::dxgi
