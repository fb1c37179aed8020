#include <geyser/channel.hpp>

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "common/text.hpp"
#include "platform/socket.hpp"

namespace geyser {

using detail::text;
using platform::Deadline;

struct Channel::Impl {
  platform::Socket socket;
  std::vector<std::byte> buffer;  // for whole messages; made at the first one
};

struct Listener::Impl {
  platform::SocketListener socket;
  std::string path;
};

Channel::Channel(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Channel::Channel(Channel&&) noexcept = default;
Channel& Channel::operator=(Channel&&) noexcept = default;
Channel::~Channel() = default;

Result<std::pair<Channel, Channel>> Channel::make_pair() {
  auto ends = platform::Socket::pair();
  if (!ends) return fail(std::move(ends.error()).during("making a channel"));
  return std::pair(Channel(std::make_unique<Impl>(Impl{std::move(ends->first), {}})),
                   Channel(std::make_unique<Impl>(Impl{std::move(ends->second), {}})));
}

Result<Channel> Channel::connect(const std::string& path, std::chrono::nanoseconds timeout) {
  auto socket = platform::Socket::connect(path, Deadline::after(timeout));
  if (!socket) return fail(std::move(socket.error()).during(text("connecting to [", path, "]")));
  auto peer = socket->peer();
  if (!peer) return fail(std::move(peer.error()));
  if (!peer->is_trusted) {
    return fail(ErrorCode::protocol, text("The socket [", path, "] belongs to user [", peer->user_id, "], not to [",
                                          platform::own_user_id(), "] or root."));
  }
  return Channel(std::make_unique<Impl>(Impl{*std::move(socket), {}}));
}

Result<Channel> Channel::adopt(NativeHandle socket) {
  auto adopted = platform::Socket::adopt(socket);
  if (!adopted) return fail(std::move(adopted.error()));
  return Channel(std::make_unique<Impl>(Impl{*std::move(adopted), {}}));
}

Result<void> Channel::send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                           std::chrono::nanoseconds timeout) {
  if (bytes.size() > wire::max_message_bytes) {
    return fail(ErrorCode::invalid_argument, text("The message has [", bytes.size(), "] bytes, at most [",
                                                  wire::max_message_bytes, "] are possible."));
  }
  return impl_->socket.send(bytes, handles, Deadline::after(timeout));
}

Result<std::size_t> Channel::receive(std::span<std::byte> buffer, std::vector<OwnedHandle>& handles,
                                     std::chrono::nanoseconds timeout) {
  return impl_->socket.receive(buffer, &handles, Deadline::after(timeout));
}

Result<void> Channel::send(wire::Message&& message, std::chrono::nanoseconds timeout) {
  auto encoded = wire::encode(std::move(message));
  if (!encoded) return fail(std::move(encoded.error()).during("sending a message"));
  return send(encoded->bytes, encoded->handles, timeout);
}

Result<wire::Message> Channel::receive_message(std::chrono::nanoseconds timeout) {
  impl_->buffer.resize(wire::max_message_bytes);
  std::vector<OwnedHandle> handles;
  auto size = receive(impl_->buffer, handles, timeout);
  if (!size) return fail(std::move(size.error()).during("receiving a message"));
  return wire::decode(std::span(impl_->buffer).first(*size), std::move(handles));
}

Result<void> Channel::send(const wire::Frame& frame, std::chrono::nanoseconds timeout) {
  const wire::FrameBytes bytes = wire::encode(frame);
  return impl_->socket.send(bytes, {}, Deadline::after(timeout));
}

Result<wire::Frame> Channel::receive_frame(std::chrono::nanoseconds timeout) {
  std::array<std::byte, wire::frame_bytes> bytes{};
  auto size = impl_->socket.receive(bytes, nullptr, Deadline::after(timeout));
  if (!size) return fail(std::move(size.error()).during("receiving a frame"));
  return wire::decode_frame(std::span<const std::byte>(bytes).first(*size));
}

Result<void> Channel::send_fences(const AccessState& state, std::chrono::nanoseconds timeout) {
  wire::Fences message;
  for (const SyncPoints* points : {&state.writer, &state.readers}) {
    for (const SyncPoint& point : *points) {
      if (point.fence->kind() != FenceKind::sync_file) continue;
      auto handle = point.fence->export_handle();
      if (!handle) return fail(std::move(handle.error()));
      message.fences.push_back(*std::move(handle));
    }
  }
  if (message.fences.empty()) return {};
  return send(wire::Message(std::move(message)), timeout);
}

Result<wire::Frame> Channel::receive_frame(std::span<const std::shared_ptr<SharedFence>> fences,
                                           std::chrono::nanoseconds timeout) {
  impl_->buffer.resize(wire::max_message_bytes);
  const Deadline deadline = Deadline::after(timeout);
  for (;;) {
    std::vector<OwnedHandle> handles;
    auto size = receive(impl_->buffer, handles, deadline.remaining());
    if (!size) return fail(std::move(size.error()).during("receiving a frame"));
    const auto bytes = std::span<const std::byte>(impl_->buffer).first(*size);
    const bool is_frame = *size >= 4 && std::memcmp(bytes.data(), "GYSF", 4) == 0;
    if (is_frame && handles.empty()) return wire::decode_frame(bytes);
    auto message = wire::decode(bytes, std::move(handles));
    if (!message) return fail(std::move(message.error()).during("receiving a frame"));
    auto* newer = std::get_if<wire::Fences>(&*message);
    if (newer == nullptr) return fail(ErrorCode::protocol, "A message of another kind came in place of a frame.");
    for (FenceHandle& handle : newer->fences) {
      const auto known =
          std::find_if(fences.begin(), fences.end(), [&](const auto& fence) { return fence->id() == handle.id; });
      if (known == fences.end()) {
        return fail(ErrorCode::protocol, text("Field [fence.id] is [", handle.id, "], which is no fence here."));
      }
      if (auto done = (*known)->update(std::move(handle)); !done) return fail(std::move(done.error()));
    }
  }
}

Result<PeerCredentials> Channel::peer_credentials() const {
  auto peer = impl_->socket.peer();
  if (!peer) return fail(std::move(peer.error()));
  return PeerCredentials{peer->process_id, peer->user_id, peer->group_id};
}

NativeHandle Channel::native() const noexcept { return impl_->socket.native(); }
NativeHandle Channel::detach() noexcept { return impl_->socket.detach(); }

Listener::Listener(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;
Listener::~Listener() = default;

Result<Listener> Listener::create(const std::string& path) {
  auto socket = platform::SocketListener::create(path);
  if (!socket) return fail(std::move(socket.error()).during(text("listening at [", path, "]")));
  auto impl = std::make_unique<Impl>();
  impl->socket = *std::move(socket);
  impl->path = path;
  return Listener(std::move(impl));
}

Result<Channel> Listener::accept(std::chrono::nanoseconds timeout) {
  const Deadline deadline = Deadline::after(timeout);
  for (;;) {
    auto socket = impl_->socket.accept(deadline);
    if (!socket) return fail(std::move(socket.error()).during(text("accepting at [", impl_->path, "]")));
    auto peer = socket->peer();
    if (peer && peer->is_trusted) {
      return Channel(std::make_unique<Channel::Impl>(Channel::Impl{*std::move(socket), {}}));
    }
    // They may come without end.
    if (deadline.remaining().count() == 0) return fail(ErrorCode::timeout, "Only other users connect.");
  }
}

NativeHandle Listener::native() const noexcept { return impl_->socket.native(); }

}  // namespace geyser
