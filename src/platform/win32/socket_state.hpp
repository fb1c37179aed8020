// A pipe's end as a socket: framing, and the way handles take (docs/wire.md).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "platform/socket.hpp"
#include "platform/win32/pipe.hpp"
#include "platform/win32/security.hpp"

namespace geyser::platform {

// Before the bytes of each message; after it come `handle_count` handles of 64 bits.
struct PipeHeader {
  static constexpr std::uint32_t expected_magic = 0x50535947;  // "GYSP"
  std::uint32_t magic = expected_magic;
  std::uint32_t handle_count = 0;
  std::uint32_t process_id = 0;  // whose handles they are
  std::uint32_t reserved = 0;
  std::uint64_t number = 0;  // of the message, counted by its sender from 1; 0: it brings nothing but `taken`
  std::uint64_t taken = 0;   // the sender has taken all handles of the messages up to this one
};
static_assert(sizeof(PipeHeader) == 32);

// In a handle's 64 bits: the rest is a global number (opaque_win32_kmt), which is no handle of any process.
inline constexpr std::uint64_t pipe_number_flag = 1ULL << 63U;

inline constexpr std::size_t max_pipe_payload = 131072;
inline constexpr std::size_t max_pipe_message =
    sizeof(PipeHeader) + max_socket_handles * sizeof(std::uint64_t) + max_pipe_payload;

struct Socket::State {
  // `between_strangers`: the ends found each other by name, so the kernel knows both processes. A pair's ends do not:
  // one of them may have been passed on since.
  [[nodiscard]] static Result<std::unique_ptr<State>> create(OwnedHandle&& pipe, bool between_strangers);
  ~State();

  [[nodiscard]] Result<void> send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                                  const Deadline& deadline);
  [[nodiscard]] Result<std::size_t> receive(std::span<std::byte> into, std::vector<OwnedHandle>* handles,
                                            const Deadline& deadline);
  [[nodiscard]] Result<SocketPeer> peer() const;
  // So that what comes raises the event.
  void listen() noexcept;

  OwnedHandle pipe;
  bool between_strangers;
  std::unique_ptr<PipeOperation> reading;
  std::unique_ptr<PipeOperation> writing;

 private:
  State(OwnedHandle&& its_pipe, bool strangers) noexcept;
  [[nodiscard]] HANDLE pipe_handle() const noexcept { return handle_of(pipe.get()); }
  [[nodiscard]] DWORD peer_id() const noexcept;

  // Copies of handles that the peer has not taken yet. They are closed here, and only here, when it says that it has,
  // or with the socket.
  struct Escrow {
    std::uint64_t number;
    OwnedHandle handle;
  };
  // Of several messages that nobody reads.
  static constexpr std::size_t max_escrow = 8 * max_socket_handles;

  [[nodiscard]] bool write_has_ended() noexcept;  // with the mutex
  void start_write(const PipeHeader& header, std::span<const Escrow> handles,
                   std::span<const std::byte> bytes) noexcept;  // with the mutex
  void tell_taken() noexcept;
  void peer_has_taken(std::uint64_t number) noexcept;

  struct Arrived {
    PipeHeader header;
    std::span<const std::byte> handles;
    std::span<const std::byte> bytes;
  };
  [[nodiscard]] Result<Arrived> parse(std::size_t size) noexcept;
  [[nodiscard]] Result<void> pull(const Arrived& message, std::vector<OwnedHandle>& into);
  [[nodiscard]] Result<HANDLE> sender_of(const PipeHeader& header);
  [[nodiscard]] tl::unexpected<GeyserError> gone(DWORD number) const;

  // Receiving, by one thread.
  OwnedHandle sender_;  // the process whose handles come
  DWORD sender_id_ = 0;
  bool is_broken_ = false;
  DWORD ended_ = ERROR_SUCCESS;

  std::mutex mutex_;  // of all below: who receives also says what it has taken
  std::deque<Escrow> escrow_;
  std::uint64_t next_number_ = 1;
  std::uint64_t taken_ = 0;       // by this end
  std::uint64_t told_taken_ = 0;  // to the peer
  bool write_failed_ = false;
  std::size_t write_bytes_ = 0;
};

}  // namespace geyser::platform
