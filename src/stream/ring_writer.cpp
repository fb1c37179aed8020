#include "stream/ring_writer.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "platform/futex.hpp"
#include "stream/fault_point.hpp"

namespace geyser::stream {

namespace {

using Clock = LeaseView::Clock;

// Longest sleep for a release: a subscriber that forgets to ring costs no more than this.
constexpr std::chrono::milliseconds longest_sleep{2};
constexpr std::size_t max_words = 128;  // of one futex_waitv

}  // namespace

Result<RingWriter> RingWriter::create(std::uint32_t slot_count, std::uint64_t generation) {
  auto made = platform::create_read_only_shared_memory(sizeof(RingPage));
  if (!made) return fail(std::move(made.error()).during("making the page of a ring"));
  RingWriter writer;
  writer.handle_ = std::move(made->handle);
  writer.memory_ = std::move(made->memory);
  writer.page_ = ::new (static_cast<void*>(writer.memory_.bytes().data())) RingPage{};
  platform::futex_prepare(writer.memory_);
  writer.page_->slot_count.store(slot_count);
  writer.page_->generation.store(generation);
  writer.page_->magic.store(ring_magic);
  writer.slot_count_ = slot_count;
  return writer;
}

Result<RingWriter::Pages> RingWriter::add_subscriber(LeaseView::Limits limits) const {
  Pages pages;
  auto ring = handle_.duplicate();
  if (!ring) return fail(std::move(ring.error()));
  auto lease = platform::create_shared_memory(sizeof(LeasePage));
  if (!lease) return fail(std::move(lease.error()));
  {
    auto writable = platform::map_shared_memory(lease->get(), sizeof(LeasePage));
    if (!writable) return fail(std::move(writable.error()));
    auto* page = ::new (static_cast<void*>(writable->bytes().data())) LeasePage{};
    platform::futex_prepare(*writable);
    page->magic.store(lease_magic);
  }
  auto view = platform::map_shared_memory_for_reading(lease->get(), sizeof(LeasePage));
  if (!view) return fail(std::move(view.error()));
  pages.ring_page = *std::move(ring);
  pages.lease_page = *std::move(lease);
  pages.view = std::make_unique<LeaseView>(*std::move(view), limits);
  return pages;
}

bool RingWriter::is_kept(const Views& views, std::uint32_t slot, std::uint64_t frame, const Policy& policy,
                         Clock::time_point now) const noexcept {
  bool kept = false;
  for (LeaseView* view : views) kept = view->keeps(slot, frame, policy.back_pressure, now) || kept;
  return kept;
}

bool RingWriter::is_over(const Views& views, std::uint32_t slot, const Policy& policy,
                         Clock::time_point now) const noexcept {
  return std::all_of(views.begin(), views.end(),
                     [&](const LeaseView* view) { return view->kept_until(slot, policy.lease_time) <= now; });
}

void RingWriter::begin_writing(std::uint32_t slot) noexcept {
  frames_[slot] = 0;
  writing_[slot] = true;
}

std::optional<std::uint32_t> RingWriter::claim(const Views& views, const Policy& policy, bool revoke,
                                               std::uint64_t& lost) noexcept {
  const Clock::time_point now = Clock::now();
  // Oldest first; the newest frame is never overwritten, so that whoever comes finds one.
  std::array<std::uint32_t, max_ring_size> order{};
  std::uint32_t count = 0;
  for (std::uint32_t slot = 0; slot < slot_count_; ++slot) {
    if (!writing_[slot] && (latest_ == 0 || frames_[slot] != latest_)) order[count++] = slot;
  }
  std::sort(order.begin(), order.begin() + count,
            [this](std::uint32_t a, std::uint32_t b) { return frames_[a] < frames_[b]; });
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t slot = order[i];
    const std::uint64_t frame = frames_[slot];
    if (is_kept(views, slot, frame, policy, now)) continue;
    // A subscriber may lease it at this moment: it writes its lease and looks at `frame`, this end does the reverse.
    page_->slots[slot].frame.store(0);
    fault_point("publisher.slot_hidden");
    if (is_kept(views, slot, frame, policy, now)) {
      page_->slots[slot].frame.store(frame);
      continue;
    }
    begin_writing(slot);
    run_out_since_ = {};
    fault_point("publisher.slot_claimed");
    return slot;
  }
  if (count != 0 && run_out_since_ == Clock::time_point{}) run_out_since_ = now;
  if (!revoke) return std::nullopt;
  // Subscribers that take turns could keep a slot for ever, none of them for too long.
  const bool out_for_long = now - run_out_since_ >= 2 * policy.lease_time;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t slot = order[i];
    if (!out_for_long && !is_over(views, slot, policy, now)) continue;
    page_->slots[slot].frame.store(0);
    // Whoever leases it at this moment has its time before it.
    static_cast<void>(is_kept(views, slot, frames_[slot], policy, now));
    if (!out_for_long && !is_over(views, slot, policy, now)) {
      page_->slots[slot].frame.store(frames_[slot]);
      continue;
    }
    for (LeaseView* view : views) {
      const std::uint64_t before = view->leases_lost();
      view->revoke(slot, frames_[slot]);
      lost += view->leases_lost() - before;
    }
    begin_writing(slot);
    return slot;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> RingWriter::next_read(const Views& views, bool back_pressure) const noexcept {
  std::optional<std::uint32_t> next;
  for (std::uint32_t slot = 0; slot < slot_count_; ++slot) {
    const std::uint64_t frame = frames_[slot];
    if (writing_[slot] || frame == 0 || frame == latest_ || (next && frames_[*next] < frame)) continue;
    const bool held = std::any_of(views.begin(), views.end(),
                                  [&](const LeaseView* view) { return view->holds(slot, frame, back_pressure); });
    if (!held) next = slot;
  }
  return next;
}

void RingWriter::wait_for_release(const Views& views, bool back_pressure, std::chrono::nanoseconds timeout) noexcept {
  const auto sleep = std::min<std::chrono::nanoseconds>(timeout, longest_sleep);
  if (const auto slot = next_read(views, back_pressure)) {
    const auto end = Clock::now() + sleep;
    for (const LeaseView* view : views) {
      const auto left = std::max(std::chrono::nanoseconds(end - Clock::now()), std::chrono::nanoseconds(0));
      if (view->reads_on(*slot)) view->wait_for_read(*slot, left);
    }
    return;
  }
  std::array<platform::FutexWord, max_words> words{};
  const std::size_t count = std::min(views.size(), max_words);
  for (std::size_t i = 0; i < count; ++i) words[i] = {&views[i]->bell(), views[i]->bell().load()};
  page_->publisher_waits.store(1);
  fault_point("publisher.waits");
  // A release between the caller's look and the store above rings nothing: the sleep is short.
  static_cast<void>(platform::futex_wait_any(std::span(words).first(count), sleep));
  page_->publisher_waits.store(0);
}

void RingWriter::abandon(std::uint32_t slot) noexcept { writing_[slot] = false; }

void RingWriter::announce(std::uint32_t slot, const Announcement& frame, const FrameInfo& info) noexcept {
  SlotPage& page = page_->slots[slot];
  constexpr auto relaxed = std::memory_order_relaxed;
  page.fence_value.store(frame.fence_value, relaxed);
  page.serial.store(frame.serial, relaxed);
  page.clock_ns.store(info.clock_ns, relaxed);
  page.presentation_time_ns.store(info.presentation_time_ns, relaxed);
  const auto damage = info.damage();
  page.damage_count.store(static_cast<std::uint32_t>(damage.size()), relaxed);
  for (std::size_t i = 0; i < damage.size(); ++i) {
    page.damage[2 * i].store(damage[i].x | static_cast<std::uint64_t>(damage[i].y) << 32U, relaxed);
    page.damage[2 * i + 1].store(damage[i].width | static_cast<std::uint64_t>(damage[i].height) << 32U, relaxed);
  }
  const auto bytes = info.user_bytes();
  page.user_size.store(static_cast<std::uint32_t>(bytes.size()), relaxed);
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    for (std::size_t k = 0; k < 8 && i + k < bytes.size(); ++k) {
      word |= std::to_integer<std::uint64_t>(bytes[i + k]) << (8 * k);
    }
    page.user_words[i / 8].store(word, relaxed);
  }
  fault_point("publisher.frame_described");
  frames_[slot] = latest_ = frame.number;
  writing_[slot] = false;
  page.frame.store(frame.number);
  fault_point("publisher.frame_stored");
  page_->latest.store(pack_frame(frame.number, slot));
  fault_point("publisher.latest_stored");
  if (frame.complete) page_->latest_complete.store(pack_frame(frame.number, slot));
  page_->doorbell.fetch_add(1);
}

void RingWriter::announce_complete(std::uint32_t slot, std::uint64_t number) noexcept {
  page_->latest_complete.store(pack_frame(number, slot));
  page_->doorbell.fetch_add(1);
}

std::uint32_t RingWriter::wake(const Views& views) noexcept {
  const bool asleep = std::any_of(views.begin(), views.end(),
                                  [](const LeaseView* view) { return view->sleep_mode() == SleepMode::futex; });
  if (!asleep) return 0;
  platform::futex_wake_all(page_->doorbell);
  return 1;
}

void RingWriter::set_state(RingState state) noexcept {
  page_->state.store(static_cast<std::uint32_t>(state));
  page_->doorbell.fetch_add(1);
  platform::futex_wake_all(page_->doorbell);
}

}  // namespace geyser::stream
