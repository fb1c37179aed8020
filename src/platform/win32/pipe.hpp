// One overlapped read, write or connection of a named pipe at a time, with the memory that it works on.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <geyser/error.hpp>
#include <geyser/handle.hpp>

#include "platform/deadline.hpp"
#include "platform/win32/error.hpp"

namespace geyser::platform {

// The system writes into it until it has ended: it never moves, and its destructor waits for what it has cancelled.
class PipeOperation {
 public:
  // Errors: operating_system.
  [[nodiscard]] static Result<std::unique_ptr<PipeOperation>> create(std::size_t buffer_bytes);
  PipeOperation(const PipeOperation&) = delete;
  PipeOperation& operator=(const PipeOperation&) = delete;
  ~PipeOperation() { cancel(); }

  [[nodiscard]] std::span<std::byte> buffer() noexcept { return {buffer_.get(), buffer_bytes_}; }
  // Signalled when the operation has ended, and before the first one. Manual-reset.
  [[nodiscard]] HANDLE event() const noexcept { return handle_of(event_.get()); }

  void read(HANDLE pipe) noexcept;
  void write(HANDLE pipe, std::size_t bytes) noexcept;
  void connect(HANDLE pipe) noexcept;

  [[nodiscard]] bool is_running() const noexcept { return running_; }
  // How it ended: ERROR_SUCCESS, ERROR_IO_INCOMPLETE when it has not, else why it failed. Never waits.
  [[nodiscard]] DWORD result(std::size_t& bytes) noexcept;
  // False: it has not ended when the time is over.
  [[nodiscard]] bool wait(const Deadline& deadline) const noexcept;
  void cancel() noexcept;

 private:
  PipeOperation() = default;
  void begin(HANDLE pipe) noexcept;
  void begun(BOOL done) noexcept;

  OVERLAPPED overlapped_{};
  OwnedHandle event_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t buffer_bytes_ = 0;
  HANDLE pipe_ = nullptr;
  bool running_ = false;
  DWORD failure_ = ERROR_SUCCESS;  // it has not even begun
};

// A new pipe end of the server: messages, overlapped, this user only, this machine only. Errors: busy (`first`, and the
// name is there), operating_system.
[[nodiscard]] Result<OwnedHandle> create_pipe(const std::wstring& name, bool first);
// Errors: not_available, timeout.
[[nodiscard]] Result<OwnedHandle> open_pipe(const std::wstring& name, const Deadline& deadline);

// Bytes that wait in a pipe before a writer has to.
inline constexpr DWORD pipe_quota = 256 * 1024;

}  // namespace geyser::platform
