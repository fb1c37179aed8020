#include "dxgi/error.hpp"

#include <dxgi.h>
#include <winerror.h>

#include <optional>

#include "common/text.hpp"

namespace geyser::dxgi {

std::string result_name(HRESULT result) {
  switch (result) {
#define GEYSER_NAME(name) \
  case name:              \
    return #name;
    GEYSER_NAME(S_OK)
    GEYSER_NAME(S_FALSE)
    GEYSER_NAME(E_ABORT)
    GEYSER_NAME(E_ACCESSDENIED)
    GEYSER_NAME(E_FAIL)
    GEYSER_NAME(E_HANDLE)
    GEYSER_NAME(E_INVALIDARG)
    GEYSER_NAME(E_NOINTERFACE)
    GEYSER_NAME(E_NOTIMPL)
    GEYSER_NAME(E_OUTOFMEMORY)
    GEYSER_NAME(E_POINTER)
    GEYSER_NAME(E_UNEXPECTED)
    GEYSER_NAME(DXGI_ERROR_ACCESS_DENIED)
    GEYSER_NAME(DXGI_ERROR_ACCESS_LOST)
    GEYSER_NAME(DXGI_ERROR_ALREADY_EXISTS)
    GEYSER_NAME(DXGI_ERROR_DEVICE_HUNG)
    GEYSER_NAME(DXGI_ERROR_DEVICE_REMOVED)
    GEYSER_NAME(DXGI_ERROR_DEVICE_RESET)
    GEYSER_NAME(DXGI_ERROR_DRIVER_INTERNAL_ERROR)
    GEYSER_NAME(DXGI_ERROR_INVALID_CALL)
    GEYSER_NAME(DXGI_ERROR_MORE_DATA)
    GEYSER_NAME(DXGI_ERROR_NAME_ALREADY_EXISTS)
    GEYSER_NAME(DXGI_ERROR_NOT_CURRENTLY_AVAILABLE)
    GEYSER_NAME(DXGI_ERROR_NOT_FOUND)
    GEYSER_NAME(DXGI_ERROR_SDK_COMPONENT_MISSING)
    GEYSER_NAME(DXGI_ERROR_SESSION_DISCONNECTED)
    GEYSER_NAME(DXGI_ERROR_UNSUPPORTED)
    GEYSER_NAME(DXGI_ERROR_WAIT_TIMEOUT)
    GEYSER_NAME(DXGI_ERROR_WAS_STILL_DRAWING)
#undef GEYSER_NAME
    default:
      break;
  }
  // What keyed mutexes and waits answer with: numbers of the system in the place of an HRESULT.
  if (result == static_cast<HRESULT>(WAIT_TIMEOUT)) return "WAIT_TIMEOUT";
  if (result == static_cast<HRESULT>(WAIT_ABANDONED)) return "WAIT_ABANDONED";
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "HRESULT 0x";
  for (unsigned shift = 32; shift != 0; shift -= 4) {
    out += digits[static_cast<std::uint32_t>(result) >> (shift - 4) & 15U];
  }
  return out;
}

bool is_device_lost(HRESULT result) noexcept {
  return result == DXGI_ERROR_DEVICE_REMOVED || result == DXGI_ERROR_DEVICE_RESET || result == DXGI_ERROR_DEVICE_HUNG ||
         result == DXGI_ERROR_DRIVER_INTERNAL_ERROR;
}

namespace {

std::optional<ErrorCode> code_of(HRESULT result) {
  if (is_device_lost(result)) return ErrorCode::device_lost;
  if (result == static_cast<HRESULT>(WAIT_TIMEOUT)) return ErrorCode::timeout;
  if (result == static_cast<HRESULT>(WAIT_ABANDONED)) return ErrorCode::abandoned;
  switch (result) {
    case E_OUTOFMEMORY:
      return ErrorCode::out_of_memory;
    case E_NOTIMPL:
    case E_NOINTERFACE:
    case DXGI_ERROR_UNSUPPORTED:
      return ErrorCode::unsupported;
    case DXGI_ERROR_WAIT_TIMEOUT:
    case DXGI_ERROR_WAS_STILL_DRAWING:
      return ErrorCode::timeout;
    case DXGI_ERROR_NOT_FOUND:
    case DXGI_ERROR_SDK_COMPONENT_MISSING:
    case DXGI_ERROR_NOT_CURRENTLY_AVAILABLE:
      return ErrorCode::not_available;
    case E_HANDLE:
    case E_ACCESSDENIED:  // the handle lacks a right that was asked for
    case DXGI_ERROR_ACCESS_DENIED:
      return ErrorCode::invalid_handle;
    default:
      return std::nullopt;
  }
}

}  // namespace

GeyserError make_error(HRESULT result, const char* call, ErrorCode otherwise) {
  return GeyserError(code_of(result).value_or(otherwise), detail::text(call, " failed."),
                     NativeError{NativeDomain::hresult, static_cast<std::uint32_t>(result), result_name(result)});
}

GeyserError make_error(HRESULT result, const char* call) {
  return make_error(result, call, ErrorCode::operating_system);
}

}  // namespace geyser::dxgi
