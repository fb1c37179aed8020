// Fences that GPUs and processes wait for, and the state that travels between holders of a texture.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser {

// How a fence is carried. Values are stable: they travel on the wire.
enum class FenceKind : std::uint8_t {
  none = 0,
  opaque_fd_timeline = 1,  // Vulkan timeline semaphore, GL_NV_timeline_semaphore, CUDA
  opaque_fd_binary = 2,    // Vulkan binary semaphore, GL_EXT_semaphore_fd, CUDA: one signal, one wait
  sync_file = 3,           // Linux sync file: one shot
  host_timeline = 4,       // a 64-bit counter in shared memory, signalled and waited for by CPUs
  drm_syncobj = 5,         // Linux: a timeline in the kernel, of any DRM driver; GPUs reach it by sync files
  opaque_win32_timeline = 6,
  d3d12_fence = 7,
  metal_shared_event = 8,
  opaque_win32_binary = 9,  // as opaque_fd_binary (GL_EXT_semaphore_win32), by NT handle alone: no global number (KMT)
};
inline constexpr std::size_t fence_kind_count = 10;
[[nodiscard]] GEYSER_API std::string_view to_string(FenceKind kind) noexcept;

// How well two ends wait for each other, best first (docs/sync.md).
enum class SyncTier : std::uint8_t {
  shared_timeline = 0,   // GPU waits, any number of waiters
  binary_semaphore = 1,  // GPU waits, one waiter for each signal
  sync_file = 2,         // GPU waits, a new descriptor for each signal
  host_wait = 3,         // a CPU waits for the GPU at the end of each access
};
[[nodiscard]] GEYSER_API std::string_view to_string(SyncTier tier) noexcept;
[[nodiscard]] GEYSER_API SyncTier tier_of(FenceKind kind) noexcept;

// Names one fence in both processes; random, given at creation.
using FenceId = std::uint64_t;

// Longest wait that Geyser makes for a peer unless told otherwise.
inline constexpr std::chrono::nanoseconds default_wait_timeout = std::chrono::seconds(5);

// What crosses a process for a fence: kind, id, owned handle, last value known. The handle of a sync_file is of the
// signal of `value`, and empty when that is reached; of the other kinds it is never empty.
struct FenceHandle {
  FenceKind kind = FenceKind::none;
  FenceId id = 0;
  std::uint64_t value = 0;
  OwnedHandle handle;
};

class TextureShareManager;

// A fence in one API: a timeline, or the best stand-in the driver has. Values start at 0 and only grow.
// Thread safety: all calls are safe from any thread unless the API's header says otherwise (OpenGL: the thread on
// which the context is current).
class GEYSER_API SharedFence {
 public:
  virtual ~SharedFence();
  SharedFence(const SharedFence&) = delete;
  SharedFence& operator=(const SharedFence&) = delete;

  [[nodiscard]] FenceKind kind() const noexcept { return kind_; }
  [[nodiscard]] FenceId id() const noexcept { return id_; }

  // The value that the next signal should use: one more than the largest used on this side or seen from the peer.
  [[nodiscard]] std::uint64_t next_value() noexcept;

  // The largest value known to be signalled. Binary semaphores cannot be read: unsupported.
  [[nodiscard]] Result<std::uint64_t> completed_value() const;
  // Blocks the calling CPU thread until `value` is signalled. Errors: timeout, device_lost, unsupported (binary).
  [[nodiscard]] Result<void> wait(std::uint64_t value, std::chrono::nanoseconds timeout = default_wait_timeout) const;
  // Signals `value` from the CPU. Errors: invalid_argument (not larger than the current value), unsupported.
  [[nodiscard]] Result<void> signal(std::uint64_t value);
  // A new handle to the same fence for another process or API; the fence stays usable.
  // Errors: unsupported, operating_system.
  [[nodiscard]] Result<FenceHandle> export_handle() const;
  // For FenceKind::sync_file, whose every signal is a descriptor of its own: takes what the other end's
  // export_handle() gave after it had ended an access, before the state of that access is used here. Consumes the
  // handle. An older one than is known is closed, and no error. Channel::send_state() and receive_state() do this.
  // Errors: invalid_handle (another fence, not a sync file), unsupported (a kind whose one handle serves for ever).
  [[nodiscard]] Result<void> update(FenceHandle&& newer);

 protected:
  // id 0: draw a new random one.
  SharedFence(FenceKind kind, FenceId id, std::uint64_t last_value);

  // For an API that cannot signal this kind, or cannot wait for it, but makes and takes semaphores of one signal and
  // one wait (HandleKind::opaque_fd, sync_file): its allocator's device stands between, with one empty submission.
  // Errors: unsupported (no allocator).
  // The fence reaches `value` when `after` is signalled: when it has reached `after_value`, where it is a timeline's
  // (HandleKind::d3d_nt, metal_shared_event).
  [[nodiscard]] Result<void> relay_signal(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value);
  // A new semaphore that is signalled when the fence has reached `value`.
  [[nodiscard]] Result<OwnedHandle> relay_wait(std::uint64_t value) const;

 private:
  // The allocator's part of the two: queued on the device, never waited for.
  virtual Result<void> do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value);
  virtual Result<OwnedHandle> do_forward(std::uint64_t value) const;
  virtual Result<std::uint64_t> do_completed_value() const = 0;
  virtual Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const = 0;
  virtual Result<void> do_signal(std::uint64_t value) = 0;
  virtual Result<FenceHandle> do_export() const = 0;
  virtual Result<void> do_update(FenceHandle&& newer);
  friend class TextureShareManager;
  void note(std::uint64_t value) const noexcept;  // next_value() is larger from now on

  FenceKind kind_;
  FenceId id_;
  struct LastValue;
  std::unique_ptr<LastValue> last_value_;
  // The same fence in the allocator's API, which made it or opened it too: it exports it, and the CPU uses it there.
  std::shared_ptr<SharedFence> origin_;
};

// "After this fence has reached this value." A value type; the fence is shared.
struct SyncPoint {
  std::shared_ptr<SharedFence> fence;
  std::uint64_t value = 0;
  friend bool operator==(const SyncPoint&, const SyncPoint&) = default;
};

inline constexpr std::size_t max_sync_points = 8;

// A small set of points, at most one for each fence (the largest value wins). Never allocates; an empty one, as most
// are, costs no more than its size to copy and to destroy.
class GEYSER_API SyncPoints {
 public:
  SyncPoints() noexcept {}
  SyncPoints(const SyncPoints& other) noexcept { *this = other; }
  SyncPoints(SyncPoints&& other) noexcept { *this = std::move(other); }
  SyncPoints& operator=(const SyncPoints& other) noexcept {
    if (this == &other) return *this;
    clear();
    if (other.size_ != 0) copy(other);
    return *this;
  }
  // Leaves `other` empty.
  SyncPoints& operator=(SyncPoints&& other) noexcept {
    if (this == &other) return *this;
    clear();
    if (other.size_ != 0) take(other);
    return *this;
  }
  ~SyncPoints() { clear(); }

  // Errors: invalid_argument when the set is full or the fence is null.
  [[nodiscard]] Result<void> add(SyncPoint point);
  void clear() noexcept {
    if (size_ != 0) destroy();
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] const SyncPoint* begin() const noexcept { return points_; }
  [[nodiscard]] const SyncPoint* end() const noexcept { return points_ + size_; }
  friend bool operator==(const SyncPoints& a, const SyncPoints& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void copy(const SyncPoints& other) noexcept;
  void take(SyncPoints& other) noexcept;
  void destroy() noexcept;

  std::size_t size_ = 0;
  union {
    SyncPoint points_[max_sync_points];  // the first `size_` are alive
  };
};

// Everything the next holder must know. What end_access returns is exactly what begin_access takes.
// `layout` of the memory is not here: a published texture is always in Vulkan's GENERAL layout or its equal.
struct AccessState {
  SyncPoints writer;         // the last write is complete after these; empty: it is already complete
  SyncPoints readers;        // the reads since then are complete after these
  std::uint64_t serial = 0;  // counts writes; a state with a smaller serial than the texture has seen is stale
  bool initialized = false;  // somebody has written the contents
  friend bool operator==(const AccessState&, const AccessState&) = default;
};

}  // namespace geyser
