#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include <geyser/syphon.hpp>

#include "common/text.hpp"
#include "syphon/directory.hpp"
#include "syphon/message_port.hpp"
#include "syphon/picture.hpp"

namespace geyser::syphon {

using detail::text;

Receiver::~Receiver() = default;

namespace {

// How long a server has to say which surface it draws on.
constexpr std::chrono::seconds patience{2};

// What the server has said, on whichever thread.
struct Said {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint32_t surface = 0;
  bool frame = false;
  bool retired = false;
};

void hear(Said& said, std::int32_t type, const Payload& payload) {
  const std::scoped_lock lock(said.mutex);
  switch (static_cast<Notice>(type)) {
    case Notice::new_frame:
      said.frame = true;
      break;
    case Notice::surface:
      if (const auto* id = std::get_if<std::uint32_t>(&payload)) said.surface = *id;
      break;
    case Notice::retired:
      said.retired = true;
      break;
    case Notice::name:
    default:
      return;
  }
  said.changed.notify_all();
}

class OpenReceiver final : public Receiver {
 public:
  OpenReceiver(TextureShareManager& manager, ServerInfo server, std::string name)
      : manager_(manager), server_(std::move(server)), name_(std::move(name)) {}
  ~OpenReceiver() override;
  Result<void> open();
  const ServerInfo& server() const noexcept override { return server_; }
  const TextureDescriptor& descriptor() const noexcept override { return picture_.texture->descriptor(); }
  Result<bool> copy_frame(SharedTexture& to) override;

 private:
  TextureShareManager& manager_;
  ServerInfo server_;
  std::string name_;
  Said said_;
  std::unique_ptr<MessagePort> port_;
  std::optional<RemotePort> remote_;
  Picture picture_;
};

OpenReceiver::~OpenReceiver() {
  if (!remote_) return;
  // A server that is gone knows already.
  static_cast<void>(remote_->send(static_cast<std::int32_t>(Request::remove_frame_client), name_));
  static_cast<void>(remote_->send(static_cast<std::int32_t>(Request::remove_info_client), name_));
}

Result<void> OpenReceiver::open() {
  auto port =
      MessagePort::create(name_, [this](std::int32_t type, const Payload& payload) { hear(said_, type, payload); });
  if (!port) return fail(std::move(port.error()));
  port_ = *std::move(port);
  auto remote = RemotePort::open(server_.uuid);
  if (!remote) return fail(std::move(remote.error()));
  remote_.emplace(*std::move(remote));
  for (const Request request : {Request::add_info_client, Request::add_frame_client}) {
    if (auto sent = remote_->send(static_cast<std::int32_t>(request), name_); !sent) return sent;
  }
  std::uint32_t id = 0;
  {
    std::unique_lock lock(said_.mutex);
    said_.changed.wait_for(lock, patience, [this] { return said_.surface != 0 || said_.retired; });
    if (said_.retired) return fail(ErrorCode::abandoned, "It has retired.");
    id = said_.surface;
  }
  if (id == 0) {
    return fail(ErrorCode::timeout, text("It has drawn nothing in [", patience.count(), "] s."));
  }
  auto picture = open_picture(manager_, id);
  if (!picture) return fail(std::move(picture.error()));
  picture_ = *std::move(picture);
  return {};
}

Result<bool> OpenReceiver::copy_frame(SharedTexture& to) {
  {
    const std::scoped_lock lock(said_.mutex);
    if (said_.retired) {
      return fail(ErrorCode::abandoned,
                  text("Syphon server [", server_.application, "/", server_.name, "] has retired."));
    }
    if (said_.surface != picture_.id) {
      return fail(ErrorCode::stale_state,
                  text("Syphon server [", server_.application, "/", server_.name, "] draws on surface [", said_.surface,
                       "] now, no more on [", picture_.id, "]."));
    }
    if (!std::exchange(said_.frame, false)) return false;
  }
  AccessState state;
  state.initialized = true;
  auto access = picture_.texture->begin_access(AccessMode::read, state);
  if (!access) return fail(std::move(access.error()));
  auto copied = manager_.copy_texture(*picture_.texture, to);
  auto ended = picture_.texture->end_access(*std::move(access));
  if (!copied) return fail(std::move(copied.error()));
  if (!ended) return fail(std::move(ended.error()));
  return true;
}

}  // namespace

Result<std::unique_ptr<Receiver>> Receiver::open(TextureShareManager& manager, const std::string& name) {
  auto server = find_server(name);
  if (!server) return fail(std::move(server.error()));
  auto receiver = std::make_unique<OpenReceiver>(manager, *std::move(server), new_port_name());
  if (auto opened = receiver->open(); !opened) {
    return fail(std::move(opened.error())
                    .during(text("receiving Syphon server [", receiver->server().application, "/",
                                 receiver->server().name, "]")));
  }
  return receiver;
}

}  // namespace geyser::syphon
