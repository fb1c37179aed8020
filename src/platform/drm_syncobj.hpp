// DRM sync objects of the timeline variety: a kernel object with points, each of which is reached when the fence that
// was put there is signalled. Nodes of DRM drivers make and open them, and any node opens those of any other.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

// Whether some node is there, lets this user in and has timelines. Asks anew each time.
[[nodiscard]] GEYSER_API bool has_drm_syncobjs() noexcept;

// Keeps a node open for itself: its name for the object is valid there only, and goes with it. put() and get() not from
// several threads at once.
class GEYSER_API DrmSyncobj {
 public:
  // At point 0. Errors: not_available (every node is named, with what is wrong with it), operating_system.
  [[nodiscard]] static Result<DrmSyncobj> create();
  // `handle` is borrowed. Errors: as above, invalid_handle (it is none: nothing else has the kernel's word for it).
  [[nodiscard]] static Result<DrmSyncobj> open(NativeHandle handle);

  // A new descriptor of the object, of kind drm_syncobj. Errors: operating_system.
  [[nodiscard]] Result<OwnedHandle> export_handle() const;

  // The last point that is reached, and the last that has a fence. 0: none. Errors: operating_system.
  [[nodiscard]] Result<std::uint64_t> completed() const;
  [[nodiscard]] Result<std::uint64_t> submitted() const;

  // What a wait is for: the point has a fence, or that fence is signalled. Waits for a point that has none yet, too.
  enum class Until : std::uint8_t { submitted, signalled };
  // Errors: timeout, operating_system.
  [[nodiscard]] Result<void> wait(std::uint64_t point, Until until, std::chrono::nanoseconds timeout) const;

  // The point is reached now. Points grow; the kernel takes others as well, and then its answers are worthless.
  // Errors: operating_system.
  [[nodiscard]] Result<void> signal(std::uint64_t point);
  // The point is reached when the sync file (borrowed) is signalled. Errors: invalid_handle, operating_system.
  [[nodiscard]] Result<void> put(std::uint64_t point, NativeHandle sync_file);
  // A sync file of the point. Errors: invalid_argument (it has no fence yet), operating_system.
  [[nodiscard]] Result<OwnedHandle> get(std::uint64_t point) const;

 private:
  DrmSyncobj(OwnedHandle node, std::uint32_t object, std::uint32_t carrier)
      : node_(std::move(node)), object_(object), carrier_(carrier) {}

  OwnedHandle node_;
  [[maybe_unused]] std::uint32_t object_;
  [[maybe_unused]] std::uint32_t carrier_;  // of one fence: sync files come and go by it
};

}  // namespace geyser::platform
