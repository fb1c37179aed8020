#include "platform/socket.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "common/text.hpp"
#include "platform/win32/socket_state.hpp"

namespace geyser::platform {

using detail::text;

namespace {

// What says nothing is read so often in one go, then the caller's time counts.
constexpr int most_silent = 64;
constexpr DWORD process_rights = PROCESS_DUP_HANDLE | PROCESS_QUERY_LIMITED_INFORMATION;

OwnedHandle own(HANDLE handle) { return OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(handle)); }

// Whose processes do not keep their handles from this one. Errors: protocol (another user), operating_system.
Result<OwnedHandle> open_process(DWORD id) {
  OwnedHandle process = own(::OpenProcess(process_rights, FALSE, id));
  if (!process.has_value()) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::operating_system, text("Process [", id, "] cannot be opened."), number));
  }
  auto theirs = UserId::of_process(handle_of(process.get()));
  if (!theirs) return fail(std::move(theirs.error()));
  auto mine = UserId::own();
  if (!mine) return fail(std::move(mine.error()));
  if (!(*theirs == *mine)) {
    return fail(ErrorCode::protocol, text("Process [", id, "], which sends handles, is another user's."));
  }
  return process;
}

}  // namespace

Socket::State::State(OwnedHandle&& its_pipe, bool strangers) noexcept
    : pipe(std::move(its_pipe)), between_strangers(strangers) {}

// Before the pipe: they are of it.
Socket::State::~State() {
  reading.reset();
  writing.reset();
}

Result<std::unique_ptr<Socket::State>> Socket::State::create(OwnedHandle&& pipe, bool between_strangers) {
  std::unique_ptr<State> state(new State(std::move(pipe), between_strangers));
  auto reading = PipeOperation::create(max_pipe_message);
  if (!reading) return fail(std::move(reading.error()));
  auto writing = PipeOperation::create(max_pipe_message);
  if (!writing) return fail(std::move(writing.error()));
  state->reading = *std::move(reading);
  state->writing = *std::move(writing);
  return state;
}

tl::unexpected<GeyserError> Socket::State::gone(DWORD number) const {
  const bool ended = number == ERROR_BROKEN_PIPE || number == ERROR_NO_DATA || number == ERROR_PIPE_NOT_CONNECTED ||
                     number == ERROR_BAD_PIPE;
  return fail(win32_error(ended ? ErrorCode::abandoned : ErrorCode::operating_system,
                          ended ? "The peer is gone." : "A named pipe fails.", number));
}

DWORD Socket::State::peer_id() const noexcept {
  DWORD flags = 0;
  ULONG id = 0;
  if (::GetNamedPipeInfo(pipe_handle(), &flags, nullptr, nullptr, nullptr) == 0) return 0;
  const BOOL got = (flags & PIPE_SERVER_END) != 0 ? ::GetNamedPipeClientProcessId(pipe_handle(), &id)
                                                  : ::GetNamedPipeServerProcessId(pipe_handle(), &id);
  return got != 0 ? id : 0;
}

Result<SocketPeer> Socket::State::peer() const {
  const DWORD id = peer_id();
  const OwnedHandle process = own(::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, id));
  if (id == 0 || !process.has_value()) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::operating_system, "The peer's process cannot be named.", number));
  }
  auto theirs = UserId::of_process(handle_of(process.get()));
  if (!theirs) return fail(std::move(theirs.error()));
  auto mine = UserId::own();
  if (!mine) return fail(std::move(mine.error()));
  return SocketPeer{id, theirs->last_number(), 0, *theirs == *mine};
}

// A write that its thread did not live to see ended begins again.
bool Socket::State::write_has_ended() noexcept {
  if (!writing->is_running()) return true;
  std::size_t bytes = 0;
  const DWORD number = writing->result(bytes);
  if (number == ERROR_IO_INCOMPLETE) return false;
  if (number == ERROR_OPERATION_ABORTED) {
    writing->write(pipe_handle(), write_bytes_);
    return false;
  }
  write_failed_ = write_failed_ || number != ERROR_SUCCESS;
  return true;
}

void Socket::State::start_write(const PipeHeader& header, std::span<const Escrow> handles,
                                std::span<const std::byte> bytes) noexcept {
  std::byte* at = writing->buffer().data();
  const auto put = [&at](const void* from, std::size_t size) {
    if (size != 0) std::memcpy(at, from, size);
    at += size;
  };
  put(&header, sizeof(header));
  for (const Escrow& one : handles) {
    auto value = static_cast<std::uint64_t>(one.handle.get());
    if (handle_kind_info(one.handle.kind()).is_global_number) value |= pipe_number_flag;
    put(&value, sizeof(value));
  }
  put(bytes.data(), bytes.size());
  told_taken_ = header.taken;
  write_bytes_ = static_cast<std::size_t>(at - writing->buffer().data());
  writing->write(pipe_handle(), write_bytes_);
}

Result<void> Socket::State::send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                                 const Deadline& deadline) {
  if (bytes.empty() || bytes.size() > max_pipe_payload || handles.size() > max_socket_handles) {
    return fail(ErrorCode::invalid_argument,
                text("A message of [", bytes.size(), "] bytes with [", handles.size(), "] handles cannot be sent."));
  }
  std::vector<Escrow> copies;
  for (const OwnedHandle& handle : handles) {
    auto copy = handle.duplicate();
    if (!copy) {
      return fail(GeyserError(ErrorCode::invalid_handle, "A handle of the message is closed.", copy.error().native()));
    }
    copies.push_back({0, *std::move(copy)});
  }
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      const bool ended = write_has_ended();
      if (write_failed_) return gone(ERROR_BROKEN_PIPE);
      if (ended && escrow_.size() + copies.size() <= max_escrow) {
        PipeHeader header;
        header.handle_count = static_cast<std::uint32_t>(copies.size());
        header.process_id = ::GetCurrentProcessId();
        header.number = next_number_++;
        header.taken = taken_;
        for (Escrow& one : copies) one.number = header.number;
        start_write(header, copies, bytes);
        for (Escrow& one : copies) escrow_.push_back(std::move(one));
        // What fits is on its way; the rest is until somebody reads, from this end's own memory.
        static_cast<void>(write_has_ended());
        if (write_failed_) return gone(ERROR_BROKEN_PIPE);
        return {};
      }
    }
    if (deadline.remaining().count() == 0) return fail(ErrorCode::timeout, "The peer does not read in time.");
    if (!writing->wait(deadline)) continue;
    ::Sleep(1);  // for the peer to take what it has been sent
  }
}

// Nothing is lost when there is no room for it now: the next message says it, too.
void Socket::State::tell_taken() noexcept {
  const std::lock_guard lock(mutex_);
  if (taken_ == told_taken_ || !write_has_ended() || write_failed_) return;
  PipeHeader header;
  header.taken = taken_;
  start_write(header, {}, {});
}

void Socket::State::peer_has_taken(std::uint64_t number) noexcept {
  const std::lock_guard lock(mutex_);
  while (!escrow_.empty() && escrow_.front().number <= number) escrow_.pop_front();
}

void Socket::State::listen() noexcept {
  if (!reading->is_running() && ended_ == ERROR_SUCCESS && !is_broken_) reading->read(pipe_handle());
}

Result<Socket::State::Arrived> Socket::State::parse(std::size_t size) noexcept {
  Arrived message;
  const std::span<const std::byte> all = std::span<const std::byte>(reading->buffer()).first(size);
  if (size < sizeof(PipeHeader)) return fail(ErrorCode::protocol, "A message is too short for its header.");
  std::memcpy(&message.header, all.data(), sizeof(PipeHeader));
  const PipeHeader& header = message.header;
  const std::size_t handle_bytes = header.handle_count * sizeof(std::uint64_t);
  if (header.magic != PipeHeader::expected_magic || header.reserved != 0) {
    return fail(ErrorCode::protocol, "A message does not begin as messages do.");
  }
  if (header.handle_count > max_socket_handles || size - sizeof(PipeHeader) < handle_bytes) {
    return fail(ErrorCode::protocol, text("A message has more handles than the [", max_socket_handles,
                                          "] allowed, or is too short for them."));
  }
  message.handles = all.subspan(sizeof(PipeHeader), handle_bytes);
  message.bytes = all.subspan(sizeof(PipeHeader) + handle_bytes);
  if ((header.number == 0) != message.bytes.empty() || message.bytes.size() > max_pipe_payload) {
    return fail(ErrorCode::protocol, text("A message has [", message.bytes.size(), "] bytes."));
  }
  return message;
}

// Between strangers it is the process that the kernel names, whatever the message says.
Result<HANDLE> Socket::State::sender_of(const PipeHeader& header) {
  const DWORD id = between_strangers ? peer_id() : header.process_id;
  if (id == ::GetCurrentProcessId()) return ::GetCurrentProcess();
  if (!sender_.has_value() || sender_id_ != id) {
    auto process = open_process(id);
    if (!process) return fail(std::move(process.error()));
    sender_ = *std::move(process);
    sender_id_ = id;
  }
  return handle_of(sender_.get());
}

Result<void> Socket::State::pull(const Arrived& message, std::vector<OwnedHandle>& into) {
  if (message.header.handle_count == 0) return {};
  auto sender = sender_of(message.header);
  if (!sender) return fail(std::move(sender.error()));
  std::array<OwnedHandle, max_socket_handles> pulled;
  for (std::uint32_t i = 0; i < message.header.handle_count; ++i) {
    std::uint64_t value = 0;
    std::memcpy(&value, message.handles.data() + i * sizeof(value), sizeof(value));
    if ((value & pipe_number_flag) != 0) {
      const std::uint64_t number = value & ~pipe_number_flag;
      if (number == 0 || number > 0xffffffffU) {
        return fail(ErrorCode::protocol, text("Handle [", i, "] of a message is no global number."));
      }
      pulled.at(i) = OwnedHandle::adopt(HandleKind::opaque_win32_kmt, static_cast<NativeHandle>(number));
      continue;
    }
    const HANDLE theirs = handle_of(static_cast<NativeHandle>(value));
    HANDLE mine = nullptr;
    if (theirs == nullptr ||
        ::DuplicateHandle(*sender, theirs, ::GetCurrentProcess(), &mine, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0) {
      const DWORD number = theirs != nullptr ? ::GetLastError() : ERROR_INVALID_HANDLE;
      return fail(win32_error(ErrorCode::protocol, text("Handle [", i, "] of a message cannot be taken."), number));
    }
    pulled.at(i) = own(mine);
  }
  for (std::uint32_t i = 0; i < message.header.handle_count; ++i) into.push_back(std::move(pulled.at(i)));
  return {};
}

Result<std::size_t> Socket::State::receive(std::span<std::byte> into, std::vector<OwnedHandle>* handles,
                                           const Deadline& deadline) {
  for (int silent = 0;;) {
    if (is_broken_) return fail(ErrorCode::protocol, "The peer has sent what is no message before.");
    if (ended_ != ERROR_SUCCESS) return gone(ended_);
    tell_taken();
    listen();
    if (!reading->wait(deadline)) return fail(ErrorCode::timeout, "The peer does not answer in time.");
    std::size_t size = 0;
    const DWORD number = reading->result(size);
    // Its thread has ended meanwhile.
    if (number == ERROR_OPERATION_ABORTED || number == ERROR_IO_INCOMPLETE) continue;
    if (number == ERROR_MORE_DATA) {
      is_broken_ = true;
      return fail(ErrorCode::protocol, text("A message is longer than the [", max_pipe_payload, "] bytes allowed."));
    }
    if (number != ERROR_SUCCESS) {
      ended_ = number;
      return gone(number);
    }
    auto message = parse(size);
    if (!message) {
      is_broken_ = true;
      return fail(std::move(message.error()));
    }
    peer_has_taken(message->header.taken);
    if (message->header.number == 0) {
      listen();
      if (++silent >= most_silent && deadline.remaining().count() == 0) {
        return fail(ErrorCode::timeout, "The peer does not answer in time.");
      }
      continue;
    }
    Result<void> pulled;
    const std::uint32_t count = message->header.handle_count;
    const bool fits = message->bytes.size() <= into.size();
    const std::size_t bytes = message->bytes.size();
    if (fits && handles != nullptr) pulled = pull(*message, *handles);
    if (fits) std::memcpy(into.data(), message->bytes.data(), bytes);
    {
      const std::lock_guard lock(mutex_);
      if (count != 0) taken_ = message->header.number;  // also what was not wanted
    }
    listen();
    tell_taken();
    if (!fits)
      return fail(ErrorCode::protocol, text("A message is longer than the [", into.size(), "] bytes allowed."));
    if (!pulled) return fail(std::move(pulled.error()));
    if (handles == nullptr && count != 0) {
      return fail(ErrorCode::protocol, text("A message has [", count, "] handles where none belongs."));
    }
    return bytes;
  }
}

Socket::Socket() noexcept = default;
Socket::Socket(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Socket::Socket(Socket&& other) noexcept = default;
Socket& Socket::operator=(Socket&& other) noexcept = default;
Socket::~Socket() = default;

Result<std::pair<Socket, Socket>> Socket::pair() {
  auto random = random_name();
  if (!random) return fail(std::move(random.error()));
  const std::wstring name = L"\\\\.\\pipe\\geyser-pair-" + *random;
  auto server = create_pipe(name, true);
  if (!server) return fail(std::move(server.error()));
  auto client = open_pipe(name, Deadline::after(std::chrono::nanoseconds(0)));
  if (!client) return fail(std::move(client.error()));
  auto first = State::create(*std::move(server), false);
  if (!first) return fail(std::move(first.error()));
  auto second = State::create(*std::move(client), false);
  if (!second) return fail(std::move(second.error()));
  return std::pair(Socket(*std::move(first)), Socket(*std::move(second)));
}

Result<Socket> Socket::adopt(NativeHandle handle) {
  DWORD flags = 0;
  const HANDLE pipe = handle_of(handle);
  DWORD mode = PIPE_READMODE_MESSAGE;
  if (pipe == nullptr || ::GetNamedPipeInfo(pipe, &flags, nullptr, nullptr, nullptr) == 0 ||
      (flags & PIPE_TYPE_MESSAGE) == 0 || ::SetNamedPipeHandleState(pipe, &mode, nullptr, nullptr) == 0) {
    return fail(ErrorCode::invalid_handle, text("Handle [", handle, "] is not a named pipe of messages."));
  }
  ::SetHandleInformation(pipe, HANDLE_FLAG_INHERIT, 0);
  auto state = State::create(own(pipe), false);
  if (!state) return fail(std::move(state.error()));
  return Socket(*std::move(state));
}

Result<SocketPeer> Socket::peer() const { return state_->peer(); }

Result<void> Socket::send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                          const Deadline& deadline) {
  return state_->send(bytes, handles, deadline);
}

Result<std::size_t> Socket::receive(std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                    const Deadline& deadline) {
  return state_->receive(buffer, handles, deadline);
}

NativeHandle Socket::native() const noexcept {
  if (state_ == nullptr) return no_native_handle;
  state_->listen();
  return reinterpret_cast<NativeHandle>(state_->reading->event());
}

NativeHandle Socket::detach() noexcept {
  if (state_ == nullptr) return no_native_handle;
  state_->reading->cancel();
  state_->writing->cancel();
  const NativeHandle handle = state_->pipe.detach();
  state_.reset();
  return handle;
}

std::uint32_t own_user_id() noexcept {
  auto user = UserId::own();
  return user ? user->last_number() : 0;
}

}  // namespace geyser::platform
