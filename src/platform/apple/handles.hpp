// What a handle is on Apple's systems. A NativeHandle is one of three things:
//
//  * a descriptor (sockets, queues of events, files),
//  * a Mach right: the port's name with a bit above its 32 that says which right (io_surface, host_memory, channels),
//  * a pointer to an Objective-C object that a reference is held of (metal_shared_event, metal_shared_texture).
//
// So a handle whose kind is not known yet, as it comes out of a message, is closed as what it is.
#pragma once

#include <cstdint>

#include <geyser/handle.hpp>

namespace geyser::platform {

// A mach_port_t; 0 is MACH_PORT_NULL.
using PortName = std::uint32_t;

inline constexpr NativeHandle send_right_bit = NativeHandle{1} << 32;
inline constexpr NativeHandle receive_right_bit = NativeHandle{1} << 33;

// Whether a handle of that kind is an Objective-C object.
[[nodiscard]] constexpr bool is_object(HandleKind kind) noexcept {
  return kind == HandleKind::metal_shared_event || kind == HandleKind::metal_shared_texture;
}

// Takes over one user reference of a send right; none for MACH_PORT_NULL and MACH_PORT_DEAD.
[[nodiscard]] GEYSER_API OwnedHandle adopt_send_right(HandleKind kind, PortName name) noexcept;
// Borrowed; 0 for what is no send right.
[[nodiscard]] GEYSER_API PortName send_right_of(NativeHandle handle) noexcept;
// Takes over one reference of an Objective-C object; none for null.
[[nodiscard]] GEYSER_API OwnedHandle adopt_object(HandleKind kind, void* object) noexcept;
// Gives a reference of its own, which the caller releases; null when the handle is none.
[[nodiscard]] GEYSER_API void* retained_object_of(const OwnedHandle& handle) noexcept;

// Bytes of a page of memory: 16384 on Apple silicon.
[[nodiscard]] GEYSER_API std::uint64_t page_size() noexcept;

}  // namespace geyser::platform
