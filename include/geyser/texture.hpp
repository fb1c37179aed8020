// A texture living in one API, shared with others.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include <geyser/capabilities.hpp>
#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/fence.hpp>
#include <geyser/handle.hpp>
#include <geyser/identity.hpp>
#include <geyser/layout.hpp>
#include <geyser/negotiate.hpp>

namespace geyser {

// The parcel: the only thing that crosses an API or a process. What export_texture returns is exactly what
// import_shared_texture takes. Move-only: it owns its handles and closes those that nobody has taken.
struct ApiTextureHandle {
  TextureDescriptor descriptor;
  MemoryLayout layout;
  DeviceIdentity identity;  // of the exporter
  Api api = Api::host;      // of the exporter
  HandleKind kind = HandleKind::none;
  std::uint32_t handle_count = 0;
  std::array<OwnedHandle, max_memory_planes> handles;

  // A second parcel with duplicated handles. Errors: invalid_handle, operating_system.
  [[nodiscard]] GEYSER_API Result<ApiTextureHandle> duplicate() const;
};

enum class AccessMode : std::uint8_t {
  read = 0,        // waits for the last writer
  write = 1,       // waits for the last writer and all readers; keeps the contents
  read_write = 2,  // as write
  discard = 3,     // as write; the old contents are not wanted
};
[[nodiscard]] GEYSER_API std::string_view to_string(AccessMode mode) noexcept;
[[nodiscard]] constexpr bool is_write(AccessMode mode) noexcept { return mode != AccessMode::read; }

// When the device is told of an access that begins.
enum class AccessTiming : std::uint8_t {
  immediate = 0,  // by begin_access: what the caller submits next may use the texture
  deferred = 1,   // with the commands that are given to Geyser (vulkan::add_commands), all at once by end_access; in
                  // an API without such a call as immediate
};

class SharedTexture;

// Proof that an access is open. Ending it is end_access(); dropping it ends it conservatively (waits for the device)
// and reports it as a diagnostic. Must not outlive its texture.
class GEYSER_API TextureAccess {
 public:
  TextureAccess() noexcept = default;
  TextureAccess(TextureAccess&& other) noexcept;
  TextureAccess& operator=(TextureAccess&& other) noexcept;
  TextureAccess(const TextureAccess&) = delete;
  TextureAccess& operator=(const TextureAccess&) = delete;
  ~TextureAccess();

  [[nodiscard]] bool is_open() const noexcept { return texture_ != nullptr; }
  [[nodiscard]] AccessMode mode() const noexcept { return mode_; }

 private:
  friend class SharedTexture;
  SharedTexture* texture_ = nullptr;
  AccessMode mode_ = AccessMode::read;
  AccessState state_;
};

// Counted by each texture since its creation.
struct TextureStatistics {
  std::uint64_t accesses = 0;
  std::uint64_t gpu_waits = 0;     // waits queued on the device
  std::uint64_t host_waits = 0;    // waits made by the CPU
  std::uint64_t bytes_copied = 0;  // by Geyser; 0 on the zero-copy path
};

// Where Geyser reports what no return value can: dropped accesses, failed clean-up. Called from the thread that
// made the call; must not call back into Geyser.
using DiagnosticHandler = std::function<void(const GeyserError&)>;

// Thread safety: calls on one texture come from one thread at a time; OpenGL: the context's thread.
class GEYSER_API SharedTexture {
 public:
  virtual ~SharedTexture();
  SharedTexture(const SharedTexture&) = delete;
  SharedTexture& operator=(const SharedTexture&) = delete;

  [[nodiscard]] Api api() const noexcept { return api_; }
  [[nodiscard]] const TextureDescriptor& descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] const MemoryLayout& layout() const noexcept { return layout_; }
  [[nodiscard]] HandleKind handle_kind() const noexcept { return handle_kind_; }
  // zero_copy, or host_copy when this API keeps its own storage beside the shared memory.
  [[nodiscard]] SharePath path() const noexcept { return path_; }
  [[nodiscard]] const TextureStatistics& statistics() const noexcept { return statistics_; }

  // The fence that end_access signals. Without one, end_access waits on the CPU until the device is done.
  // Errors: busy (an access is open), invalid_argument (a fence of another API or device).
  [[nodiscard]] Result<void> set_signal_fence(std::shared_ptr<SharedFence> fence);
  // Longest CPU wait in begin_access and end_access.
  void set_wait_timeout(std::chrono::nanoseconds timeout) noexcept { wait_timeout_ = timeout; }
  [[nodiscard]] std::chrono::nanoseconds wait_timeout() const noexcept { return wait_timeout_; }

  // Opens the texture for this API's commands. Queues GPU waits and never blocks where the fence kinds allow it;
  // otherwise waits on the CPU, at most wait_timeout(), and counts it. Many readers or one writer.
  // Errors: busy, stale_state, uninitialized (read of contents nobody wrote), timeout, abandoned, device_lost,
  // unsupported (a fence of a kind this device cannot wait for). On error nothing has changed.
  [[nodiscard]] Result<TextureAccess> begin_access(AccessMode mode, const AccessState& state,
                                                   AccessTiming timing = AccessTiming::immediate);
  // Closes it after the commands submitted so far, and returns what the next holder must pass to begin_access.
  // The token is spent unless the error is invalid_access.
  // Errors: invalid_access (empty, ended, or another texture's token), timeout, device_lost.
  [[nodiscard]] Result<AccessState> end_access(TextureAccess&& access);

 protected:
  struct Init {
    Api api = Api::host;
    TextureDescriptor descriptor;
    MemoryLayout layout;
    HandleKind handle_kind = HandleKind::none;
    SharePath path = SharePath::zero_copy;
    DiagnosticHandler diagnostics;
  };
  explicit SharedTexture(Init init);

  TextureStatistics& mutable_statistics() noexcept { return statistics_; }
  // In do_begin: the contents are of a later write than any access here has seen. That can be so although an access is
  // open: a publisher takes a texture away from a subscriber that holds it too long.
  bool is_later(const AccessState& state) const noexcept { return state.serial > last_serial_; }
  // In do_begin: the access is of AccessTiming::deferred.
  bool is_deferred() const noexcept { return deferred_; }
  void report(const GeyserError& error) const;

 private:
  friend class TextureAccess;
  friend class TextureShareManager;
  // `waits` is what must be complete before the access; `signal` is null when the CPU has to wait for completion.
  // do_end returns once `signal` is queued to reach `value`, or once the device is done.
  virtual Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) = 0;
  virtual Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) = 0;
  virtual Result<ApiTextureHandle> do_export(HandleKind kind) = 0;
  virtual bool accepts_signal_fence(const SharedFence& fence) const = 0;
  void drop(TextureAccess& access) noexcept;

  Api api_;
  TextureDescriptor descriptor_;
  MemoryLayout layout_;
  HandleKind handle_kind_;
  SharePath path_;
  DiagnosticHandler diagnostics_;
  TextureStatistics statistics_;
  std::unique_ptr<SharedTexture> origin_;  // whose memory this is, when an allocator made it
  std::shared_ptr<SharedFence> signal_fence_;
  std::chrono::nanoseconds wait_timeout_ = default_wait_timeout;
  std::uint64_t last_serial_ = 0;
  std::uint32_t open_readers_ = 0;
  bool open_writer_ = false;
  bool deferred_ = false;
};

}  // namespace geyser
