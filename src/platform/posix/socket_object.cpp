// The classes of platform/socket.hpp over descriptors.
#include "platform/socket.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "platform/posix/error.hpp"
#include "platform/posix/socket.hpp"

namespace geyser::platform {

struct Socket::State {
  OwnedHandle handle;
};

namespace {

Socket wrap(OwnedHandle&& handle) { return Socket(std::make_unique<Socket::State>(Socket::State{std::move(handle)})); }

}  // namespace

Socket::Socket() noexcept = default;
Socket::Socket(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Socket::Socket(Socket&& other) noexcept = default;
Socket& Socket::operator=(Socket&& other) noexcept = default;
Socket::~Socket() = default;

Result<std::pair<Socket, Socket>> Socket::pair() {
  auto ends = socket_pair();
  if (!ends) return fail(std::move(ends.error()));
  return std::pair(wrap(std::move(ends->first)), wrap(std::move(ends->second)));
}

Result<Socket> Socket::connect(const std::string& path, const Deadline& deadline) {
  auto handle = socket_connect(path, deadline);
  if (!handle) return fail(std::move(handle.error()));
  return wrap(*std::move(handle));
}

Result<Socket> Socket::adopt(NativeHandle handle) {
  if (auto good = socket_check(handle); !good) return fail(std::move(good.error()));
  ::fcntl(descriptor_of(handle), F_SETFD, FD_CLOEXEC);  // it came through an exec
  return wrap(OwnedHandle::adopt(HandleKind::none, handle));
}

Result<SocketPeer> Socket::peer() const { return socket_peer(native()); }

Result<void> Socket::send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                          const Deadline& deadline) {
  return socket_send(native(), bytes, handles, deadline);
}

Result<std::size_t> Socket::receive(std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                    const Deadline& deadline) {
  return socket_receive(native(), buffer, handles, deadline);
}

NativeHandle Socket::native() const noexcept { return state_ != nullptr ? state_->handle.get() : no_native_handle; }
NativeHandle Socket::detach() noexcept { return state_ != nullptr ? state_->handle.detach() : no_native_handle; }

struct SocketListener::State {
  OwnedHandle handle;
  std::string path;
  ~State() {
    if (!path.empty()) socket_unlink(path);
  }
};

SocketListener::SocketListener() noexcept = default;
SocketListener::SocketListener(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
SocketListener::SocketListener(SocketListener&& other) noexcept = default;
SocketListener& SocketListener::operator=(SocketListener&& other) noexcept = default;
SocketListener::~SocketListener() = default;

Result<SocketListener> SocketListener::create(const std::string& path) {
  auto state = std::make_unique<State>();
  auto handle = socket_listen(path);
  if (!handle) return fail(std::move(handle.error()));
  state->handle = *std::move(handle);
  state->path = path;
  return SocketListener(std::move(state));
}

Result<Socket> SocketListener::accept(const Deadline& deadline) {
  auto handle = socket_accept(native(), deadline);
  if (!handle) return fail(std::move(handle.error()));
  return wrap(*std::move(handle));
}

NativeHandle SocketListener::native() const noexcept {
  return state_ != nullptr ? state_->handle.get() : no_native_handle;
}

std::uint32_t own_user_id() noexcept { return ::geteuid(); }

}  // namespace geyser::platform
