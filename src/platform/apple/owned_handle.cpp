// OwnedHandle on Apple's systems: descriptors, Mach rights and Objective-C objects (handles.hpp).
#include <geyser/handle.hpp>

#include <fcntl.h>
#include <mach/mach.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/text.hpp"
#include "platform/apple/error.hpp"
#include "platform/apple/handles.hpp"
#include "platform/posix/error.hpp"

// The runtime's own, as Clang's "Automatic Reference Counting" documents them for compilers: the same count as retain
// and release, for C++ that knows no objects.
extern "C" void* objc_retain(void* object);
extern "C" void objc_release(void* object);

namespace geyser {

using detail::text;

namespace {

constexpr NativeHandle name_mask = 0xffffffff;

bool is_right(NativeHandle native) noexcept {
  return native > 0 && (native & (platform::send_right_bit | platform::receive_right_bit)) != 0;
}
mach_port_t name_of(NativeHandle native) noexcept { return static_cast<mach_port_t>(native & name_mask); }

NativeHandle checked(HandleKind kind, NativeHandle native) noexcept {
  if (platform::is_object(kind)) return native != 0 ? native : no_native_handle;
  return is_right(native) ? native : platform::descriptor_of(native);
}

void close_right(NativeHandle native) noexcept {
  if ((native & platform::receive_right_bit) != 0) {
    ::mach_port_mod_refs(mach_task_self(), name_of(native), MACH_PORT_RIGHT_RECEIVE, -1);
  } else {
    // Of a dead name too, which a send right becomes when its port goes.
    ::mach_port_deallocate(mach_task_self(), name_of(native));
  }
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

OwnedHandle OwnedHandle::adopt(HandleKind kind, NativeHandle native) noexcept {
  return OwnedHandle(kind, checked(kind, native));
}

Result<OwnedHandle> OwnedHandle::duplicate(HandleKind kind, NativeHandle native) {
  const std::string cannot = text("Handle [", native, "] of kind [", to_string(kind), "] cannot be duplicated.");
  if (platform::is_object(kind)) {
    if (native == 0 || native == no_native_handle) return fail(ErrorCode::invalid_handle, cannot);
    return OwnedHandle(kind, reinterpret_cast<NativeHandle>(objc_retain(reinterpret_cast<void*>(native))));
  }
  if (is_right(native)) {
    // One more user reference of the same name. There is only one receive right.
    const kern_return_t added = (native & platform::receive_right_bit) != 0
                                    ? KERN_INVALID_RIGHT
                                    : ::mach_port_mod_refs(mach_task_self(), name_of(native), MACH_PORT_RIGHT_SEND, 1);
    if (added == KERN_SUCCESS) return OwnedHandle(kind, native);
    return fail(platform::mach_error(ErrorCode::invalid_handle, cannot, added));
  }
  const int descriptor = ::fcntl(platform::descriptor_of(native), F_DUPFD_CLOEXEC, 0);
  if (descriptor >= 0) return OwnedHandle(kind, descriptor);
  const int number = errno;
  const ErrorCode code = number == EBADF ? ErrorCode::invalid_handle : ErrorCode::operating_system;
  return fail(platform::posix_error(code, cannot, number));
}

NativeHandle OwnedHandle::detach() noexcept {
  kind_ = HandleKind::none;
  return std::exchange(native_, no_native_handle);
}

void OwnedHandle::reset() noexcept {
  if (has_value()) {
    // Handles are dropped on the way out of failures, whose errno must survive.
    const int saved = errno;
    if (platform::is_object(kind_)) {
      objc_release(reinterpret_cast<void*>(native_));
    } else if (is_right(native_)) {
      close_right(native_);
    } else {
      ::close(static_cast<int>(native_));
    }
    errno = saved;
  }
  kind_ = HandleKind::none;
  native_ = no_native_handle;
}

namespace platform {

OwnedHandle adopt_send_right(HandleKind kind, PortName name) noexcept {
  if (name == MACH_PORT_NULL || name == MACH_PORT_DEAD) return {};
  return OwnedHandle::adopt(kind, send_right_bit | NativeHandle{name});
}

PortName send_right_of(NativeHandle handle) noexcept {
  return is_right(handle) && (handle & send_right_bit) != 0 ? name_of(handle) : MACH_PORT_NULL;
}

OwnedHandle adopt_object(HandleKind kind, void* object) noexcept {
  return object != nullptr ? OwnedHandle::adopt(kind, reinterpret_cast<NativeHandle>(object)) : OwnedHandle();
}

void* retained_object_of(const OwnedHandle& handle) noexcept {
  if (!handle.has_value() || !is_object(handle.kind())) return nullptr;
  return objc_retain(reinterpret_cast<void*>(handle.get()));
}

std::uint64_t page_size() noexcept { return static_cast<std::uint64_t>(::getpagesize()); }

}  // namespace platform

}  // namespace geyser
