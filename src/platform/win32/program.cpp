#include "platform/program.hpp"

#include <array>
#include <string_view>

#include "platform/win32/error.hpp"
#include "platform/win32/text.hpp"

namespace geyser::platform {

// Without its directory and ".exe".
std::string program_name() {
  std::array<wchar_t, 1024> path{};
  const DWORD size = ::GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size()));
  std::wstring_view name(path.data(), size);
  if (const auto at = name.find_last_of(L"\\/"); at != std::wstring_view::npos) name.remove_prefix(at + 1);
  if (name.ends_with(L".exe")) name.remove_suffix(4);
  return to_utf8(name);
}

std::int64_t process_id() noexcept { return ::GetCurrentProcessId(); }

}  // namespace geyser::platform
