#include "webgpu/error.hpp"

#include <cstring>

#include "common/text.hpp"

namespace geyser::webgpu {

std::string to_text(WGPUStringView view) {
  if (view.data == nullptr) return {};
  return std::string(view.data, view.length == WGPU_STRLEN ? std::strlen(view.data) : view.length);
}

std::string error_name(WGPUErrorType type) {
  switch (type) {
#define GEYSER_WGPU_NAME(name) \
  case name:                   \
    return #name;
    GEYSER_WGPU_NAME(WGPUErrorType_NoError)
    GEYSER_WGPU_NAME(WGPUErrorType_Validation)
    GEYSER_WGPU_NAME(WGPUErrorType_OutOfMemory)
    GEYSER_WGPU_NAME(WGPUErrorType_Internal)
    GEYSER_WGPU_NAME(WGPUErrorType_Unknown)
#undef GEYSER_WGPU_NAME
    default:
      return detail::text("WebGPU error ", static_cast<int>(type));
  }
}

namespace {

ErrorCode code_of(WGPUErrorType type) {
  switch (type) {
    case WGPUErrorType_Validation:
      return ErrorCode::unsupported;
    case WGPUErrorType_OutOfMemory:
      return ErrorCode::out_of_memory;
    default:
      return ErrorCode::operating_system;
  }
}

}  // namespace

GeyserError make_error(WGPUErrorType type, WGPUStringView message, const char* call) {
  std::string words = to_text(message);
  if (const auto at = words.find("\n - While"); at != std::string::npos) words.erase(at);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return GeyserError(code_of(type), detail::text(call, " failed: ", words),
                     NativeError{NativeDomain::webgpu, static_cast<std::int64_t>(type), error_name(type)});
}

GeyserError make_status_error(const char* call) {
  return GeyserError(
      ErrorCode::operating_system, detail::text(call, " failed."),
      NativeError{NativeDomain::webgpu, static_cast<std::int64_t>(WGPUStatus_Error), "WGPUStatus_Error"});
}

}  // namespace geyser::webgpu
