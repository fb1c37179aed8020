// A feed: Publisher and Subscriber, every frame to everybody.
#include <optional>

#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

#include "clock.hpp"
#include "geyser_end.hpp"

namespace bench {

namespace {

using namespace std::chrono_literals;
using geyser::stream::Publisher;
using geyser::stream::Subscriber;

constexpr const char* feed_name = "bench";
constexpr std::uint64_t patience_ns = 30'000'000'000;

class FeedProducer final : public Producer {
 public:
  FeedProducer(const Seat& seat, geyser::AccessTiming timing)
      : seat_(seat), timing_(timing), end_(seat.scene, Role::producer) {
    if (seat.scene.depth < geyser::stream::min_ring_size || seat.scene.depth > geyser::stream::max_ring_size) {
      throw Unavailable("a feed's ring has " + std::to_string(geyser::stream::min_ring_size) + " to " +
                        std::to_string(geyser::stream::max_ring_size) + " textures");
    }
    geyser::stream::PublisherOptions options;
    options.name = feed_name;
    options.runtime_directory = seat.scene.directory;
    options.ring_size = seat.scene.depth;
    options.back_pressure = true;
    options.lease_time = 20s;  // nobody is hurried here
    publisher_.emplace(must(Publisher::create(end_.manager(), descriptor_of(seat.scene), std::move(options))));
  }

  void start() override {
    const std::uint64_t end = now_ns() + patience_ns;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < seat_.scene.consumers;) {
      if (seat_.mail.ends[i].joined.get() != 0) {
        ++i;
        continue;
      }
      if (now_ns() > end || seat_.mail.failed != 0) throw std::runtime_error("the subscribers did not come");
      produce(++number);
      sleep_until_ns(now_ns() + 2'000'000);
    }
    seat_.mail.base = number;
    seat_.mail.started.set(1);
    // Who has a frame has not always been noted yet.
    auto subscribers = publisher_->subscribers();
    while (subscribers.size() < seat_.scene.consumers && now_ns() < end) {
      publisher_->service();
      subscribers = publisher_->subscribers();
    }
    for (const auto& subscriber : subscribers) {
      if (subscriber.path != geyser::SharePath::zero_copy) throw Unavailable("not zero-copy: " + subscriber.agreement);
      sync_ = std::string(to_string(subscriber.sync_tier));
    }
  }

  void produce(std::uint32_t number) override {
    auto frame = publisher_->begin_frame(100ms, timing_);
    for (const std::uint64_t end = now_ns() + patience_ns; !frame; frame = publisher_->begin_frame(100ms, timing_)) {
      if (frame.error().code() != geyser::ErrorCode::timeout || now_ns() > end) must(std::move(frame));
    }
    const bool deferred = timing_ == geyser::AccessTiming::deferred;
    const std::uint32_t place = deferred ? end_.add(frame->texture()) : end_.work(frame->texture());
    seat_.mail.stamps[number % remembered] = end_.stamp(place);
    if (must(publisher_->publish(*std::move(frame))) != number) throw std::runtime_error("frames are counted wrong");
  }

  std::string sync() const override { return sync_; }

 private:
  Seat seat_;
  geyser::AccessTiming timing_;
  VulkanEnd end_;
  std::optional<Publisher> publisher_;
  std::string sync_;
};

class FeedConsumer final : public Consumer {
 public:
  // `recorded`: `end`, which adds its work to accesses that are deferred; or null.
  FeedConsumer(const Seat& seat, std::unique_ptr<GeyserEnd> end, VulkanEnd* recorded = nullptr)
      : seat_(seat), end_(std::move(end)), recorded_(recorded) {
    geyser::stream::SubscriberOptions options;
    options.feed = feed_name;
    options.mode = geyser::stream::FrameMode::every;
    options.max_leases = 1;
    options.runtime_directory = seat.scene.directory;
    subscriber_.emplace(must(Subscriber::create(end_->manager(), std::move(options))));
  }

  void start() override {
    const std::uint64_t end = now_ns() + patience_ns;
    for (std::uint64_t last = 0; seat_.mail.started.get() == 0 || last < seat_.mail.base;) {
      if (now_ns() > end || seat_.mail.failed != 0) {
        throw std::runtime_error(subscriber_->last_error() ? subscriber_->last_error()->to_string() : "no frame came");
      }
      auto frame = subscriber_->acquire(5ms, timing());
      if (!frame) continue;
      last = frame->info().number;
      // Set-up of the work is no part of a frame.
      const std::uint32_t place = work(*frame);
      must(subscriber_->release(*std::move(frame)));
      static_cast<void>(end_->finish(place));
      seat_.mail.ends[seat_.index].joined.set(1);
    }
  }

  void take(std::uint32_t number) override {
    const std::uint64_t end = now_ns() + patience_ns;
    auto frame = subscriber_->acquire(1s, timing());
    for (; !frame || frame->info().number < number; frame = subscriber_->acquire(1s, timing())) {
      if (frame)
        must(subscriber_->release(*std::move(frame)));
      else if (frame.error().code() != geyser::ErrorCode::timeout || now_ns() > end)
        must(std::move(frame));
    }
    if (frame->info().number != number || frame->is_repeated()) throw std::runtime_error("a frame was missed");
    places_[number % remembered] = work(*frame);
    if (!must(subscriber_->release(*std::move(frame)))) throw std::runtime_error("a lease was lost");
    seat_.mail.ends[seat_.index].taken.set(number);
  }

  std::uint32_t finish(std::uint32_t number) override { return end_->finish(places_[number % remembered]); }

 private:
  geyser::AccessTiming timing() const {
    return recorded_ != nullptr ? geyser::AccessTiming::deferred : geyser::AccessTiming::immediate;
  }
  std::uint32_t work(geyser::stream::Frame& frame) const {
    return recorded_ != nullptr ? recorded_->add(frame.texture()) : end_->work(frame.texture());
  }
  Seat seat_;
  std::unique_ptr<GeyserEnd> end_;
  VulkanEnd* recorded_;
  std::optional<Subscriber> subscriber_;
  std::array<std::uint32_t, remembered> places_{};
};

std::unique_ptr<Producer> produce(const Seat& seat) {
  return std::make_unique<FeedProducer>(seat, geyser::AccessTiming::immediate);
}
std::unique_ptr<Producer> produce_recorded(const Seat& seat) {
  return std::make_unique<FeedProducer>(seat, geyser::AccessTiming::deferred);
}
std::unique_ptr<Consumer> consume_recorded(const Seat& seat) {
  auto end = std::make_unique<VulkanEnd>(seat.scene, Role::consumer);
  VulkanEnd* recorded = end.get();
  return std::make_unique<FeedConsumer>(seat, std::move(end), recorded);
}
std::unique_ptr<Consumer> consume(const Seat& seat) {
  return std::make_unique<FeedConsumer>(seat, std::make_unique<VulkanEnd>(seat.scene, Role::consumer));
}
std::unique_ptr<Consumer> consume_by_cuda(const Seat& seat) {
  return std::make_unique<FeedConsumer>(seat, make_cuda_end(seat.scene, Allocator::vulkan));
}
std::unique_ptr<Consumer> consume_by_plain_cuda(const Seat& seat) {
  return std::make_unique<FeedConsumer>(seat, make_cuda_end(seat.scene, Allocator::none));
}

}  // namespace

const Way feed_recorded{"feed, recorded", "vulkan", produce_recorded, consume_recorded};
const Way feed{"feed", "vulkan", produce, consume};
const Way feed_to_cuda{"feed", "cuda", produce, consume_by_cuda};
const Way feed_recorded_to_cuda{"feed, recorded", "cuda", produce_recorded, consume_by_cuda};
const Way feed_by_cpu_to_cuda{"feed, no allocator", "cuda", produce, consume_by_plain_cuda};

}  // namespace bench
