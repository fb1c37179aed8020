#include "platform/dynamic_library.hpp"

#include <dlfcn.h>

#include <string>

#include "common/text.hpp"

namespace geyser::platform {

using detail::text;

Result<DynamicLibrary> DynamicLibrary::open(std::span<const char* const> names) {
  std::string tried;
  for (const char* name : names) {
    if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
      DynamicLibrary opened;
      opened.library_ = std::shared_ptr<void>(library, [](void* handle) { ::dlclose(handle); });
      return opened;
    }
    const char* reason = ::dlerror();
    if (!tried.empty()) tried += "; ";
    tried += text("[", name, "]: ", reason != nullptr ? reason : "no reason given");
  }
  return fail(ErrorCode::not_available, text("No library loads: ", tried.empty() ? "none was named" : tried, "."));
}

void* DynamicLibrary::symbol(const char* name) const noexcept {
  return library_ ? ::dlsym(library_.get(), name) : nullptr;
}

}  // namespace geyser::platform
