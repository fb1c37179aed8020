// Anything said to a live publisher, and to a live subscriber, by the other end of their socket: neither crashes, waits
// or keeps what it was sent; the publisher goes on, and so does a healthy subscriber beside.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <geyser/host.hpp>
#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

#include "fuzz/message_box.hpp"
#include "platform/poller.hpp"
#include "stream/feed_note.hpp"
#include "stream/pages.hpp"
#include "support/descriptors.hpp"
#include "support/messages.hpp"

namespace {

using namespace geyser;
using namespace geyser::stream;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::MessageBox;

constexpr const char* feed_name = "fuzzed";
constexpr std::chrono::seconds patience{10};

void require(bool holds) {
  if (!holds) std::abort();
}

// Removed at exit.
struct Directory {
  std::string path = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "geyser-fuzz-XXXXXX").string();
    return std::string(::mkdtemp(pattern.data()));
  }();
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {8, 8, 1};
  return descriptor;
}

SubscriberOptions subscriber_options(const std::string& directory) {
  SubscriberOptions options;
  options.feed = feed_name;
  options.runtime_directory = directory;
  options.on_loss = OnLoss::none;
  return options;
}

// A publisher with a healthy subscriber, and somebody else who connects.
class PublisherUnderTest {
 public:
  PublisherUnderTest() {
    PublisherOptions options;
    options.name = feed_name;
    options.runtime_directory = directory_.path;
    publisher_.emplace(*Publisher::create(manager_, picture(), std::move(options)));
    healthy_.emplace(*Subscriber::create(manager_, subscriber_options(directory_.path)));
    hand_over();
    const auto end = Clock::now() + patience;
    while (!publisher_->has_subscribers() && Clock::now() < end) publisher_->service();
    std::vector<wire::Message> messages;
    messages.emplace_back(request(false));
    messages.emplace_back(request(true));
    messages.emplace_back(test::make_subscribe());
    messages.emplace_back(wire::Accept{});
    wire::Accept with_fence;
    with_fence.fences.push_back(*(*manager_->create_fence(FenceKind::host_timeline))->export_handle());
    messages.emplace_back(std::move(with_fence));
    messages.emplace_back(wire::Refusal{ErrorCode::unsupported, "no"});
    messages.emplace_back(test::make_hello());
    messages.emplace_back(test::make_pool());
    messages.emplace_back(wire::Feed{test::make_feed()});
    box_.emplace(std::move(messages));
    descriptors_ = test::open_descriptors();
  }

  void run(FuzzedDataProvider& data) {
    {
      auto channel = Channel::connect(socket_path(directory_.path, feed_name), patience);
      require(channel.has_value());
      platform::MappedMemory leases;
      for (int steps = 0; steps < 12 && data.remaining_bytes() != 0; ++steps) {
        switch (data.ConsumeIntegralInRange(0, 5)) {
          case 0:
          case 1:
            box_->send(*channel, data);
            break;
          case 2:
            // The thread reads in its own time.
            for (int i = 0; i < 20 && !readable(*channel); ++i) publisher_->service();
            break;
          case 3:
            read(*channel, leases);
            break;
          case 4:
            if (leases.bytes().empty()) break;
            reinterpret_cast<std::atomic<std::uint64_t>*>(
                leases.bytes().data())[data.ConsumeIntegralInRange<std::size_t>(0, sizeof(LeasePage) / 8 - 1)] =
                data.ConsumeIntegralInRange<std::uint64_t>(0, 2) == 0
                    ? data.ConsumeIntegral<std::uint64_t>()
                    : publisher_->statistics().frames_published - data.ConsumeIntegralInRange(0U, 4U);
            break;
          default:
            hand_over();
        }
      }
    }
    // It hangs up: nothing of it stays.
    const auto end = Clock::now() + patience;
    do {
      std::this_thread::yield();
      publisher_->service();
      require(Clock::now() < end);
    } while (publisher_->subscribers().size() != 1 || test::open_descriptors() > descriptors_);
    hand_over();
  }

 private:
  wire::Subscribe request(bool every_frame) {
    wire::Subscribe request;
    request.hello = test::make_hello();
    request.every_frame = every_frame;
    request.max_leases = 2;
    return request;
  }
  static bool readable(Channel& channel) {
    std::this_thread::yield();
    auto poller = *platform::Poller::create();
    require(poller.add(channel.native(), 0).has_value());
    std::array<std::uint64_t, 1> keys{};
    return poller.wait(keys, 0ns).value_or(0) != 0;
  }
  void read(Channel& channel, platform::MappedMemory& leases) {
    auto message = channel.receive_message(0ns);
    if (!message) return;
    if (const auto* pool = std::get_if<wire::Pool>(&*message)) {
      leases = *platform::map_shared_memory(pool->lease_page.get(), sizeof(LeasePage));
    }
  }
  void hand_over() {
    auto frame = publisher_->begin_frame(patience);
    require(frame.has_value());
    const auto number = publisher_->publish(*std::move(frame));
    require(number.has_value());
    const auto end = Clock::now() + patience;
    for (;;) {
      publisher_->service();
      auto seen = healthy_->acquire(0ns);
      if (seen && seen->info().number == *number) {
        require(healthy_->release(*std::move(seen)).value_or(false));
        return;
      }
      require(Clock::now() < end);
    }
  }

  Directory directory_;
  std::shared_ptr<TextureShareManager> manager_ = *host::create_manager();
  std::optional<Publisher> publisher_;
  std::optional<Subscriber> healthy_;
  std::optional<MessageBox> box_;
  std::size_t descriptors_ = 0;
};

// A socket that subscribers find under the feed's name, and a ring to offer there.
class SubscriberUnderTest {
 public:
  SubscriberUnderTest() {
    FeedInfo info;
    info.name = feed_name;
    info.application = "fuzzer";
    info.descriptor = picture();
    info.ring_size = 2;
    claim_.emplace(*NameClaim::claim(directory_.path, info, NameConflict::refuse));
    listener_.emplace(*Listener::create(claim_->socket_path()));
    require(claim_->list().has_value());
    auto ring = *platform::create_read_only_shared_memory(sizeof(RingPage));
    ring_memory_ = std::move(ring.memory);
    ring_handle_ = std::move(ring.handle);
    lease_handle_ = *platform::create_shared_memory(sizeof(LeasePage));
    lease_memory_ = *platform::map_shared_memory(lease_handle_.get(), sizeof(LeasePage));
    for (int i = 0; i < 2; ++i) textures_.push_back(*manager_->create_texture(picture(), HandleKind::host_memory));
    std::vector<wire::Message> messages;
    messages.emplace_back(pool(1, false));
    messages.emplace_back(pool(1, true));
    messages.emplace_back(pool(2, false));
    messages.emplace_back(test::make_pool());
    messages.emplace_back(wire::Refusal{ErrorCode::busy, "full"});
    messages.emplace_back(wire::Accept{});
    messages.emplace_back(wire::Feed{claim_->info()});
    box_.emplace(std::move(messages));
  }
  // To be called when everything else is open.
  bool settle() {
    FuzzedDataProvider nothing(nullptr, 0);
    run(nothing);
    descriptors_ = test::open_descriptors();
    return true;
  }

  void run(FuzzedDataProvider& data) {
    const auto begin = Clock::now();
    reset_pages();
    {
      auto subscriber = *Subscriber::create(manager_, subscriber_options(directory_.path));
      static_cast<void>(subscriber.acquire(0ns));
      auto channel = listener_->accept(patience);
      require(channel.has_value() && channel->receive_message(patience).has_value());
      std::vector<Frame> held;
      for (int steps = 0; steps < 20 && data.remaining_bytes() != 0; ++steps) {
        switch (data.ConsumeIntegralInRange(0, 6)) {
          case 0:
            box_->send(*channel, data);
            break;
          case 1:
            write(data);
            break;
          case 2:
            announce(data.ConsumeIntegralInRange(0U, 1U));
            break;
          case 3:
            held.clear();
            break;
          case 4:
            static_cast<void>(subscriber.event());
            break;
          default:
            if (auto frame = subscriber.acquire(data.ConsumeBool() ? 0ns : 10us)) {
              require(frame->texture().descriptor().extent.width != 0);
              require(frame->info().user_bytes().size() <= max_user_bytes);
              held.push_back(*std::move(frame));
            }
        }
      }
      // Frames may outlive their subscriber or not.
      if (data.ConsumeBool()) held.clear();
    }
    require(Clock::now() - begin < patience);
    // The publisher's thread may still be about to take a connection that is over.
    const auto end = Clock::now() + patience;
    while (descriptors_ != 0 && test::open_descriptors() > descriptors_) require(Clock::now() < end);
  }

 private:
  wire::Pool pool(std::uint64_t generation, bool timeline) {
    wire::Pool pool;
    pool.generation = generation;
    pool.feed = claim_->info();
    pool.offer.agreement = *negotiate(picture(), manager_->capabilities(), manager_->capabilities());
    pool.offer.agreement.sync_tier = timeline ? SyncTier::shared_timeline : SyncTier::host_wait;
    for (const auto& texture : textures_) pool.offer.textures.push_back(*manager_->export_texture(*texture));
    if (timeline) {
      pool.offer.fences.push_back(*(*manager_->create_fence(FenceKind::host_timeline))->export_handle());
    }
    pool.ring_page = *ring_handle_.duplicate();
    pool.lease_page = *lease_handle_.duplicate();
    return pool;
  }
  void reset_pages() {
    page_ = ::new (static_cast<void*>(ring_memory_.bytes().data())) RingPage{};
    page_->magic = ring_magic;
    page_->generation = 1;
    page_->slot_count = 2;
    (::new (static_cast<void*>(lease_memory_.bytes().data())) LeasePage{})->magic = lease_magic;
    number_ = 0;
  }
  void announce(std::uint32_t slot) {
    page_->slots[slot].frame = ++number_;
    page_->slots[slot].serial = number_;
    page_->latest = page_->latest_complete = pack_frame(number_, slot);
    page_->doorbell.fetch_add(1);
  }
  void write(FuzzedDataProvider& data) {
    auto* words = reinterpret_cast<std::atomic<std::uint64_t>*>(ring_memory_.bytes().data());
    const std::size_t span = data.ConsumeBool() ? 24 : sizeof(RingPage) / 8;
    words[data.ConsumeIntegralInRange<std::size_t>(0, span - 1)] =
        data.ConsumeBool() ? data.ConsumeIntegral<std::uint64_t>() : data.ConsumeIntegralInRange<std::uint64_t>(0, 64);
  }

  Directory directory_;
  std::shared_ptr<TextureShareManager> manager_ = *host::create_manager();
  std::optional<NameClaim> claim_;
  std::optional<Listener> listener_;
  std::vector<std::unique_ptr<SharedTexture>> textures_;
  OwnedHandle ring_handle_;
  OwnedHandle lease_handle_;
  platform::MappedMemory ring_memory_;
  platform::MappedMemory lease_memory_;
  RingPage* page_ = nullptr;
  std::uint64_t number_ = 0;
  std::optional<MessageBox> box_;
  std::size_t descriptors_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  // Each counts descriptors when both are there.
  static SubscriberUnderTest subscriber;
  static PublisherUnderTest publisher;
  static const bool settled = subscriber.settle();
  static_cast<void>(settled);
  FuzzedDataProvider data(bytes, size);
  if (data.ConsumeBool()) {
    publisher.run(data);
  } else {
    subscriber.run(data);
  }
  return 0;
}
