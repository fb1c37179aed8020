// A library loaded at run time and kept until the last copy of this object goes.
#pragma once

#include <memory>
#include <span>

#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser::platform {

class GEYSER_API DynamicLibrary {
 public:
  DynamicLibrary() = default;
  // The first of `names` that loads. Errors: not_available, naming each one tried and the loader's reason.
  [[nodiscard]] static Result<DynamicLibrary> open(std::span<const char* const> names);
  // Null when the library has no such symbol.
  [[nodiscard]] void* symbol(const char* name) const noexcept;

 private:
  std::shared_ptr<void> library_;
};

}  // namespace geyser::platform
