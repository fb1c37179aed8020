// OwnedHandle on POSIX: every kind is a descriptor.
#include <geyser/handle.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/text.hpp"
#include "platform/posix/error.hpp"

namespace geyser {

using detail::text;

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

OwnedHandle OwnedHandle::adopt(HandleKind kind, NativeHandle native) noexcept {
  return OwnedHandle(kind, platform::descriptor_of(native));
}

Result<OwnedHandle> OwnedHandle::duplicate(HandleKind kind, NativeHandle native) {
  const int descriptor = ::fcntl(platform::descriptor_of(native), F_DUPFD_CLOEXEC, 0);
  if (descriptor >= 0) return OwnedHandle(kind, descriptor);
  const int number = errno;
  const ErrorCode code = number == EBADF ? ErrorCode::invalid_handle : ErrorCode::operating_system;
  return fail(platform::posix_error(
      code, text("Descriptor [", native, "] of kind [", to_string(kind), "] cannot be duplicated."), number));
}

NativeHandle OwnedHandle::detach() noexcept {
  kind_ = HandleKind::none;
  return std::exchange(native_, no_native_handle);
}

void OwnedHandle::reset() noexcept {
  if (has_value()) {
    // Handles are dropped on the way out of failures, whose errno must survive. Linux frees the descriptor even when
    // close() is interrupted: it is never repeated.
    const int saved = errno;
    ::close(static_cast<int>(native_));
    errno = saved;
  }
  kind_ = HandleKind::none;
  native_ = no_native_handle;
}

}  // namespace geyser
