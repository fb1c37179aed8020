#include "cuda/error.hpp"

#include <string>

#include "common/text.hpp"

namespace geyser::cuda {

using detail::text;

bool is_sticky(driver::Result result) noexcept {
  switch (result) {
    case driver::deinitialized:
    case driver::invalid_context:
    case driver::ecc_uncorrectable:
    case driver::nvlink_uncorrectable:
    case driver::contained:
    case driver::illegal_address:
    case driver::launch_timeout:
    case driver::context_is_destroyed:
    case driver::assert_failed:
    case driver::hardware_stack_error:
    case driver::illegal_instruction:
    case driver::misaligned_address:
    case driver::invalid_address_space:
    case driver::invalid_pc:
    case driver::launch_failed:
    case driver::external_device:
    case driver::unknown:
      return true;
    default:
      return false;
  }
}

namespace {

ErrorCode code_of(driver::Result result) {
  if (is_sticky(result)) return ErrorCode::device_lost;
  switch (result) {
    case driver::out_of_memory:
      return ErrorCode::out_of_memory;
    case driver::not_initialized:
    case driver::stub_library:
    case driver::call_requires_newer_driver:
    case driver::device_unavailable:
    case driver::no_device:
    case driver::invalid_device:
    case driver::system_not_ready:
    case driver::system_driver_mismatch:
    case driver::compat_not_supported_on_device:
      return ErrorCode::not_available;
    case driver::invalid_handle:
      return ErrorCode::invalid_handle;
    case driver::operating_system:
      return ErrorCode::operating_system;
    default:
      return ErrorCode::unsupported;
  }
}

}  // namespace

GeyserError make_error(const Functions& functions, driver::Result result, const char* call) {
  const char* name = nullptr;
  if (functions.cuGetErrorName(result, &name) != driver::success || name == nullptr) name = "unknown";
  return GeyserError(code_of(result), text(call, " failed."), NativeError{NativeDomain::cuda, result, name});
}

GeyserError refused_memory(GeyserError&& error, std::uint64_t size) {
  const bool known = error.native().code == driver::out_of_memory || error.native().code == driver::invalid_handle ||
                     (error.native().code != driver::unknown && is_sticky(static_cast<int>(error.native().code)));
  if (known) return std::move(error);
  return GeyserError(
      ErrorCode::incompatible_layout,
      text("The driver does not take the handle for the texture in [", size, "] bytes: ", error.message()),
      error.native());
}

Result<void> check(const Functions& functions, driver::Result result, const char* call) {
  if (result == driver::success) return {};
  return fail(make_error(functions, result, call));
}

}  // namespace geyser::cuda
