#include "metal/error.hpp"

#import <Metal/Metal.h>

#include <utility>

#include "common/text.hpp"

namespace geyser::metal {

using detail::text;

namespace {

std::string name_of(std::int64_t code) {
  switch (code) {
#define GEYSER_NAME(name) \
  case name:              \
    return #name;
    GEYSER_NAME(MTLCommandBufferErrorNone)
    GEYSER_NAME(MTLCommandBufferErrorInternal)
    GEYSER_NAME(MTLCommandBufferErrorTimeout)
    GEYSER_NAME(MTLCommandBufferErrorPageFault)
    GEYSER_NAME(MTLCommandBufferErrorAccessRevoked)
    GEYSER_NAME(MTLCommandBufferErrorNotPermitted)
    GEYSER_NAME(MTLCommandBufferErrorOutOfMemory)
    GEYSER_NAME(MTLCommandBufferErrorInvalidResource)
    GEYSER_NAME(MTLCommandBufferErrorDeviceRemoved)
#undef GEYSER_NAME
    default:
      return text("MTLCommandBufferError ", code);
  }
}

// Everything but these leaves the queue unable to say what it has done.
ErrorCode code_of(std::int64_t code) {
  switch (code) {
    case MTLCommandBufferErrorOutOfMemory:
      return ErrorCode::out_of_memory;
    case MTLCommandBufferErrorInvalidResource:
      return ErrorCode::invalid_handle;
    case MTLCommandBufferErrorNotPermitted:
      return ErrorCode::unsupported;
    default:
      return ErrorCode::device_lost;
  }
}

}  // namespace

GeyserError command_buffer_error(std::int64_t code, std::string message) {
  return GeyserError(code_of(code), text("A command buffer failed: ", message.empty() ? "no reason given" : message),
                     NativeError{NativeDomain::metal, code, name_of(code)});
}

GeyserError no_object(const char* call) { return GeyserError(ErrorCode::unsupported, text(call, " gives no object.")); }

}  // namespace geyser::metal
