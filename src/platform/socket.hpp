// Whole messages with handles between two processes of one user: SOCK_SEQPACKET sockets on POSIX, named pipes on
// Windows. docs/wire.md says what travels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

#include "platform/deadline.hpp"

namespace geyser::platform {

// Linux carries at most 253 descriptors in one message (SCM_MAX_FD).
inline constexpr std::size_t max_socket_handles = 64;

// Who is at the other end, as the kernel says.
struct SocketPeer {
  std::int64_t process_id = 0;
  std::uint32_t user_id = 0;   // Windows: the last number of the user's SID
  std::uint32_t group_id = 0;  // Windows: 0
  bool is_trusted = false;     // this process' user (POSIX: or root)
};

// Thread safety: one thread sends and one receives at a time.
class GEYSER_API Socket {
 public:
  Socket() noexcept;
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  // Errors: operating_system.
  [[nodiscard]] static Result<std::pair<Socket, Socket>> pair();
  // Errors: not_available, timeout, invalid_argument (path), operating_system.
  [[nodiscard]] static Result<Socket> connect(const std::string& path, const Deadline& deadline);
  // Takes over what detach() gave, on success. Errors: invalid_handle.
  [[nodiscard]] static Result<Socket> adopt(NativeHandle handle);

  // Errors: operating_system.
  [[nodiscard]] Result<SocketPeer> peer() const;
  // Errors: timeout, abandoned, invalid_argument, invalid_handle, operating_system. No allocation without handles.
  [[nodiscard]] Result<void> send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                                  const Deadline& deadline);
  // Gives the bytes received. Appends handles of kind `none`; with `handles` null any handle is an error.
  // Errors: timeout, abandoned, protocol (truncated bytes or handles: everything received is closed).
  [[nodiscard]] Result<std::size_t> receive(std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                            const Deadline& deadline);

  // Readable, as a Poller sees it: receive() would not wait. Borrowed.
  [[nodiscard]] NativeHandle native() const noexcept;
  // What adopt() takes, in a child process that inherits it: before anything was received, or asked for by native().
  [[nodiscard]] NativeHandle detach() noexcept;

  struct State;  // the system's own
  explicit Socket(std::unique_ptr<State> state) noexcept;

 private:
  std::unique_ptr<State> state_;
};

// Where others connect to. The name is gone when this object goes.
class GEYSER_API SocketListener {
 public:
  SocketListener() noexcept;
  SocketListener(SocketListener&& other) noexcept;
  SocketListener& operator=(SocketListener&& other) noexcept;
  ~SocketListener();

  // Errors: busy (in use), invalid_argument (path), operating_system.
  [[nodiscard]] static Result<SocketListener> create(const std::string& path);
  // Errors: timeout, operating_system.
  [[nodiscard]] Result<Socket> accept(const Deadline& deadline);
  [[nodiscard]] NativeHandle native() const noexcept;

 private:
  struct State;
  explicit SocketListener(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

[[nodiscard]] GEYSER_API std::uint32_t own_user_id() noexcept;

}  // namespace geyser::platform
