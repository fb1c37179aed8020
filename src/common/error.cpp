#include <geyser/error.hpp>

#include "common/text.hpp"

namespace geyser {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
#define GEYSER_NAME(name) \
  case ErrorCode::name:   \
    return #name;
    GEYSER_NAME(invalid_argument)
    GEYSER_NAME(unsupported)
    GEYSER_NAME(incompatible_device)
    GEYSER_NAME(incompatible_layout)
    GEYSER_NAME(invalid_handle)
    GEYSER_NAME(busy)
    GEYSER_NAME(invalid_access)
    GEYSER_NAME(stale_state)
    GEYSER_NAME(uninitialized)
    GEYSER_NAME(timeout)
    GEYSER_NAME(abandoned)
    GEYSER_NAME(device_lost)
    GEYSER_NAME(out_of_memory)
    GEYSER_NAME(protocol)
    GEYSER_NAME(version_mismatch)
    GEYSER_NAME(not_available)
    GEYSER_NAME(operating_system)
#undef GEYSER_NAME
  }
  return "unknown";
}

std::string_view to_string(NativeDomain domain) noexcept {
  switch (domain) {
#define GEYSER_NAME(name)  \
  case NativeDomain::name: \
    return #name;
    GEYSER_NAME(none)
    GEYSER_NAME(posix)
    GEYSER_NAME(win32)
    GEYSER_NAME(vulkan)
    GEYSER_NAME(opengl)
    GEYSER_NAME(egl)
    GEYSER_NAME(cuda)
    GEYSER_NAME(hresult)
    GEYSER_NAME(webgpu)
    GEYSER_NAME(metal)
#undef GEYSER_NAME
  }
  return "unknown";
}

GeyserError&& GeyserError::during(std::string step) && {
  context_.push_back(std::move(step));
  return std::move(*this);
}

void GeyserError::suggest(std::string alternative) & { alternatives_.push_back(std::move(alternative)); }

GeyserError&& GeyserError::suggest(std::string alternative) && {
  alternatives_.push_back(std::move(alternative));
  return std::move(*this);
}

std::string GeyserError::to_string() const {
  std::string out = detail::text(geyser::to_string(code_), ": ", message_);
  if (native_.domain != NativeDomain::none) {
    out += detail::text(" (", geyser::to_string(native_.domain), " ", native_.name, ", ", native_.code, ")");
  }
  for (std::size_t i = 0; i < context_.size(); ++i) out += detail::text(i == 0 ? " while " : ", while ", context_[i]);
  for (std::size_t i = 0; i < alternatives_.size(); ++i) {
    out += detail::text(i == 0 ? "; would work: " : ", ", alternatives_[i]);
  }
  return out;
}

}  // namespace geyser
