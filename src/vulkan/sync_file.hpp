// Sync files of a device: VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT. Binary semaphores carry them in and out, and
// are used again when the device is done with them, so that a hand-off creates none once all are warm.
#pragma once

#include <mutex>
#include <span>
#include <vector>

#include <vulkan/vulkan_core.h>

#include <geyser/capabilities.hpp>
#include <geyser/error.hpp>
#include <geyser/handle.hpp>

namespace geyser::vulkan {

class Device;

class SyncFiles {
 public:
  explicit SyncFiles(Device& device) : device_(device) {}
  // The device is idle.
  ~SyncFiles();
  SyncFiles(const SyncFiles&) = delete;
  SyncFiles& operator=(const SyncFiles&) = delete;

  // A semaphore for one submission to wait for, which then waits for the sync file; that is consumed on success.
  // Errors: invalid_handle (the driver takes it for none), out_of_memory.
  Result<VkSemaphore> open(OwnedHandle& sync_file);
  // A semaphore for one submission to signal.
  Result<VkSemaphore> make();
  // What that submission, which is queued, will signal; empty: it has already. The semaphore is unsignalled again.
  Result<OwnedHandle> export_from(VkSemaphore semaphore);
  // From the calls above, once their submission `ticket` is queued and exported from.
  void opened_is_queued(VkSemaphore semaphore, std::uint64_t ticket);
  void made_is_queued(VkSemaphore semaphore, std::uint64_t ticket);
  // Of no submission, or one that was never exported from: not to be used again. Destroyed when the device is idle.
  void discard(VkSemaphore semaphore);

 private:
  // Those to wait for and those to signal are kept apart: only the latter are made for export.
  struct Kind {
    bool exportable = false;
    std::vector<VkSemaphore> idle;
    struct Queued {
      VkSemaphore semaphore;
      std::uint64_t ticket;
    };
    std::vector<Queued> queued;  // oldest first
  };
  Result<VkSemaphore> take(Kind& kind);

  Device& device_;
  std::mutex mutex_;
  Kind opened_;
  Kind made_{true, {}, {}};
};

// What the driver says, and then one whole way of a sync file from a submission to the next, which must come to an end.
FenceCapability probe_sync_files(Device& device);

}  // namespace geyser::vulkan
