// A name with several pipes behind it, so that those who come at once need not wait for each other.
#include <array>
#include <utility>

#include "common/text.hpp"
#include "platform/poller.hpp"
#include "platform/win32/socket_state.hpp"
#include "platform/win32/text.hpp"

namespace geyser::platform {

using detail::text;

namespace {

constexpr std::size_t pipes_behind_a_name = 4;

// Pipes have names of their own, one space for the whole machine: FNV-1a, twice 64 bits, of the path in full.
Result<std::wstring> pipe_name(const std::string& path) {
  const std::wstring wide = to_wide(path);
  std::array<wchar_t, 1024> full{};
  const DWORD size = ::GetFullPathNameW(wide.c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr);
  if (path.empty() || size == 0 || size >= full.size()) {
    return fail(ErrorCode::invalid_argument,
                text("Socket path [", path, "] has [", path.size(), "] bytes, too many or too few."));
  }
  ::CharLowerBuffW(full.data(), size);
  std::wstring name = L"\\\\.\\pipe\\geyser-";
  for (const std::uint64_t seed : {0xcbf29ce484222325ULL, 0x84222325cbf29ce4ULL}) {
    std::uint64_t hash = seed;
    for (DWORD i = 0; i < size; ++i) {
      const wchar_t c = full.at(i) == L'/' ? L'\\' : full.at(i);
      hash = (hash ^ (c & 0xffU)) * 0x100000001b3ULL;
      hash = (hash ^ static_cast<unsigned>(c) >> 8U) * 0x100000001b3ULL;
    }
    for (int shift = 60; shift >= 0; shift -= 4) {
      name += L"0123456789abcdef"[hash >> static_cast<unsigned>(shift) & 0xfU];
    }
  }
  return name;
}

}  // namespace

struct SocketListener::State {
  struct Pending {
    OwnedHandle pipe;
    std::unique_ptr<PipeOperation> connection;  // of the pipe: goes first
  };
  State(std::wstring its_name, Poller&& its_poller) : name(std::move(its_name)), poller(std::move(its_poller)) {}

  std::wstring name;
  std::array<Pending, pipes_behind_a_name> pending;
  Poller poller;  // watches what is above: goes first

  [[nodiscard]] Result<void> open(std::size_t place, bool first) {
    auto pipe = create_pipe(name, first);
    if (!pipe) return fail(std::move(pipe.error()));
    auto connection = PipeOperation::create(1);
    if (!connection) return fail(std::move(connection.error()));
    (*connection)->connect(handle_of(pipe->get()));
    auto added = poller.add(event_of(**connection), place);
    if (!added) return added;
    pending.at(place).pipe = *std::move(pipe);
    pending.at(place).connection = *std::move(connection);
    return {};
  }
  [[nodiscard]] Result<void> reopen_missing() {
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if (pending.at(i).connection != nullptr) continue;
      if (auto opened = open(i, false); !opened) return opened;
    }
    return {};
  }
  // The pipe, when somebody has come.
  [[nodiscard]] OwnedHandle take(std::size_t place) {
    Pending& one = pending.at(place);
    std::size_t none = 0;
    const DWORD number = one.connection->result(none);
    if (number == ERROR_IO_INCOMPLETE) return {};
    poller.remove(event_of(*one.connection));
    one.connection.reset();
    OwnedHandle pipe = std::move(one.pipe);
    return number == ERROR_SUCCESS || number == ERROR_PIPE_CONNECTED ? std::move(pipe) : OwnedHandle();
  }
  static NativeHandle event_of(const PipeOperation& operation) noexcept {
    return reinterpret_cast<NativeHandle>(operation.event());
  }
};

SocketListener::SocketListener() noexcept = default;
SocketListener::SocketListener(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
SocketListener::SocketListener(SocketListener&& other) noexcept = default;
SocketListener& SocketListener::operator=(SocketListener&& other) noexcept = default;
SocketListener::~SocketListener() = default;

Result<SocketListener> SocketListener::create(const std::string& path) {
  auto name = pipe_name(path);
  if (!name) return fail(std::move(name.error()));
  auto poller = Poller::create();
  if (!poller) return fail(std::move(poller.error()));
  auto state = std::make_unique<State>(*std::move(name), *std::move(poller));
  if (auto opened = state->open(0, true); !opened) return fail(std::move(opened.error()));
  if (auto opened = state->reopen_missing(); !opened) return fail(std::move(opened.error()));
  return SocketListener(std::move(state));
}

Result<Socket> SocketListener::accept(const Deadline& deadline) {
  for (;;) {
    if (auto opened = state_->reopen_missing(); !opened) return fail(std::move(opened.error()));
    std::array<std::uint64_t, 1> place{};
    auto count = state_->poller.wait(place, deadline.remaining());
    if (!count) return fail(std::move(count.error()));
    if (*count == 0) return fail(ErrorCode::timeout, "Nobody connects in time.");
    OwnedHandle pipe = state_->take(place[0]);
    if (!pipe.has_value()) continue;
    // Whoever comes meanwhile finds a pipe; without descriptors the next call tries again.
    static_cast<void>(state_->reopen_missing());
    auto socket = Socket::State::create(std::move(pipe), true);
    if (!socket) return fail(std::move(socket.error()));
    return Socket(*std::move(socket));
  }
}

NativeHandle SocketListener::native() const noexcept {
  return state_ != nullptr ? state_->poller.native() : no_native_handle;
}

Result<Socket> Socket::connect(const std::string& path, const Deadline& deadline) {
  auto name = pipe_name(path);
  if (!name) return fail(std::move(name.error()));
  auto pipe = open_pipe(*name, deadline);
  if (!pipe) return fail(std::move(pipe.error()));
  auto state = State::create(*std::move(pipe), true);
  if (!state) return fail(std::move(state.error()));
  return Socket(*std::move(state));
}

}  // namespace geyser::platform
