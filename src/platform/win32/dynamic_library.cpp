#include "platform/dynamic_library.hpp"

#include <string>

#include "common/text.hpp"
#include "platform/win32/error.hpp"

namespace geyser::platform {

using detail::text;

Result<DynamicLibrary> DynamicLibrary::open(std::span<const char* const> names) {
  std::string tried;
  for (const char* name : names) {
    // Never the current directory, where anybody may have put a library of that name.
    if (HMODULE library = ::LoadLibraryExA(name, nullptr, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS)) {
      DynamicLibrary opened;
      opened.library_ =
          std::shared_ptr<void>(library, [](void* handle) { ::FreeLibrary(static_cast<HMODULE>(handle)); });
      return opened;
    }
    const DWORD number = ::GetLastError();
    if (!tried.empty()) tried += "; ";
    tried += text("[", name, "]: ", win32_error_name(number));
  }
  return fail(ErrorCode::not_available, text("No library loads: ", tried.empty() ? "none was named" : tried, "."));
}

void* DynamicLibrary::symbol(const char* name) const noexcept {
  if (!library_) return nullptr;
  return reinterpret_cast<void*>(::GetProcAddress(static_cast<HMODULE>(library_.get()), name));
}

}  // namespace geyser::platform
