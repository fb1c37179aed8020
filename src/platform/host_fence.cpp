// A timeline in one shared page. Every process that holds the fence can write every byte of the page (a futex waiter
// has to count itself in), so nothing read from it is trusted: values below one already seen are ignored, the waiter
// count only decides whether to make a wake call, and every sleep is short and inside the caller's deadline.
#include "platform/host_fence.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "common/text.hpp"
#include "platform/deadline.hpp"
#include "platform/futex.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::platform {

using detail::text;
namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t page_magic = 0x31656e666e797367ULL;  // "gsynfne1"
// A waiter looks at the value this often even if nobody wakes it: a peer may have spoiled the waiter count.
constexpr std::chrono::milliseconds longest_sleep{50};

// Part of the wire format (docs/wire.md): little-endian, the rest of the page is reserved and zero.
struct Page {
  std::atomic<std::uint64_t> value;     // grows
  std::atomic<std::uint32_t> sequence;  // changes with every signal; what waiters sleep on
  std::atomic<std::uint32_t> waiters;   // zero: a signal needs no system call
  std::atomic<std::uint64_t> magic;
};
static_assert(sizeof(Page) == 24 && sizeof(Page) <= page_bytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);

class HostFence final : public SharedFence {
 public:
  HostFence(FenceId id, std::uint64_t last_value, OwnedHandle handle, MappedMemory memory, Page* page)
      : SharedFence(FenceKind::host_timeline, id, last_value),
        handle_(std::move(handle)),
        memory_(std::move(memory)),
        page_(page) {}

 private:
  // The largest value seen by this object. Sequentially consistent: pairs with the waiter count in do_signal.
  std::uint64_t look() const noexcept {
    const std::uint64_t now = page_->value.load();
    std::uint64_t seen = seen_.load();
    while (seen < now && !seen_.compare_exchange_weak(seen, now)) {
    }
    return std::max(seen, now);
  }

  Result<std::uint64_t> do_completed_value() const override { return look(); }

  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override {
    if (look() >= value) return {};
    const Deadline deadline = Deadline::after(timeout);
    page_->waiters.fetch_add(1);
    Result<void> result = sleep_until(value, timeout, deadline);
    page_->waiters.fetch_sub(1);
    return result;
  }

  Result<void> sleep_until(std::uint64_t value, std::chrono::nanoseconds timeout, const Deadline& deadline) const {
    for (;;) {
      const std::uint32_t sequence = page_->sequence.load();
      const std::uint64_t now = look();
      if (now >= value) return {};
      const std::chrono::nanoseconds left = deadline.remaining();
      if (left.count() == 0) {
        return fail(ErrorCode::timeout, text("Fence [", id(), "] does not reach value [", value, "] in [",
                                             std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count(),
                                             "] ms; it is at [", now, "]."));
      }
      Result<void> slept =
          futex_wait(page_->sequence, sequence, std::min<std::chrono::nanoseconds>(left, longest_sleep));
      if (!slept) return slept;
    }
  }

  // No allocation, and no system call while nobody sleeps.
  Result<void> do_signal(std::uint64_t value) override {
    const std::uint64_t seen = look();
    std::uint64_t now = page_->value.load();
    for (;;) {
      if (value <= std::max(seen, now)) {
        return fail(
            ErrorCode::invalid_argument,
            text("Fence value [", value, "] is not larger than the current value [", std::max(seen, now), "]."));
      }
      if (page_->value.compare_exchange_weak(now, value)) break;
    }
    page_->sequence.fetch_add(1);
    if (page_->waiters.load() != 0) futex_wake_all(page_->sequence);
    look();
    return {};
  }

  Result<FenceHandle> do_export() const override {
    auto copy = handle_.duplicate();
    if (!copy) return fail(std::move(copy.error()).during(text("exporting fence [", id(), "]")));
    return FenceHandle{kind(), id(), look(), std::move(*copy)};
  }

  OwnedHandle handle_;
  MappedMemory memory_;
  Page* page_;
  mutable std::atomic<std::uint64_t> seen_{0};
};

}  // namespace

Result<std::shared_ptr<SharedFence>> create_host_fence() {
  auto handle = create_shared_memory(page_bytes);
  if (!handle) return fail(std::move(handle.error()).during("creating a host fence"));
  auto memory = map_shared_memory(handle->get(), page_bytes);
  if (!memory) return fail(std::move(memory.error()).during("creating a host fence"));
  auto* page = ::new (static_cast<void*>(memory->bytes().data())) Page{};
  futex_prepare(*memory);
  page->magic.store(page_magic);
  return std::make_shared<HostFence>(FenceId{0}, 0, std::move(*handle), std::move(*memory), page);
}

Result<std::shared_ptr<SharedFence>> import_host_fence(FenceHandle&& handle) {
  FenceHandle taken = std::move(handle);  // closes the descriptor on every path that does not keep it
  if (taken.kind != FenceKind::host_timeline) {
    return fail(ErrorCode::invalid_handle,
                text("A fence handle of kind [", to_string(taken.kind), "] is not a [host_timeline]."));
  }
  if (taken.id == 0) return fail(ErrorCode::invalid_handle, "A fence handle with id [0] names no fence.");
  auto memory = map_shared_memory(taken.handle.get(), page_bytes);
  if (!memory) return fail(std::move(memory.error()).during(text("importing host fence [", taken.id, "]")));
  auto* page = std::launder(reinterpret_cast<Page*>(memory->bytes().data()));
  if (page->magic.load() != page_magic) {
    return fail(ErrorCode::invalid_handle, text("The shared memory of fence [", taken.id, "] holds no host fence."));
  }
  return std::make_shared<HostFence>(taken.id, taken.value, std::move(taken.handle), std::move(*memory), page);
}

}  // namespace geyser::platform
