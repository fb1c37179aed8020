// The writing end of a feed: a ring of shared textures under a name, for any number of subscribers.
//
// Nobody at the other end can stop it: subscribers hold frames by leases in memory that only they write, the publisher
// looks at the leases when it needs a texture and waits for no one unless it was told to. A thread of the publisher's
// own answers sockets; it calls no graphics API.
// Thread safety: all calls come from one thread at a time, the manager's thread; subscribers() and statistics() from
// any. Linux and Windows so far.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>
#include <geyser/stream/feed.hpp>
#include <geyser/stream/frame.hpp>

namespace geyser::stream {

enum class NameConflict : std::uint8_t {
  refuse = 0,  // create() fails with `busy`, naming who has the name
  suffix = 1,  // "name (2)", "name (3)", ...
};

struct PublisherOptions {
  std::string name;
  std::string application;  // empty: the program's name
  NameConflict on_conflict = NameConflict::refuse;
  bool listed = true;
  std::uint32_t ring_size = 4;
  // Vulkan: the ring's images can be viewed in other formats, which WebGPU subscribers need to share them without a
  // copy. Some GPUs compress such images less.
  bool mutable_format = false;
  // A texture is written again only after every every-frame subscriber had its turn with it, or has overstayed.
  bool back_pressure = false;
  // How long a lease is safe when the ring has run out. Who holds a frame longer loses it, if it is needed; who lost
  // one has no such grace until it returns a frame in time.
  std::chrono::nanoseconds lease_time = std::chrono::milliseconds(50);
  std::uint32_t max_subscribers = 64;
  NegotiationPolicy policy;  // rungs of the ladder that may not be used
  FrameRate frame_rate;
  HdrMetadata hdr;
  std::string runtime_directory;  // empty: default_runtime_directory()
  DiagnosticHandler diagnostics;  // subscribers that were dropped or miss a copy, and why
};

// One subscriber as the publisher sees it.
struct SubscriberInfo {
  std::uint64_t id = 0;
  std::string name;
  std::int64_t process_id = 0;
  Api api = Api::host;
  std::string device;
  SharePath path = SharePath::zero_copy;
  HandleKind handle_kind = HandleKind::none;
  SyncTier sync_tier = SyncTier::host_wait;
  bool every_frame = false;
  std::uint64_t frames_read = 0;    // as it says itself
  std::uint64_t frames_missed = 0;  // as it says itself
  std::uint64_t leases_lost = 0;    // taken away because it overstayed
  std::uint32_t leases_held = 0;
  std::string agreement;  // every rung with its reason, for people
};

struct PublisherStatistics {
  std::uint64_t frames_published = 0;
  std::uint64_t frames_refused = 0;  // begin_frame() found no free texture in time
  std::uint64_t leases_revoked = 0;
  std::uint64_t gpu_copies = 0;  // made by Geyser, for subscribers that cannot share the ring, or by publish_copy()
  std::uint64_t bytes_copied = 0;
  std::uint64_t wake_calls = 0;  // system calls made to wake sleepers
  std::uint32_t subscribers = 0;
};

class Publisher;

// A texture of the ring, open for writing. Dropping it gives the texture back without publishing.
class GEYSER_API WritableFrame {
 public:
  WritableFrame() noexcept = default;
  WritableFrame(WritableFrame&& other) noexcept;
  WritableFrame& operator=(WritableFrame&& other) noexcept;
  ~WritableFrame();

  [[nodiscard]] bool is_open() const noexcept { return owner_ != nullptr; }
  // Native objects come from the API's header, as for every SharedTexture.
  [[nodiscard]] SharedTexture& texture() const noexcept { return *texture_; }

 private:
  friend class Publisher;
  struct Impl;
  std::shared_ptr<void> owner_;
  SharedTexture* texture_ = nullptr;
  std::uint32_t slot_ = 0;
  TextureAccess access_;
};

class GEYSER_API Publisher {
 public:
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  // Ends the feed: subscribers are told, the name is free.
  ~Publisher();

  // Claims the name, makes the ring and starts to listen.
  // Errors: invalid_argument (name, ring size, descriptor), busy (the name is taken: by whom), unsupported (the manager
  // can share no such texture), operating_system (the runtime directory: what is wrong with it).
  [[nodiscard]] static Result<Publisher> create(std::shared_ptr<TextureShareManager> manager,
                                                const TextureDescriptor& descriptor, PublisherOptions options);
  // The ring is made of the caller's own textures of one descriptor, made or adopted by `manager`: no copy.
  // Errors: as above; invalid_argument (fewer than min_ring_size, descriptors that differ).
  [[nodiscard]] static Result<Publisher> create(std::shared_ptr<TextureShareManager> manager,
                                                std::vector<std::unique_ptr<SharedTexture>> textures,
                                                PublisherOptions options);

  // A texture to draw the next frame into; its old contents are gone. Returns at once while the ring has a free one,
  // else waits for leases to end, at most `timeout`, and takes overstayed ones away.
  // `timing`: as of SharedTexture::begin_access.
  // Errors: timeout (the ring has run out; the frame should be skipped), busy (a frame is open), device_lost.
  [[nodiscard]] Result<WritableFrame> begin_frame(std::chrono::nanoseconds timeout = std::chrono::milliseconds(4),
                                                  AccessTiming timing = AccessTiming::immediate);
  // Ends the access and announces the frame. Gives its number. Wakes who sleeps; makes no system call otherwise.
  // Errors: invalid_access (not open, or of another publisher), timeout, device_lost.
  Result<std::uint64_t> publish(WritableFrame&& frame, const FrameInfo& info = {});
  // Publishes a texture of the caller's, which is copied into the ring by one GPU copy (statistics().gpu_copies).
  // `source` must have the feed's descriptor and be of the publisher's manager; gives the state for its next holder.
  // Errors: as begin_frame and publish, invalid_argument.
  [[nodiscard]] Result<AccessState> publish_copy(SharedTexture& source, const AccessState& state,
                                                 const FrameInfo& info = {});

  // Another size or format, live: subscribers get new textures without reconnecting. Frames begun before are dropped.
  // Errors: as create.
  [[nodiscard]] Result<void> reconfigure(const TextureDescriptor& descriptor);

  // Serves subscribers that wait to join; begin_frame and publish do it too. Needed by publishers that pause: call it
  // when event() is readable.
  void service();
  // Pollable (readable: service() has work); borrowed.
  [[nodiscard]] NativeHandle event() const noexcept;

  [[nodiscard]] const FeedInfo& feed() const noexcept;
  [[nodiscard]] bool has_subscribers() const noexcept;
  [[nodiscard]] std::vector<SubscriberInfo> subscribers() const;
  [[nodiscard]] PublisherStatistics statistics() const;

 private:
  friend class WritableFrame;
  struct Impl;
  explicit Publisher(std::shared_ptr<Impl> impl) noexcept;
  std::shared_ptr<Impl> impl_;
};

}  // namespace geyser::stream
