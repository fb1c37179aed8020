// The reading end of a feed. Finds it by name, comes back by itself when it went away, and follows it when it changes
// its size. Has no thread: everything happens in acquire().
// Thread safety: all calls from one thread at a time, the manager's thread. Linux only so far.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>
#include <geyser/stream/feed.hpp>
#include <geyser/stream/frame.hpp>

namespace geyser::stream {

enum class FrameMode : std::uint8_t {
  latest = 0,  // acquire() gives the newest frame, and skips the others
  every = 1,   // acquire() gives frames in order, and skips only what the ring no longer has (statistics say so)
};

// What acquire() gives while the source is gone.
enum class OnLoss : std::uint8_t {
  hold_last = 0,  // the last frame again (Frame::is_repeated)
  black = 1,      // a texture of zeros (Frame::is_repeated)
  none = 2,       // nothing: the error `abandoned`
};

enum class FeedState : std::uint8_t {
  searching = 0,   // no such feed yet
  connecting = 1,  // found; the ring has not come yet
  live = 2,
  lost = 3,     // was live; its publisher died or ended it; acquire() goes on searching
  refused = 4,  // the publisher or this end cannot share (last_error() says why); acquire() tries again later
};
[[nodiscard]] GEYSER_API std::string_view to_string(FeedState state) noexcept;

struct SubscriberOptions {
  std::string feed;         // its name
  std::string application;  // when not empty, only of this application
  std::string name;         // what the publisher is told of this end; empty: the program's name
  FrameMode mode = FrameMode::latest;
  OnLoss on_loss = OnLoss::hold_last;
  NegotiationPolicy policy;
  // Frames that may be held at once; at most ring_size - 2, at least 1.
  std::uint32_t max_leases = 2;
  std::string runtime_directory;  // empty: default_runtime_directory()
  DiagnosticHandler diagnostics;
};

struct SubscriberStatistics {
  std::uint64_t frames_read = 0;
  std::uint64_t frames_missed = 0;  // published while this end did not look
  std::uint64_t leases_lost = 0;    // frames that were overwritten while held too long
  std::uint64_t connections = 0;
  std::uint64_t bytes_copied = 0;
  std::uint64_t system_calls = 0;  // made by acquire() and release() to sleep or to look at the connection
};

class Subscriber;

// A frame of the feed, open for reading. Dropping it releases it.
class GEYSER_API Frame {
 public:
  Frame() noexcept = default;
  Frame(Frame&& other) noexcept;
  Frame& operator=(Frame&& other) noexcept;
  ~Frame();

  [[nodiscard]] bool is_open() const noexcept { return owner_ != nullptr; }
  [[nodiscard]] SharedTexture& texture() const noexcept { return *texture_; }
  [[nodiscard]] const FrameInfo& info() const noexcept { return info_; }
  // The same picture as before, or black, because the source is gone.
  [[nodiscard]] bool is_repeated() const noexcept { return repeated_; }
  // False: it was held too long and may have been overwritten; what was read of it must be thrown away.
  [[nodiscard]] bool is_intact() const noexcept;

 private:
  friend class Subscriber;
  void drop() noexcept;
  std::shared_ptr<void> owner_;
  SharedTexture* texture_ = nullptr;
  TextureAccess access_;
  FrameInfo info_;
  std::uint32_t slot_ = 0;
  bool repeated_ = false;
};

class GEYSER_API Subscriber {
 public:
  Subscriber(Subscriber&&) noexcept;
  Subscriber& operator=(Subscriber&&) noexcept;
  ~Subscriber();

  // Does not wait: the feed need not exist yet.
  // Errors: invalid_argument (names, max_leases), operating_system (the runtime directory).
  [[nodiscard]] static Result<Subscriber> create(std::shared_ptr<TextureShareManager> manager,
                                                 SubscriberOptions options);

  // A frame that this end has not had yet, also of a publisher that has ended since: what it left is given first. Zero:
  // does not sleep. The frame is open for reading: GPU waits are queued where the tier has them. Errors: timeout
  // (nothing new), abandoned (the source is gone, with OnLoss::none), busy (max_leases are held), device_lost. What
  // else goes wrong at the other end is a state, not an error. `timing`: as of SharedTexture::begin_access.
  [[nodiscard]] Result<Frame> acquire(std::chrono::nanoseconds timeout, AccessTiming timing = AccessTiming::immediate);
  // Ends the access and gives the texture back to the publisher. False: the lease had been lost (is_intact()).
  // Errors: invalid_access, timeout, device_lost.
  Result<bool> release(Frame&& frame);

  // Pollable; borrowed; readable when acquire(0) has something to do. From the first call on, the publisher makes a
  // system call to wake this end.
  [[nodiscard]] NativeHandle event();

  [[nodiscard]] FeedState state() const noexcept;
  // Why the state is `refused`, or how the last connection ended.
  [[nodiscard]] const std::optional<GeyserError>& last_error() const noexcept;
  // Facts and agreement of the present or last connection; empty before the first.
  [[nodiscard]] const FeedInfo& feed() const noexcept;
  [[nodiscard]] const Agreement& agreement() const noexcept;
  [[nodiscard]] SubscriberStatistics statistics() const noexcept;

 private:
  friend class Frame;
  struct Impl;
  explicit Subscriber(std::shared_ptr<Impl> impl) noexcept;
  std::shared_ptr<Impl> impl_;
};

}  // namespace geyser::stream
