// A ring of Geyser's textures, their states passed on through shared memory as the hand-written ring passes numbers.
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <variant>

#include <geyser/channel.hpp>

#include "geyser_end.hpp"
#include "ring_pages.hpp"

namespace bench {

namespace {

constexpr std::chrono::seconds patience{20};
constexpr std::size_t most_offered = 16;  // in a message

enum class Style { recorded, access };

// A texture is waited for by its producer on one point of each consumer's.
void refuse_crowds(const Scene& scene) {
  if (scene.consumers > geyser::max_sync_points) {
    throw Unavailable("an access waits for at most " + std::to_string(geyser::max_sync_points) + " others");
  }
}

geyser::Channel open_channel(int socket) {
  const int own = ::dup(socket);
  return must(geyser::Channel::adopt(own));
}

class RingProducer final : public Producer {
 public:
  RingProducer(const Seat& seat, Style style) : seat_(seat), style_(style), end_(seat.scene, Role::producer) {
    refuse_crowds(seat.scene);
    states_.resize(seat.scene.depth);
    for (std::size_t i = 0; i < seat.scene.consumers; ++i) offer(i);
  }

  void produce(std::uint32_t number) override {
    const std::uint32_t depth = seat_.scene.depth;
    const std::size_t slot = (number - 1) % depth;
    geyser::AccessState& state = states_[slot];
    if (number > depth) {
      for (std::size_t i = 0; i < seat_.scene.consumers; ++i) {
        seat_.mail.ends[i].taken.await(number - depth);
        const auto theirs = must(geyser::wire::to_access_state(seat_.pages.returned[i][slot], fences_));
        for (const geyser::SyncPoint& point : theirs.readers) must(state.readers.add(point));
      }
    }
    std::uint32_t place = 0;
    if (style_ == Style::recorded) {
      state = end_.access(*textures_[slot], state, place);
    } else {
      auto access = must(textures_[slot]->begin_access(geyser::AccessMode::write, state));
      place = end_.work(*textures_[slot]);
      state = must(textures_[slot]->end_access(std::move(access)));
    }
    seat_.mail.stamps[number % remembered] = end_.stamp(place);
    seat_.pages.handed[slot] = geyser::wire::to_frame(state, static_cast<std::uint32_t>(slot), number);
    seat_.mail.handed.set(number);
  }

  std::string sync() const override { return std::string(to_string(agreement_->sync_tier)); }

 private:
  // All consumers are alike: the first one's agreement makes the ring.
  void offer(std::size_t index) {
    geyser::Channel channel = open_channel(seat_.sockets[index]);
    auto message = must(channel.receive_message(patience));
    const auto& hello = std::get<geyser::wire::Hello>(message);
    auto& manager = *end_.manager();
    if (!agreement_) make_ring(manager, hello.capabilities);
    fences_.push_back(must(manager.create_fence(agreement_->fence_kind)));
    for (std::size_t first = 0; first < textures_.size(); first += most_offered) {
      geyser::wire::Offer parcels{*agreement_, {}, {}};
      for (std::size_t i = first; i < std::min(first + most_offered, textures_.size()); ++i) {
        parcels.textures.push_back(must(manager.export_texture(*textures_[i])));
      }
      if (first == 0) {
        parcels.fences.push_back(must(fences_[0]->export_handle()));
        parcels.fences.push_back(must(fences_.back()->export_handle()));
      }
      must(channel.send(geyser::wire::Message(std::move(parcels)), patience));
    }
  }
  void make_ring(geyser::TextureShareManager& manager, const geyser::Capabilities& theirs) {
    const auto descriptor = descriptor_of(seat_.scene);
    auto agreement = geyser::negotiate(descriptor, manager.capabilities(), theirs);
    // One fence stands for every texture here, which only one that counts can.
    if (agreement && agreement->sync_tier != geyser::SyncTier::shared_timeline) {
      geyser::NegotiationPolicy by_cpu;
      by_cpu.force_fence = geyser::FenceKind::host_timeline;
      agreement = geyser::negotiate(descriptor, manager.capabilities(), theirs, by_cpu);
    }
    if (!agreement) throw Unavailable(agreement.error().to_string());
    if (agreement->path != geyser::SharePath::zero_copy) throw Unavailable("not zero-copy: " + to_string(*agreement));
    agreement_ = *std::move(agreement);
    fences_.push_back(must(manager.create_fence(agreement_->fence_kind)));
    for (std::uint32_t i = 0; i < seat_.scene.depth; ++i) {
      textures_.push_back(must(manager.create_texture(descriptor, *agreement_)));
      must(textures_.back()->set_signal_fence(fences_[0]));
    }
  }

  Seat seat_;
  Style style_;
  VulkanEnd end_;
  std::optional<geyser::Agreement> agreement_;
  std::vector<std::unique_ptr<geyser::SharedTexture>> textures_;
  std::vector<std::shared_ptr<geyser::SharedFence>> fences_;  // the producer's, then each consumer's
  std::vector<geyser::AccessState> states_;
};

class RingConsumer final : public Consumer {
 public:
  RingConsumer(const Seat& seat, std::unique_ptr<GeyserEnd> end, VulkanEnd* recorded)
      : seat_(seat), end_(std::move(end)), recorded_(recorded) {
    refuse_crowds(seat.scene);
    geyser::Channel channel = open_channel(seat.sockets[0]);
    auto& manager = *end_->manager();
    geyser::wire::Hello hello;
    hello.program = "bench";
    hello.capabilities = manager.capabilities();
    must(channel.send(geyser::wire::Message(std::move(hello)), patience));
    while (textures_.size() < seat.scene.depth) {
      auto message = must(channel.receive_message(patience));
      auto& offer = std::get<geyser::wire::Offer>(message);
      for (auto& fence : offer.fences) fences_.push_back(must(manager.import_fence(std::move(fence))));
      for (auto& parcel : offer.textures) {
        textures_.push_back(must(manager.import_shared_texture(std::move(parcel))));
        must(textures_.back()->set_signal_fence(fences_.at(1)));
      }
    }
  }

  void take(std::uint32_t number) override {
    seat_.mail.handed.await(number);
    const std::size_t slot = (number - 1) % textures_.size();
    geyser::AccessState state = must(geyser::wire::to_access_state(seat_.pages.handed[slot], fences_));
    Taken& taken = taken_[number % remembered];
    if (recorded_ != nullptr) {
      state = recorded_->access(*textures_[slot], state, taken.place);
      taken.readers = state.readers;
    } else {
      auto access = must(textures_[slot]->begin_access(geyser::AccessMode::read, state));
      taken.place = end_->work(*textures_[slot]);
      state = must(textures_[slot]->end_access(std::move(access)));
    }
    seat_.pages.returned[seat_.index][slot] = geyser::wire::to_frame(state, static_cast<std::uint32_t>(slot), number);
    seat_.mail.ends[seat_.index].taken.set(number);
  }

  std::uint32_t finish(std::uint32_t number) override {
    const Taken& taken = taken_[number % remembered];
    if (recorded_ == nullptr) return end_->finish(taken.place);
    for (const geyser::SyncPoint& point : taken.readers) must(point.fence->wait(point.value));
    return recorded_->read(taken.place);
  }

 private:
  struct Taken {
    std::uint32_t place = 0;
    geyser::SyncPoints readers;
  };
  Seat seat_;
  std::unique_ptr<GeyserEnd> end_;
  VulkanEnd* recorded_;  // end_, or null
  std::vector<std::shared_ptr<geyser::SharedFence>> fences_;
  std::vector<std::unique_ptr<geyser::SharedTexture>> textures_;
  std::array<Taken, remembered> taken_;
};

std::unique_ptr<Producer> produce_recorded(const Seat& seat) {
  return std::make_unique<RingProducer>(seat, Style::recorded);
}
std::unique_ptr<Producer> produce_access(const Seat& seat) {
  return std::make_unique<RingProducer>(seat, Style::access);
}
std::unique_ptr<Consumer> consume_recorded(const Seat& seat) {
  auto end = std::make_unique<VulkanEnd>(seat.scene, Role::consumer);
  VulkanEnd* recorded = end.get();
  return std::make_unique<RingConsumer>(seat, std::move(end), recorded);
}
std::unique_ptr<Consumer> consume_access(const Seat& seat) {
  return std::make_unique<RingConsumer>(seat, std::make_unique<VulkanEnd>(seat.scene, Role::consumer), nullptr);
}
std::unique_ptr<Consumer> consume_by_cuda(const Seat& seat) {
  return std::make_unique<RingConsumer>(seat, make_cuda_end(seat.scene, Allocator::none), nullptr);
}

}  // namespace

const Way geyser_recorded{"geyser, recorded", "vulkan", produce_recorded, consume_recorded};
const Way geyser_access{"geyser, begin/end", "vulkan", produce_access, consume_access};
const Way geyser_access_to_cuda{"geyser, begin/end", "cuda", produce_access, consume_by_cuda};
const Way geyser_recorded_to_cuda{"geyser, recorded", "cuda", produce_recorded, consume_by_cuda};

}  // namespace bench
