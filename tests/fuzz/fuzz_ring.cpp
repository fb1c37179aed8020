// Pages of a ring that somebody writes anything into, while the other side works with them.
//
// Lease pages: the publisher's claims end, give only slots that can be given, and, whatever the pages say, give one
// when the leases' time is over; an honest subscriber beside keeps what it holds for as long as its time is not. Ring
// page: what a subscriber takes from it lies inside the ring.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <cstdlib>

#include "stream/ring_reader.hpp"
#include "stream/ring_writer.hpp"

namespace {

using namespace geyser;
using namespace geyser::stream;
using namespace std::chrono_literals;

void require(bool holds) {
  if (!holds) std::abort();
}

// A word as somebody would choose it who knows the protocol: a frame's number, with or without a slot, or anything.
std::uint64_t choose_word(FuzzedDataProvider& data, std::uint64_t newest) {
  switch (data.ConsumeIntegralInRange(0, 4)) {
    case 0:
      return data.ConsumeIntegralInRange<std::uint64_t>(0, newest + 2);
    case 1:
      return pack_frame(data.ConsumeIntegralInRange<std::uint64_t>(0, newest + 2),
                        data.ConsumeIntegralInRange<std::uint32_t>(0, max_ring_size - 1));
    case 2:
      return data.ConsumeIntegral<std::uint8_t>();
    case 3:
      return ~data.ConsumeIntegral<std::uint8_t>() + std::uint64_t{0};
    default:
      return data.ConsumeIntegral<std::uint64_t>();
  }
}

// Scribbles over a page that is mapped for writing.
class Scribbler {
 public:
  explicit Scribbler(platform::MappedMemory memory)
      : memory_(std::move(memory)),
        words_(reinterpret_cast<std::atomic<std::uint64_t>*>(memory_.bytes().data())),
        count_(memory_.bytes().size() / sizeof(std::uint64_t)) {}
  // Mostly within the first `busy` words.
  void write(FuzzedDataProvider& data, std::size_t busy, std::uint64_t newest) {
    const std::size_t within = data.ConsumeBool() ? busy : count_;
    words_[data.ConsumeIntegralInRange<std::size_t>(0, within - 1)].store(choose_word(data, newest));
  }

 private:
  platform::MappedMemory memory_;
  std::atomic<std::uint64_t>* words_;
  std::size_t count_;
};

class PublisherSide {
 public:
  explicit PublisherSide(FuzzedDataProvider& data)
      : data_(data),
        slots_(data.ConsumeIntegralInRange<std::uint32_t>(min_ring_size, max_ring_size)),
        policy_{data.ConsumeBool(), data.ConsumeBool() ? std::chrono::nanoseconds(0) : std::chrono::hours(1)},
        ring_(*RingWriter::create(slots_, 1)) {
    const int liars = data.ConsumeIntegralInRange(0, 3);
    for (int i = 0; i < liars; ++i) {
      auto pages =
          *ring_.add_subscriber({data.ConsumeIntegralInRange(1U, slots_), data.ConsumeBool(), data.ConsumeBool()});
      liars_.emplace_back(*platform::map_shared_memory(pages.lease_page.get(), sizeof(LeasePage)));
      add(std::move(pages.view));
    }
    auto pages = *ring_.add_subscriber({1, false, false});
    honest_ = *RingReader::open(pages.ring_page.get(), pages.lease_page.get(), slots_, 1);
    add(std::move(pages.view));
  }

  void run() {
    for (int steps = 0; steps < 300 && data_.remaining_bytes() != 0; ++steps) {
      switch (data_.ConsumeIntegralInRange(0, 6)) {
        case 0:
        case 1:
          if (!liars_.empty()) {
            liars_[data_.ConsumeIntegralInRange<std::size_t>(0, liars_.size() - 1)].write(data_, 44, newest_);
          }
          break;
        case 2:
          claim();
          break;
        case 3:
          finish();
          break;
        case 4:
          take_or_return();
          break;
        case 5:
          look();
          break;
        default:
          static_cast<void>(ring_.wake(views_));
          ring_.wait_for_release(views_, policy_.back_pressure, 1us);
      }
      if (held_ && policy_.lease_time != 0ns) require(honest_.is_intact(held_->slot, held_->number));
    }
  }

 private:
  void add(std::unique_ptr<LeaseView> view) {
    views_.push_back(view.get());
    owned_.push_back(std::move(view));
  }
  void claim() {
    const bool revoke = data_.ConsumeBool();
    std::uint64_t lost = 0;
    const auto slot = ring_.claim(views_, policy_, revoke, lost);
    require(lost <= views_.size() && (revoke || lost == 0));
    std::uint32_t candidates = 0;
    for (std::uint32_t i = 0; i < slots_; ++i) candidates += !writing_[i] && i != newest_slot_ ? 1 : 0;
    if (!slot) {
      // With no time to be respected nobody can keep a slot.
      require(!revoke || policy_.lease_time != 0ns || candidates == 0);
      return;
    }
    require(*slot < slots_ && !writing_[*slot] && *slot != newest_slot_);
    require(!held_ || held_->slot != *slot || policy_.lease_time == 0ns);
    require(ring_.page().slots[*slot].frame.load() == 0);
    writing_[*slot] = true;
  }
  void finish() {
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
      if (!writing_[slot]) continue;
      writing_[slot] = false;
      if (data_.ConsumeBool()) return ring_.abandon(slot);
      RingWriter::Announcement frame;
      frame.number = ++newest_;
      frame.complete = data_.ConsumeBool();
      ring_.announce(slot, frame, {});
      if (!frame.complete && data_.ConsumeBool()) ring_.announce_complete(slot, newest_);
      newest_slot_ = slot;
      return;
    }
  }
  void take_or_return() {
    if (held_) {
      const bool intact = honest_.release(held_->slot, held_->number, 0);
      require(intact || policy_.lease_time == 0ns);
      held_.reset();
      return;
    }
    FrameInfo info;
    const auto mode = data_.ConsumeBool() ? FrameMode::every : FrameMode::latest;
    held_ = honest_.take(mode, data_.ConsumeIntegralInRange<std::uint64_t>(0, newest_), data_.ConsumeBool(), info);
    require(!held_ || (held_->slot < slots_ && held_->number <= newest_ && !writing_[held_->slot]));
  }
  void look() {
    for (const LeaseView* view : views_) {
      require(view->held(ring_.page(), slots_) <= slots_);
      require(static_cast<std::uint32_t>(view->sleep_mode()) <= static_cast<std::uint32_t>(SleepMode::socket));
    }
    require(views_.back()->held(ring_.page(), slots_) <= 1);
  }

  FuzzedDataProvider& data_;
  std::uint32_t slots_;
  RingWriter::Policy policy_;
  RingWriter ring_;
  std::vector<Scribbler> liars_;
  std::vector<std::unique_ptr<LeaseView>> owned_;
  RingWriter::Views views_;
  RingReader honest_;
  std::optional<LeasedFrame> held_;
  std::array<bool, max_ring_size> writing_{};
  std::uint64_t newest_ = 0;
  std::uint32_t newest_slot_ = max_ring_size;  // none
};

void run_subscriber_side(FuzzedDataProvider& data) {
  auto ring = *platform::create_read_only_shared_memory(sizeof(RingPage));
  auto* page = ::new (static_cast<void*>(ring.memory.bytes().data())) RingPage{};
  const auto slots = data.ConsumeIntegralInRange<std::uint32_t>(min_ring_size, max_ring_size);
  page->magic = ring_magic;
  page->slot_count = data.ConsumeBool() ? slots : data.ConsumeIntegral<std::uint32_t>();
  auto lease = *platform::create_shared_memory(sizeof(LeasePage));
  Scribbler leases(*platform::map_shared_memory(lease.get(), sizeof(LeasePage)));
  auto mapped = *platform::map_shared_memory(lease.get(), sizeof(LeasePage));
  (::new (static_cast<void*>(mapped.bytes().data())) LeasePage{})->magic = lease_magic;
  auto opened = RingReader::open(ring.handle.get(), lease.get(), slots, 0);
  require(opened.has_value() == (page->slot_count == slots));
  if (!opened) return;
  RingReader reader = *std::move(opened);
  Scribbler scribbler(std::move(ring.memory));
  std::uint64_t last = 0;
  for (int steps = 0; steps < 300 && data.remaining_bytes() != 0; ++steps) {
    const bool complete_only = data.ConsumeBool();
    switch (data.ConsumeIntegralInRange(0, 6)) {
      case 0:
      case 1:
        scribbler.write(data, 24, last);
        break;
      case 2:
        leases.write(data, 44, last);
        break;
      case 3: {
        // A frame, so that something is there to be taken; in a slot that the ring need not have.
        const auto slot = data.ConsumeIntegralInRange<std::uint32_t>(0, max_ring_size - 1);
        const std::uint64_t number = last + data.ConsumeIntegralInRange(0U, 3U);
        page->slots[slot].frame = number;
        if (data.ConsumeBool()) page->slots[slot].user_size = data.ConsumeIntegral<std::uint32_t>();
        if (data.ConsumeBool()) page->slots[slot].damage_count = data.ConsumeIntegral<std::uint32_t>();
        page->latest = page->latest_complete = pack_frame(number, slot);
        break;
      }
      case 4: {
        FrameInfo info;
        const auto frame =
            reader.take(data.ConsumeBool() ? FrameMode::every : FrameMode::latest, last, complete_only, info);
        if (!frame) break;
        require(frame->slot < slots && frame->number > last && info.number == frame->number);
        require(info.damage().size() <= max_damage_rects && info.user_bytes().size() <= max_user_bytes);
        last = frame->number;
        static_cast<void>(reader.is_intact(frame->slot, frame->number));
        if (data.ConsumeBool()) reader.release(frame->slot, frame->number, data.ConsumeIntegral<std::uint64_t>());
        break;
      }
      case 5:
        static_cast<void>(reader.has_news(last, complete_only));
        static_cast<void>(reader.arm_socket(last, complete_only));
        require(reader.state() <= RingState::superseded);
        break;
      default:
        static_cast<void>(reader.sleep(last, complete_only, 1us));
        reader.report(last, last);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  if (data.ConsumeBool()) {
    run_subscriber_side(data);
  } else {
    PublisherSide(data).run();
  }
  return 0;
}
