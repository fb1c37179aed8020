#include <algorithm>
#include <map>
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

Sender::~Sender() = default;

namespace {

constexpr std::size_t max_name_bytes = 255;
// Nobody fills this program's memory with the names of ports.
constexpr std::size_t max_clients = 64;

std::int32_t number(Notice notice) { return static_cast<std::int32_t>(notice); }

struct Client {
  RemotePort port;
  bool info = false, frames = false;
};

// Who wants to be told; called on the port's thread, too.
class Clients {
 public:
  explicit Clients(std::uint32_t surface) : surface_(surface) {}
  void hear(std::int32_t type, const Payload& payload);
  void retire();
  std::size_t count() const;
  // A frame is there.
  void draw();

 private:
  // The mutex is held.
  void tell(Notice notice, bool Client::*those, const Payload& payload);
  void add(const std::string& name, bool Client::*what);
  void remove(const std::string& name, bool Client::*what);

  mutable std::mutex mutex_;
  const std::uint32_t surface_;
  bool drawn_ = false;
  std::map<std::string, Client> all_;
};

void Clients::hear(std::int32_t type, const Payload& payload) {
  const auto* name = std::get_if<std::string>(&payload);
  if (name == nullptr || name->empty()) return;
  const std::scoped_lock lock(mutex_);
  switch (static_cast<Request>(type)) {
    case Request::add_info_client:
      return add(*name, &Client::info);
    case Request::add_frame_client:
      return add(*name, &Client::frames);
    case Request::remove_info_client:
      return remove(*name, &Client::info);
    case Request::remove_frame_client:
      return remove(*name, &Client::frames);
  }
}

void Clients::add(const std::string& name, bool Client::*what) {
  auto found = all_.find(name);
  if (found == all_.end()) {
    if (all_.size() >= max_clients) return;
    auto port = RemotePort::open(name);
    if (!port) return;
    found = all_.emplace(name, Client{*std::move(port)}).first;
  }
  Client& client = found->second;
  client.*what = true;
  // Before the first frame there is nothing to look at.
  const bool info = what == &Client::info;
  if (!drawn_) return;
  const auto told =
      info ? client.port.send(number(Notice::surface), surface_) : client.port.send(number(Notice::new_frame));
  if (!told) all_.erase(found);
}

void Clients::remove(const std::string& name, bool Client::*what) {
  const auto found = all_.find(name);
  if (found == all_.end()) return;
  found->second.*what = false;
  if (!found->second.info && !found->second.frames) all_.erase(found);
}

void Clients::draw() {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(drawn_, true)) tell(Notice::surface, &Client::info, surface_);
  tell(Notice::new_frame, &Client::frames, {});
}

void Clients::retire() {
  const std::scoped_lock lock(mutex_);
  tell(Notice::retired, &Client::info, {});
}

// A client that hangs misses a frame; one that is gone is forgotten.
void Clients::tell(Notice notice, bool Client::*those, const Payload& payload) {
  for (auto one = all_.begin(); one != all_.end();) {
    const auto told = one->second.*those ? one->second.port.send(number(notice), payload) : Result<void>();
    one = !told && told.error().code() == ErrorCode::abandoned ? all_.erase(one) : std::next(one);
  }
}

std::size_t Clients::count() const {
  const std::scoped_lock lock(mutex_);
  return all_.size();
}

class AnnouncedSender final : public Sender {
 public:
  AnnouncedSender(TextureShareManager& manager, Picture picture, ServerInfo info)
      : manager_(manager), info_(std::move(info)), picture_(std::move(picture)), clients_(picture_.id) {}
  ~AnnouncedSender() override {
    announcement_.reset();
    port_.reset();
    clients_.retire();
  }
  Result<void> announce() {
    auto port = MessagePort::create(
        info_.uuid, [this](std::int32_t type, const Payload& payload) { clients_.hear(type, payload); });
    if (!port) return fail(std::move(port.error()));
    port_ = *std::move(port);
    announcement_.emplace(info_);
    return {};
  }
  const ServerInfo& info() const noexcept override { return info_; }
  std::size_t client_count() const override { return clients_.count(); }
  Result<void> send(SharedTexture& from) override;

 private:
  TextureShareManager& manager_;
  ServerInfo info_;
  Picture picture_;
  AccessState state_;
  Clients clients_;
  std::unique_ptr<MessagePort> port_;
  std::optional<Announcement> announcement_;
};

Result<void> AnnouncedSender::send(SharedTexture& from) {
  announcement_->service();
  auto access = picture_.texture->begin_access(AccessMode::discard, state_);
  if (!access) return fail(std::move(access.error()));
  auto copied = manager_.copy_texture(from, *picture_.texture);
  // Without a fence it returns when the device is done.
  auto ended = picture_.texture->end_access(*std::move(access));
  if (!copied) return fail(std::move(copied.error()));
  if (!ended) return fail(std::move(ended.error()));
  state_ = *std::move(ended);
  clients_.draw();
  return {};
}

}  // namespace

Result<std::unique_ptr<Sender>> Sender::create(TextureShareManager& manager, const std::string& name,
                                               const TextureDescriptor& descriptor) {
  const auto refuse = [&](GeyserError&& error) {
    return fail(std::move(error).during(text("making Syphon server [", name, "]")));
  };
  if (name.size() > max_name_bytes) {
    return refuse({ErrorCode::invalid_argument,
                   text("A name of [", name.size(), "] bytes is longer than the limit [", max_name_bytes, "].")});
  }
  auto picture = create_picture(manager, descriptor);
  if (!picture) return refuse(std::move(picture.error()));
  auto sender = std::make_unique<AnnouncedSender>(manager, *std::move(picture),
                                                  ServerInfo{new_port_name(), name, program_name()});
  if (auto done = sender->announce(); !done) return refuse(std::move(done.error()));
  return sender;
}

}  // namespace geyser::syphon
