// System calls of SOCK_SEQPACKET sockets that carry descriptors: whole messages, all handles of a message in one go.
// platform/socket.hpp makes objects of them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

#include "platform/deadline.hpp"
#include "platform/socket.hpp"

namespace geyser::platform {

[[nodiscard]] GEYSER_API Result<std::pair<OwnedHandle, OwnedHandle>> socket_pair();
// Errors: busy (in use), invalid_argument (path too long), operating_system.
[[nodiscard]] GEYSER_API Result<OwnedHandle> socket_listen(const std::string& path);
// Errors: timeout, operating_system.
[[nodiscard]] GEYSER_API Result<OwnedHandle> socket_accept(NativeHandle listener, const Deadline& deadline);
// Errors: not_available, timeout, operating_system.
[[nodiscard]] GEYSER_API Result<OwnedHandle> socket_connect(const std::string& path, const Deadline& deadline);
GEYSER_API void socket_unlink(const std::string& path) noexcept;
// Errors: invalid_handle (not a connected SOCK_SEQPACKET socket).
[[nodiscard]] GEYSER_API Result<void> socket_check(NativeHandle socket);
[[nodiscard]] GEYSER_API Result<SocketPeer> socket_peer(NativeHandle socket);

// Errors: timeout, abandoned, invalid_argument, operating_system. No allocation.
[[nodiscard]] GEYSER_API Result<void> socket_send(NativeHandle socket, std::span<const std::byte> bytes,
                                                  std::span<const OwnedHandle> handles, const Deadline& deadline);
// Gives the bytes received. Appends handles of kind `none`; with `handles` null any handle is an error.
// Errors: timeout, abandoned, protocol (truncated bytes or handles: everything received is closed).
[[nodiscard]] GEYSER_API Result<std::size_t> socket_receive(NativeHandle socket, std::span<std::byte> buffer,
                                                            std::vector<OwnedHandle>* handles,
                                                            const Deadline& deadline);

}  // namespace geyser::platform
