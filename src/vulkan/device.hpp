// The wrapped (or own) Vulkan device, shared by a manager and everything made from it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <geyser/vulkan.hpp>

#include "vulkan/loader.hpp"

namespace geyser::vulkan {

class SyncFiles;
class VulkanFence;
struct KeyedMutexUse;

inline constexpr const char* keyed_mutex_extension = "VK_KHR_win32_keyed_mutex";  // of a header that needs the system's

// A driver that has dma-bufs can be asked for their planes by memory plane, as the specification wants it. Mesa 26.1's
// lavapipe takes each of them for the first, and answers only for the format's planes; `none`: it tells none apart.
enum class PlaneAspects { memory, format, none };

struct DeviceExtensions {
  bool external_memory = false;  // by this system's handles (external_memory.hpp)
  bool dma_buf = false;          // with explicit modifiers: without them nobody could say where the pixels are
  PlaneAspects plane_aspects = PlaneAspects::memory;
  bool foreign = false;             // VK_EXT_queue_family_foreign
  bool external_semaphore = false;  // by this system's handles (external_semaphore.hpp)
  bool keyed_mutex = false;         // VK_KHR_win32_keyed_mutex
  bool surfaces = false;            // VK_EXT_metal_objects, where this build knows surfaces
  bool host_pointer = false;        // VK_EXT_external_memory_host, at the pages' alignment
};

// A semaphore in a submission. `value` is ignored for binary ones.
struct SemaphoreUse {
  VkSemaphore semaphore = VK_NULL_HANDLE;
  std::uint64_t value = 0;
};

// What a submission can be waited for with: a value of the device's own timeline.
using Ticket = std::uint64_t;

class Device : public std::enable_shared_from_this<Device> {
 public:
  static Result<std::shared_ptr<Device>> create(const Options& options);
  static Result<std::shared_ptr<Device>> wrap(const WrapOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const NativeDevice& native() const noexcept { return native_; }
  VkDevice handle() const noexcept { return native_.device; }
  const InstanceFunctions& instance_functions() const noexcept { return instance_functions_; }
  const DeviceFunctions& functions() const noexcept { return functions_; }
  const DeviceExtensions& extensions() const noexcept { return extensions_; }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  const VkPhysicalDeviceMemoryProperties& memory_properties() const noexcept { return memory_properties_; }
  // What imported host memory begins at and is a multiple of.
  std::uint64_t host_pointer_alignment() const noexcept { return host_pointer_alignment_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }
  // Whether the instance lets it be asked which MTLDevice it is (metal_objects.hpp).
  bool metal_device_exported() const noexcept { return metal_device_exported_; }
  // The first memory type in `type_bits` with all of `wanted`, else the first in `type_bits`; -1 when it is empty.
  int pick_memory_type(std::uint32_t type_bits, VkMemoryPropertyFlags wanted) const noexcept;

  // Queues `commands` (may be empty) on the queue after `waits`. Never allocates, never blocks on the GPU. Destroys
  // what the device is done with.
  Result<Ticket> submit(std::span<const SemaphoreUse> waits, std::span<const VkCommandBuffer> commands,
                        const SemaphoreUse* signal, const KeyedMutexUse* mutex = nullptr,
                        const Completion& completion = {});
  Result<void> wait(Ticket ticket, std::chrono::nanoseconds timeout) const;
  // What is done already: everything when the device is lost.
  Ticket completed() const noexcept;
  // Whether a call has said VK_ERROR_DEVICE_LOST. Every further submission says it again.
  bool is_lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

  // Destroys by `destroy` once everything submitted so far is done: now if it is, else at a later submission.
  void destroy_later(std::function<void()> destroy);
  void collect_garbage();

  // Another one with each call.
  std::uint64_t next_number() noexcept { return ++numbers_; }

  Result<VkCommandBuffer> allocate_command_buffer();
  void free_command_buffer(VkCommandBuffer buffer) noexcept;

  // Null without VK_KHR_external_semaphore_fd. Whether they work is another matter.
  SyncFiles* sync_files() const noexcept { return sync_files_.get(); }
  bool has_sync_files() const noexcept { return sync_files_work_; }
  void set_sync_files_work(bool work) noexcept { sync_files_work_ = work; }

  // This device's own semaphore for a fence, whichever API's object names it; null when there is none.
  VulkanFence* find_fence(const SharedFence& fence) const;
  void add_fence(VulkanFence& fence);
  void remove_fence(const VulkanFence& fence) noexcept;

 private:
  Device();
  // Everything after the native objects are known.
  Result<void> initialize(const std::vector<std::string>& enabled_extensions);
  Result<Ticket> queue_submission(std::span<const SemaphoreUse> waits, std::span<const VkCommandBuffer> commands,
                                  const SemaphoreUse* signal, const KeyedMutexUse* mutex, const Completion& completion);
  void read_properties();
  void note(VkResult result) const noexcept;

  platform::DynamicLibrary loader_;
  NativeDevice native_;
  bool owns_device_ = false;
  bool metal_device_exported_ = false;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  InstanceFunctions instance_functions_;
  DeviceFunctions functions_;
  DeviceExtensions extensions_;
  DeviceIdentity identity_;
  VkPhysicalDeviceMemoryProperties memory_properties_{};
  std::uint64_t host_pointer_alignment_ = 1;
  DiagnosticHandler diagnostics_;
  std::function<void()> lock_queue_;
  std::function<void()> unlock_queue_;

  // Serialises our own submissions; the caller's callbacks serialise them against the caller's.
  std::mutex queue_mutex_;
  VkSemaphore timeline_ = VK_NULL_HANDLE;
  Ticket last_ticket_ = 0;

  std::atomic<std::uint64_t> numbers_{0};
  mutable std::atomic<bool> lost_ = false;

  std::mutex pool_mutex_;
  VkCommandPool command_pool_ = VK_NULL_HANDLE;

  struct Garbage {
    Ticket ticket;
    std::function<void()> destroy;
  };
  std::atomic<bool> has_garbage_ = false;  // so that a hand-off without any takes no lock
  std::mutex garbage_mutex_;
  std::vector<Garbage> garbage_;

  std::unique_ptr<SyncFiles> sync_files_;
  bool sync_files_work_ = false;  // probe_sync_files(), before anything is made

  mutable std::mutex fences_mutex_;
  std::unordered_map<FenceId, VulkanFence*> fences_;
};

// Names of the device extensions that Geyser uses when a device has them.
std::span<const char* const> wanted_device_extensions() noexcept;
// Of `wanted_device_extensions()`, those that `physical_device` has.
std::vector<std::string> supported_extensions(const InstanceFunctions& functions, VkPhysicalDevice physical_device);

}  // namespace geyser::vulkan
