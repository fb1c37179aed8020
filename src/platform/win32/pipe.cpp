#include "platform/win32/pipe.hpp"

#include "platform/win32/security.hpp"

namespace geyser::platform {

Result<std::unique_ptr<PipeOperation>> PipeOperation::create(std::size_t buffer_bytes) {
  std::unique_ptr<PipeOperation> operation(new PipeOperation());
  const HANDLE event = ::CreateEventW(nullptr, TRUE, TRUE, nullptr);
  if (event == nullptr) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::operating_system, "CreateEventW failed.", number));
  }
  operation->event_ = OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(event));
  operation->buffer_ = std::make_unique<std::byte[]>(buffer_bytes);
  operation->buffer_bytes_ = buffer_bytes;
  return operation;
}

void PipeOperation::begin(HANDLE pipe) noexcept {
  overlapped_ = {};
  overlapped_.hEvent = event();
  pipe_ = pipe;
  running_ = true;
  failure_ = ERROR_SUCCESS;
}

// An event that is left unsignalled by a call that ended at once would hide that it has.
void PipeOperation::begun(BOOL done) noexcept {
  const DWORD number = ::GetLastError();
  if (done == 0 && number == ERROR_IO_PENDING) return;
  if (done == 0 && number != ERROR_MORE_DATA) failure_ = number;
  ::SetEvent(event());
}

void PipeOperation::read(HANDLE pipe) noexcept {
  begin(pipe);
  begun(::ReadFile(pipe, buffer_.get(), static_cast<DWORD>(buffer_bytes_), nullptr, &overlapped_));
}

void PipeOperation::write(HANDLE pipe, std::size_t bytes) noexcept {
  begin(pipe);
  begun(::WriteFile(pipe, buffer_.get(), static_cast<DWORD>(bytes), nullptr, &overlapped_));
}

void PipeOperation::connect(HANDLE pipe) noexcept {
  begin(pipe);
  begun(::ConnectNamedPipe(pipe, &overlapped_));
}

DWORD PipeOperation::result(std::size_t& bytes) noexcept {
  bytes = 0;
  if (failure_ != ERROR_SUCCESS) {
    running_ = false;
    return failure_;
  }
  DWORD count = 0;
  DWORD number = ERROR_SUCCESS;
  if (::GetOverlappedResult(pipe_, &overlapped_, &count, FALSE) == 0) number = ::GetLastError();
  if (number == ERROR_IO_INCOMPLETE) return number;
  running_ = false;
  bytes = count;
  return number;
}

bool PipeOperation::wait(const Deadline& deadline) const noexcept {
  return ::WaitForSingleObject(event(), static_cast<DWORD>(deadline.remaining_milliseconds())) == WAIT_OBJECT_0;
}

void PipeOperation::cancel() noexcept {
  if (!running_) return;
  running_ = false;
  if (failure_ != ERROR_SUCCESS) return;
  ::CancelIoEx(pipe_, &overlapped_);
  DWORD count = 0;
  ::GetOverlappedResult(pipe_, &overlapped_, &count, TRUE);
}

Result<OwnedHandle> create_pipe(const std::wstring& name, bool first) {
  auto security = ObjectSecurity::own_user();
  if (!security) return fail(std::move(security.error()));
  // The first one makes sure that nobody else has the name, Wine 8 not: asking does, but for a moment in between.
  if (first && (::WaitNamedPipeW(name.c_str(), NMPWAIT_NOWAIT) != 0 || ::GetLastError() == ERROR_SEM_TIMEOUT)) {
    return fail(ErrorCode::busy, "The pipe's name is in use.");
  }
  const DWORD open = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0U);
  const DWORD mode = PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
  const HANDLE pipe = ::CreateNamedPipeW(name.c_str(), open, mode, PIPE_UNLIMITED_INSTANCES, pipe_quota, pipe_quota, 0,
                                         security->get());
  if (pipe == INVALID_HANDLE_VALUE) {
    const DWORD number = ::GetLastError();
    const bool taken = first && (number == ERROR_ACCESS_DENIED || number == ERROR_PIPE_BUSY);
    return fail(win32_error(taken ? ErrorCode::busy : ErrorCode::operating_system,
                            taken ? "The pipe's name is in use." : "CreateNamedPipeW failed.", number));
  }
  return OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(pipe));
}

Result<OwnedHandle> open_pipe(const std::wstring& name, const Deadline& deadline) {
  // The server may learn who this is, and do nothing in its name.
  constexpr DWORD flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
  for (;;) {
    const HANDLE pipe =
        ::CreateFileW(name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, flags, nullptr);
    if (pipe != INVALID_HANDLE_VALUE) {
      OwnedHandle handle = OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(pipe));
      DWORD mode = PIPE_READMODE_MESSAGE;
      if (::SetNamedPipeHandleState(pipe, &mode, nullptr, nullptr) != 0) return handle;
      const DWORD number = ::GetLastError();
      return fail(win32_error(ErrorCode::not_available, "It is no pipe of messages.", number));
    }
    const DWORD number = ::GetLastError();
    if (number != ERROR_PIPE_BUSY) {
      return fail(win32_error(
          ErrorCode::not_available,
          number == ERROR_ACCESS_DENIED ? "The pipe's rights keep this user out." : "Nobody listens there.", number));
    }
    if (deadline.remaining().count() == 0) return fail(ErrorCode::timeout, "The pipe does not accept in time.");
    ::Sleep(5);
  }
}

}  // namespace geyser::platform
