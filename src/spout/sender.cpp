#include <algorithm>
#include <optional>
#include <utility>

#include <geyser/d3d11.hpp>
#include <geyser/spout.hpp>

#include "common/text.hpp"
#include "spout/directory.hpp"
#include "spout/layout.hpp"

namespace geyser::spout {

using detail::text;

Sender::~Sender() = default;

namespace {

class ListedSender final : public Sender {
 public:
  ListedSender(TextureShareManager& manager, std::unique_ptr<SharedTexture> texture)
      : manager_(manager), texture_(std::move(texture)) {}
  ~ListedSender() override;
  Result<void> list(const std::string& name);
  const SenderInfo& info() const noexcept override { return info_; }
  Result<void> send(SharedTexture& from) override;

 private:
  void unlist() noexcept;

  TextureShareManager& manager_;
  std::unique_ptr<SharedTexture> texture_;
  SenderInfo info_;
  AccessState state_;
  // A map is there as long as a program has it open.
  std::optional<Map> list_, active_, own_;
  std::optional<platform::NamedMutex> mutex_;
  std::optional<platform::NamedCounter> frames_;
  bool listed_ = false;
};

Result<void> ListedSender::list(const std::string& name) {
  auto parcel = manager_.export_texture(*texture_);
  if (!parcel) return fail(std::move(parcel.error()));
  auto native = d3d11::native(*texture_);
  if (!native) return fail(std::move(native.error()));
  info_.name = name;
  info_.handle = static_cast<std::uint32_t>(parcel->handles[0].get());
  info_.width = texture_->descriptor().extent.width;
  info_.height = texture_->descriptor().extent.height;
  info_.format = native->format;
  info_.program = "geyser";

  auto own = Map::create(name, info_bytes);
  if (!own) return fail(std::move(own.error()));
  if (own->existed()) return fail(ErrorCode::busy, "A sender of that name is there.");
  own_.emplace(*std::move(own));
  // Described before it is listed: programs strike names out that have no description.
  {
    auto locked = own_->lock();
    if (!locked) return fail(std::move(locked.error()));
    if (!write_info(own_->bytes(), info_)) return fail(ErrorCode::operating_system, "The description does not fit.");
  }
  auto mutex = platform::NamedMutex::create(name + "_SpoutAccessMutex");
  if (!mutex) return fail(std::move(mutex.error()));
  mutex_.emplace(*std::move(mutex));
  auto frames = platform::NamedCounter::create(name + "_Count_Semaphore");
  if (!frames) return fail(std::move(frames.error()));
  frames_.emplace(*std::move(frames));
  auto list = Map::create(list_name, usual_senders * name_bytes);
  if (!list) return fail(std::move(list.error()));
  list_.emplace(*std::move(list));
  auto active = Map::create(active_name, name_bytes);
  if (!active) return fail(std::move(active.error()));
  active_.emplace(*std::move(active));

  auto locked = list_->lock();
  if (!locked) return fail(std::move(locked.error()));
  std::vector<std::string> names = read_names(list_->bytes());
  names.push_back(name);
  if (!write_names(list_->bytes(), std::move(names))) {
    return fail(ErrorCode::out_of_memory, "Spout's list of senders is full.");
  }
  listed_ = true;
  auto active_locked = active_->lock();
  if (!active_locked) return fail(std::move(active_locked.error()));
  // The first one is active, and so is who follows one that died.
  const std::string before = read_name(active_->bytes());
  info_.active = before.empty() || before == name || !read_sender(before);
  if (info_.active) write_name(active_->bytes(), name);
  return {};
}

// What cannot be locked is left as it is: programs strike names out whose sender is gone.
void ListedSender::unlist() noexcept {
  if (!listed_) return;
  std::string next;
  if (auto locked = list_->lock()) {
    std::vector<std::string> names = read_names(list_->bytes());
    names.erase(std::remove(names.begin(), names.end(), info_.name), names.end());
    if (!names.empty()) next = names.front();
    static_cast<void>(write_names(list_->bytes(), std::move(names)));
  }
  if (auto locked = active_->lock(); locked && read_name(active_->bytes()) == info_.name) {
    write_name(active_->bytes(), next);
  }
}

ListedSender::~ListedSender() { unlist(); }

Result<void> ListedSender::send(SharedTexture& from) {
  auto locked = Locked::lock(*mutex_);
  if (!locked) return fail(std::move(locked.error()));
  auto access = texture_->begin_access(AccessMode::discard, state_);
  if (!access) return fail(std::move(access.error()));
  auto copied = manager_.copy_texture(from, *texture_);
  // Waits for the device: receivers know of no fence.
  auto ended = texture_->end_access(*std::move(access));
  if (!copied) return copied;
  if (!ended) return fail(std::move(ended.error()));
  state_ = *std::move(ended);
  return frames_->increment();
}

}  // namespace

Result<std::unique_ptr<Sender>> Sender::create(TextureShareManager& manager, const std::string& name,
                                               const TextureDescriptor& descriptor) {
  const auto refuse = [&](GeyserError&& error) {
    return fail(std::move(error).during(text("becoming Spout sender [", name, "]")));
  };
  if (name.empty() || name.size() >= name_bytes - 24) {  // its mutexes have longer names
    return refuse({ErrorCode::invalid_argument,
                   text("A sender's name has [1] to [", name_bytes - 25, "] bytes, not [", name.size(), "].")});
  }
  if (manager.capabilities().api != Api::d3d11) {
    return refuse({ErrorCode::invalid_argument,
                   text("The manager is of API [", to_string(manager.capabilities().api), "], not [d3d11].")});
  }
  auto texture = manager.create_texture(descriptor, HandleKind::d3d_kmt);
  if (!texture) return refuse(std::move(texture.error()));
  auto sender = std::make_unique<ListedSender>(manager, *std::move(texture));
  if (auto listed = sender->list(name); !listed) return refuse(std::move(listed.error()));
  return sender;
}

}  // namespace geyser::spout
