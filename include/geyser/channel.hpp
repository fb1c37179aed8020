// Messages with handles between two processes, all handles of a message in one go: SOCK_SEQPACKET on POSIX, Mach ports
// on Apple's systems, a named pipe on Windows, where a message whose sender is gone has lost its handles. Thread
// safety: one thread sends and one receives at a time; distinct channels are independent.
#pragma once

#include <chrono>
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
#include <geyser/wire.hpp>

namespace geyser {

// Who is at the other end, as the kernel says.
struct PeerCredentials {
  std::int64_t process_id = 0;
  std::uint32_t user_id = 0;   // Windows: the last number of the user's SID
  std::uint32_t group_id = 0;  // Windows: 0
};

class GEYSER_API Channel {
 public:
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  ~Channel();

  // Two connected ends in this process; one may be passed to a child: on POSIX as a descriptor, on Windows what
  // detach() gives, made inheritable.
  [[nodiscard]] static Result<std::pair<Channel, Channel>> make_pair();
  // Connects to a Listener. Refuses a socket whose owner is another user than this one (or root).
  // Errors: not_available (no such socket), timeout, protocol (peer credentials).
  [[nodiscard]] static Result<Channel> connect(const std::string& path, std::chrono::nanoseconds timeout);
  // Takes a connected socket or pipe over. Errors: invalid_handle (not a SOCK_SEQPACKET socket, not a pipe of
  // messages; on Apple's systems always: a child connects by path).
  [[nodiscard]] static Result<Channel> adopt(NativeHandle socket);

  // Sends one message; `handles` are borrowed and stay the caller's.
  // Errors: invalid_argument (size), timeout (the peer does not read), abandoned (the peer is gone).
  [[nodiscard]] Result<void> send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                                  std::chrono::nanoseconds timeout);
  // Receives one message into `buffer`; received handles are appended to `handles` and owned there.
  // Gives the number of bytes. Errors: timeout, abandoned (end of stream), protocol (truncated bytes or handles).
  [[nodiscard]] Result<std::size_t> receive(std::span<std::byte> buffer, std::vector<OwnedHandle>& handles,
                                            std::chrono::nanoseconds timeout);

  // Whole messages and frames, through wire::encode and wire::decode. A frame allocates nothing.
  [[nodiscard]] Result<void> send(wire::Message&& message, std::chrono::nanoseconds timeout);
  [[nodiscard]] Result<wire::Message> receive_message(std::chrono::nanoseconds timeout);
  [[nodiscard]] Result<void> send(const wire::Frame& frame, std::chrono::nanoseconds timeout);
  [[nodiscard]] Result<wire::Frame> receive_frame(std::chrono::nanoseconds timeout);
  // For sessions that may have fences of kind sync_file. To be called before the frame of `state` is sent: sends the
  // sync files that its points need in one message; nothing when it needs none. Errors: as send, as export_handle().
  [[nodiscard]] Result<void> send_fences(const AccessState& state, std::chrono::nanoseconds timeout);
  // A frame, after taking over the sync files that came before it. `fences` are all fences of the session.
  // Errors: as receive_frame, protocol (a fence that is not in `fences`), as SharedFence::update().
  [[nodiscard]] Result<wire::Frame> receive_frame(std::span<const std::shared_ptr<SharedFence>> fences,
                                                  std::chrono::nanoseconds timeout);

  [[nodiscard]] Result<PeerCredentials> peer_credentials() const;
  // Pollable, on Windows an event, on Apple's systems a receive right (EVFILT_MACHPORT); borrowed.
  [[nodiscard]] NativeHandle native() const noexcept;
  // What adopt() takes. On Windows before anything was received, or asked for by native(); nothing on Apple's systems.
  [[nodiscard]] NativeHandle detach() noexcept;

 private:
  friend class Listener;
  struct Impl;
  explicit Channel(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

// A socket that others connect to, on Apple's systems a file that names a Mach service; mode 0600. Removed from the
// file system by the destructor.
class GEYSER_API Listener {
 public:
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;
  ~Listener();

  // Errors: busy (the path is in use), operating_system, invalid_argument (path too long for a socket).
  [[nodiscard]] static Result<Listener> create(const std::string& path);
  // Accepts one peer of this user (or root); others are disconnected and not reported.
  // Errors: timeout, operating_system.
  [[nodiscard]] Result<Channel> accept(std::chrono::nanoseconds timeout);
  [[nodiscard]] NativeHandle native() const noexcept;

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace geyser
