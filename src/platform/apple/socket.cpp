// The classes of platform/socket.hpp over Mach ports (mach_channel.hpp), found by a file (service_file.hpp).
#include "platform/socket.hpp"

#include <unistd.h>

#include <utility>

#include "common/text.hpp"
#include "platform/apple/mach_channel.hpp"
#include "platform/apple/service_file.hpp"

namespace geyser::platform {

using detail::text;

struct Socket::State {
  MachChannel channel;
  ServiceFile file;  // of a peer that has not sent anything yet: what is known of it
};

namespace {

bool is_trusted_user(std::uint32_t user) { return user == own_user_id() || user == 0; }

Socket wrap(MachChannel&& channel, ServiceFile&& file = {}) {
  return Socket(std::make_unique<Socket::State>(Socket::State{std::move(channel), std::move(file)}));
}

}  // namespace

Socket::Socket() noexcept = default;
Socket::Socket(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Socket::Socket(Socket&& other) noexcept = default;
Socket& Socket::operator=(Socket&& other) noexcept = default;
Socket::~Socket() = default;

Result<std::pair<Socket, Socket>> Socket::pair() {
  auto ends = MachChannel::pair();
  if (!ends) return fail(std::move(ends.error()));
  return std::pair(wrap(std::move(ends->first)), wrap(std::move(ends->second)));
}

Result<Socket> Socket::connect(const std::string& path, const Deadline& deadline) {
  auto file = read_service_file(path);
  if (!file) return fail(std::move(file.error()));
  if (!is_trusted_user(file->user_id)) {
    return fail(ErrorCode::protocol, text("The file [", path, "] belongs to user [", file->user_id, "], not to [",
                                          own_user_id(), "] or root."));
  }
  auto channel = MachChannel::connect(file->name, deadline);
  if (!channel) return fail(std::move(channel.error()));
  return wrap(*std::move(channel), *std::move(file));
}

// Neither end is one handle, and rights do not outlive exec().
Result<Socket> Socket::adopt(NativeHandle handle) {
  return fail(
      GeyserError(ErrorCode::invalid_handle, text("Handle [", handle, "] is no channel: over Mach ports none is."))
          .suggest("Channel::connect(), by the path of a Listener"));
}

Result<SocketPeer> Socket::peer() const {
  const auto peer = state_->channel.peer();
  if (!peer) return SocketPeer{state_->file.process_id, state_->file.user_id, 0, true};
  return SocketPeer{peer->process_id, peer->user_id, peer->group_id, is_trusted_user(peer->user_id)};
}

Result<void> Socket::send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                          const Deadline& deadline) {
  return state_->channel.send(bytes, handles, deadline);
}

Result<std::size_t> Socket::receive(std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                    const Deadline& deadline) {
  return state_->channel.receive(buffer, handles, deadline);
}

NativeHandle Socket::native() const noexcept { return state_ != nullptr ? state_->channel.native() : no_native_handle; }
NativeHandle Socket::detach() noexcept { return no_native_handle; }

struct SocketListener::State {
  MachService service;
  std::string path;
  ~State() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

SocketListener::SocketListener() noexcept = default;
SocketListener::SocketListener(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
SocketListener::SocketListener(SocketListener&& other) noexcept = default;
SocketListener& SocketListener::operator=(SocketListener&& other) noexcept = default;
SocketListener::~SocketListener() = default;

Result<SocketListener> SocketListener::create(const std::string& path) {
  const std::string name = new_service_name(path);
  auto service = MachService::create(name);
  if (!service) return fail(std::move(service.error()));
  // Last, so that whoever finds the file finds the service.
  if (auto written = write_service_file(path, name); !written) return fail(std::move(written.error()));
  auto state = std::make_unique<State>();
  state->service = *std::move(service);
  state->path = path;
  return SocketListener(std::move(state));
}

Result<Socket> SocketListener::accept(const Deadline& deadline) {
  auto channel = state_->service.accept(deadline);
  if (!channel) return fail(std::move(channel.error()));
  return wrap(*std::move(channel));
}

NativeHandle SocketListener::native() const noexcept {
  return state_ != nullptr ? state_->service.native() : no_native_handle;
}

std::uint32_t own_user_id() noexcept { return ::geteuid(); }

}  // namespace geyser::platform
