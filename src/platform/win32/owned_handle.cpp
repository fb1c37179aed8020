// OwnedHandle on Windows: NT handles, and global numbers (opaque_win32_kmt, d3d_kmt), which hold no reference and are
// never closed. Nothing is inherited by child processes.
#include <geyser/handle.hpp>

#include <utility>

#include "common/text.hpp"
#include "platform/win32/error.hpp"

namespace geyser {

using detail::text;
using platform::handle_of;

namespace {

bool is_number(HandleKind kind) noexcept { return handle_kind_info(kind).is_global_number; }

// A global number has 32 bits; some drivers extend its sign where an API gives it as a HANDLE, and it is no
// pseudo-handle then.
NativeHandle plain(HandleKind kind, NativeHandle native) noexcept {
  return is_number(kind) ? static_cast<NativeHandle>(static_cast<std::uint32_t>(native)) : native;
}

}  // namespace

OwnedHandle::OwnedHandle(OwnedHandle&& other) noexcept
    : kind_(std::exchange(other.kind_, HandleKind::none)), native_(std::exchange(other.native_, no_native_handle)) {}

OwnedHandle& OwnedHandle::operator=(OwnedHandle&& other) noexcept {
  if (this != &other) {
    reset();
    kind_ = std::exchange(other.kind_, HandleKind::none);
    native_ = std::exchange(other.native_, no_native_handle);
  }
  return *this;
}

OwnedHandle::~OwnedHandle() { reset(); }

// Null counts as none: most calls that make handles fail with it.
OwnedHandle OwnedHandle::adopt(HandleKind kind, NativeHandle native) noexcept {
  native = plain(kind, native);
  return OwnedHandle(kind, handle_of(native) != nullptr ? native : no_native_handle);
}

Result<OwnedHandle> OwnedHandle::duplicate(HandleKind kind, NativeHandle native) {
  const auto refuse = [&](ErrorCode code, DWORD number) {
    return fail(platform::win32_error(
        code, text("Handle [", native, "] of kind [", to_string(kind), "] cannot be duplicated."), number));
  };
  native = plain(kind, native);
  const HANDLE handle = handle_of(native);
  if (handle == nullptr) return refuse(ErrorCode::invalid_handle, ERROR_INVALID_HANDLE);
  if (is_number(kind)) return OwnedHandle(kind, native);
  const HANDLE process = ::GetCurrentProcess();
  HANDLE copy = nullptr;
  if (::DuplicateHandle(process, handle, process, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0) {
    const DWORD number = ::GetLastError();
    return refuse(number == ERROR_INVALID_HANDLE ? ErrorCode::invalid_handle : ErrorCode::operating_system, number);
  }
  return OwnedHandle(kind, reinterpret_cast<NativeHandle>(copy));
}

NativeHandle OwnedHandle::detach() noexcept {
  kind_ = HandleKind::none;
  return std::exchange(native_, no_native_handle);
}

void OwnedHandle::reset() noexcept {
  if (has_value() && !is_number(kind_)) {
    // Handles are dropped on the way out of failures, whose last error must survive.
    const DWORD saved = ::GetLastError();
    ::CloseHandle(handle_of(native_));
    ::SetLastError(saved);
  }
  kind_ = HandleKind::none;
  native_ = no_native_handle;
}

}  // namespace geyser
