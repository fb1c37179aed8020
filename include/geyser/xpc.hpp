// Messages of Geyser's (geyser/wire.hpp) as XPC objects, for programs that have a connection of XPC's already: an app
// and its services, or its extensions, which no port by name joins.
//
// What travels: everything whose handles are io_surface. No public call puts host_memory's right into an XPC object:
// share textures on surfaces. Fences: an MTLSharedEventHandle goes over an NSXPCConnection as it is
// (metal::object_of(), metal::adopt_object()), and not in an XPC dictionary; a host_timeline goes over a Channel.
//
// Ownership: objects are xpc_object_t as plain pointers; what is made here the caller releases (xpc_release).
// Threads: pure functions.
#pragma once

#include <geyser/export.hpp>
#include <geyser/wire.hpp>

namespace geyser::xpc {

// An XPC dictionary to be sent, or put into one that is. Consumes the message.
// Errors: those of wire::encode(), unsupported (a handle of another kind, named), invalid_handle (a surface that is
// gone).
[[nodiscard]] GEYSER_API Result<void*> encode(wire::Message&& message);

// Borrows the object. It may come from anybody: every byte and object is checked.
// Errors: those of wire::decode(), protocol (no such dictionary), invalid_handle (an object that is no surface).
[[nodiscard]] GEYSER_API Result<wire::Message> decode(void* object);

}  // namespace geyser::xpc
