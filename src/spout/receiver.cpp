#include <utility>

#include <geyser/d3d11.hpp>
#include <geyser/spout.hpp>

#include "common/text.hpp"
#include "spout/directory.hpp"

namespace geyser::spout {

using detail::text;

Receiver::~Receiver() = default;

namespace {

class OpenReceiver final : public Receiver {
 public:
  OpenReceiver(TextureShareManager& manager, SenderInfo sender, std::unique_ptr<SharedTexture> texture,
               platform::NamedMutex mutex, platform::NamedCounter frames)
      : manager_(manager),
        sender_(std::move(sender)),
        texture_(std::move(texture)),
        mutex_(std::move(mutex)),
        frames_(std::move(frames)) {}
  const SenderInfo& sender() const noexcept override { return sender_; }
  const TextureDescriptor& descriptor() const noexcept override { return texture_->descriptor(); }
  Result<bool> copy_frame(SharedTexture& to) override;

 private:
  Result<void> check_sender() const;

  TextureShareManager& manager_;
  SenderInfo sender_;
  std::unique_ptr<SharedTexture> texture_;
  platform::NamedMutex mutex_;
  platform::NamedCounter frames_;
  std::uint32_t seen_ = 0;
};

// A number may be another texture's by now: what is believed is what the sender says of itself, each time.
Result<void> OpenReceiver::check_sender() const {
  auto now = read_sender(sender_.name);
  if (!now) {
    if (now.error().code() != ErrorCode::not_available) return fail(std::move(now.error()));
    return fail(ErrorCode::abandoned, text("Spout sender [", sender_.name, "] is gone."));
  }
  if (now->handle != sender_.handle || now->width != sender_.width || now->height != sender_.height ||
      now->format != sender_.format) {
    return fail(ErrorCode::stale_state, text("Spout sender [", sender_.name, "] has another texture now, of [",
                                             now->width, "x", now->height, "]."));
  }
  return {};
}

Result<bool> OpenReceiver::copy_frame(SharedTexture& to) {
  if (auto there = check_sender(); !there) return fail(std::move(there.error()));
  auto locked = Locked::lock(mutex_);
  if (!locked) return fail(std::move(locked.error()));
  auto count = frames_.read();
  if (!count) return fail(std::move(count.error()));
  // Senders without a count stay at 1: each look may be news.
  if (*count > 1 && *count == seen_) return false;
  AccessState state;
  state.initialized = true;
  auto access = texture_->begin_access(AccessMode::read, state);
  if (!access) return fail(std::move(access.error()));
  auto copied = manager_.copy_texture(*texture_, to);
  // Waits for the device: the sender draws again as soon as the mutex is free.
  auto ended = texture_->end_access(*std::move(access));
  if (!copied) return fail(std::move(copied.error()));
  if (!ended) return fail(std::move(ended.error()));
  seen_ = *count;
  return true;
}

}  // namespace

Result<std::unique_ptr<Receiver>> Receiver::open(TextureShareManager& manager, const std::string& name) {
  auto sender = find_sender(name);
  if (!sender) return fail(std::move(sender.error()));
  const auto refuse = [&](GeyserError&& error) {
    return fail(std::move(error).during(text("receiving Spout sender [", sender->name, "]")));
  };
  if (sender->by_memory || sender->handle == 0) {
    return refuse({ErrorCode::unsupported, "It shares by memory of the CPU and has no texture."});
  }
  auto texture = d3d11::open_legacy_handle(manager, sender->handle);
  if (!texture) return refuse(std::move(texture.error()));
  const Extent3D& extent = (*texture)->descriptor().extent;
  if (extent.width != sender->width || extent.height != sender->height) {
    return refuse({ErrorCode::incompatible_layout, text("Its texture is [", extent.width, "x", extent.height,
                                                        "], but it says [", sender->width, "x", sender->height, "].")});
  }
  auto mutex = platform::NamedMutex::create(sender->name + "_SpoutAccessMutex");
  if (!mutex) return refuse(std::move(mutex.error()));
  auto frames = platform::NamedCounter::create(sender->name + "_Count_Semaphore");
  if (!frames) return refuse(std::move(frames.error()));
  return std::make_unique<OpenReceiver>(manager, *std::move(sender), *std::move(texture), *std::move(mutex),
                                        *std::move(frames));
}

}  // namespace geyser::spout
