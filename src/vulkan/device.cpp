#include "vulkan/device.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "common/text.hpp"
#include "vulkan/dma_buf.hpp"
#include "vulkan/error.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/external_semaphore.hpp"
#include "vulkan/fence.hpp"
#include "vulkan/metal_objects.hpp"
#include "vulkan/sync_file.hpp"

namespace geyser::vulkan {

using detail::text;

namespace {

// Locks our mutex, then the caller's queue.
class QueueLock {
 public:
  QueueLock(std::mutex& mutex, const std::function<void()>& lock, const std::function<void()>& unlock)
      : guard_(mutex), unlock_(unlock) {
    if (lock) lock();
  }
  ~QueueLock() {
    if (unlock_) unlock_();
  }
  QueueLock(const QueueLock&) = delete;
  QueueLock& operator=(const QueueLock&) = delete;

 private:
  std::lock_guard<std::mutex> guard_;
  const std::function<void()>& unlock_;
};

constexpr std::size_t max_waits = 2 * max_sync_points;

}  // namespace

Device::Device() = default;

Result<void> Device::initialize(const std::vector<std::string>& enabled_extensions) {
  auto functions = load_device(instance_functions_, native_.device);
  if (!functions) return fail(std::move(functions.error()));
  functions_ = *functions;
  const auto enabled = [&](const char* name) {
    return std::find(enabled_extensions.begin(), enabled_extensions.end(), name) != enabled_extensions.end();
  };
  extensions_.external_memory = enabled(external_memory_extension()) && has_memory_functions(*this);
  extensions_.dma_buf = enabled(VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME) && functions_.vkGetMemoryFdKHR != nullptr &&
                        enabled(VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME) &&
                        enabled(VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME) &&
                        functions_.vkGetMemoryFdPropertiesKHR != nullptr &&
                        functions_.vkGetImageDrmFormatModifierPropertiesEXT != nullptr;
  if (extensions_.dma_buf) extensions_.plane_aspects = probe_plane_aspects(*this);
  extensions_.surfaces = enabled(metal_objects_extension) && knows_surfaces();
  extensions_.foreign = enabled(VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME);
  extensions_.keyed_mutex = extensions_.external_memory && enabled(keyed_mutex_extension);
  extensions_.external_semaphore = enabled(external_semaphore_extension()) && has_semaphore_functions(*this);
  if (enabled(VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME) && functions_.vkGetSemaphoreFdKHR != nullptr &&
      functions_.vkImportSemaphoreFdKHR != nullptr) {
    sync_files_ = std::make_unique<SyncFiles>(*this);
  }
  if (native_.queue == VK_NULL_HANDLE) {
    functions_.vkGetDeviceQueue(native_.device, native_.queue_family, 0, &native_.queue);
  }
  instance_functions_.vkGetPhysicalDeviceMemoryProperties(native_.physical_device, &memory_properties_);
  read_properties();
  if (extensions_.external_semaphore) identity_.metal_registry_id = metal_registry_id(*this);
  // Shared memory begins and ends with pages of 4096 bytes.
  extensions_.host_pointer = enabled(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME) &&
                             functions_.vkGetMemoryHostPointerPropertiesEXT != nullptr &&
                             host_pointer_alignment_ != 0 && 4096 % host_pointer_alignment_ == 0;

  const VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, nullptr,
                                       VK_SEMAPHORE_TYPE_TIMELINE, 0};
  const VkSemaphoreCreateInfo semaphore{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type, 0};
  if (const VkResult result = functions_.vkCreateSemaphore(native_.device, &semaphore, nullptr, &timeline_);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkCreateSemaphore").during("making the device's timeline"));
  }
  const VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, nullptr, 0, native_.queue_family};
  if (const VkResult result = functions_.vkCreateCommandPool(native_.device, &pool, nullptr, &command_pool_);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkCreateCommandPool"));
  }
  return {};
}

void Device::read_properties() {
  VkPhysicalDeviceExternalMemoryHostPropertiesEXT host{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT, nullptr, 0};
  VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, &host, {}, {}, {}, {}};
  VkPhysicalDeviceIDProperties id{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, &driver, {}, {}, {}, 0, 0};
  VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &id, {}};
  instance_functions_.vkGetPhysicalDeviceProperties2(native_.physical_device, &properties);
  host_pointer_alignment_ = host.minImportedHostPointerAlignment;
  identity_.has_uuids = true;
  std::memcpy(identity_.device_uuid.data(), id.deviceUUID, VK_UUID_SIZE);
  std::memcpy(identity_.driver_uuid.data(), id.driverUUID, VK_UUID_SIZE);
  identity_.has_luid = id.deviceLUIDValid == VK_TRUE;
  if (identity_.has_luid) {
    std::memcpy(identity_.luid.data(), id.deviceLUID, VK_LUID_SIZE);
    identity_.node_mask = id.deviceNodeMask;
  }
  identity_.device_name = properties.properties.deviceName;
  identity_.driver_name = driver.driverName;
  if (driver.driverInfo[0] != '\0') identity_.driver_name += text(" ", static_cast<const char*>(driver.driverInfo));
}

Device::~Device() {
  if (functions_.vkDestroySemaphore != nullptr && timeline_ != VK_NULL_HANDLE) {
    // A peer that never signals must not hang us: after the timeout its objects are leaked and said so.
    if (auto done = wait(last_ticket_, default_wait_timeout); done || is_lost()) {
      for (Garbage& garbage : garbage_) garbage.destroy();
    } else {
      if (diagnostics_) {
        diagnostics_(GeyserError(ErrorCode::timeout, text("Vulkan work is still pending; [", garbage_.size(),
                                                          "] objects and the device are leaked."))
                         .during("destroying the device"));
      }
      static_cast<void>(sync_files_.release());
      return;
    }
    sync_files_.reset();
    // The driver's threads may still be at the semaphore that has just been reached.
    if (owns_device_) functions_.vkDeviceWaitIdle(native_.device);
    if (command_pool_ != VK_NULL_HANDLE) functions_.vkDestroyCommandPool(native_.device, command_pool_, nullptr);
    functions_.vkDestroySemaphore(native_.device, timeline_, nullptr);
  }
  if (!owns_device_) return;
  if (native_.device != VK_NULL_HANDLE && functions_.vkDestroyDevice != nullptr) {
    functions_.vkDestroyDevice(native_.device, nullptr);
  }
  if (native_.instance != VK_NULL_HANDLE && instance_functions_.vkDestroyInstance != nullptr) {
    if (messenger_ != VK_NULL_HANDLE) {
      instance_functions_.vkDestroyDebugUtilsMessengerEXT(native_.instance, messenger_, nullptr);
    }
    instance_functions_.vkDestroyInstance(native_.instance, nullptr);
  }
}

int Device::pick_memory_type(std::uint32_t type_bits, VkMemoryPropertyFlags wanted) const noexcept {
  int fallback = -1;
  for (std::uint32_t i = 0; i < memory_properties_.memoryTypeCount; ++i) {
    if ((type_bits >> i & 1U) == 0) continue;
    if ((memory_properties_.memoryTypes[i].propertyFlags & wanted) == wanted) return static_cast<int>(i);
    if (fallback < 0) fallback = static_cast<int>(i);
  }
  return fallback;
}

Result<Ticket> Device::submit(std::span<const SemaphoreUse> waits, std::span<const VkCommandBuffer> commands,
                              const SemaphoreUse* signal, const KeyedMutexUse* mutex, const Completion& completion) {
  auto ticket = queue_submission(waits, commands, signal, mutex, completion);
  if (has_garbage_.load(std::memory_order_relaxed)) collect_garbage();
  return ticket;
}

Result<Ticket> Device::queue_submission(std::span<const SemaphoreUse> waits, std::span<const VkCommandBuffer> commands,
                                        const SemaphoreUse* signal, const KeyedMutexUse* mutex,
                                        const Completion& completion) {
  std::array<VkSemaphore, max_waits> wait_semaphores{};
  std::array<std::uint64_t, max_waits> wait_values{};
  std::array<VkPipelineStageFlags, max_waits> stages{};
  for (std::size_t i = 0; i < waits.size(); ++i) {
    wait_semaphores[i] = waits[i].semaphore;
    wait_values[i] = waits[i].value;
    stages[i] = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
  }
  const QueueLock lock(queue_mutex_, lock_queue_, unlock_queue_);
  const Ticket ticket = last_ticket_ + 1;
  // The device's own last: lavapipe signals in this order, and once this one is reached the others may be destroyed.
  std::array<VkSemaphore, 3> signal_semaphores{};
  std::array<std::uint64_t, 3> signal_values{};
  std::uint32_t signal_count = 0;
  const auto add_signal = [&](VkSemaphore semaphore, std::uint64_t value) {
    signal_semaphores[signal_count] = semaphore;
    signal_values[signal_count++] = value;
  };
  if (signal != nullptr) add_signal(signal->semaphore, signal->value);
  if (completion.semaphore != VK_NULL_HANDLE) add_signal(completion.semaphore, completion.value);
  add_signal(timeline_, ticket);
  const auto wait_count = static_cast<std::uint32_t>(waits.size());
  const VkTimelineSemaphoreSubmitInfo values{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                             nullptr,
                                             wait_count,
                                             wait_values.data(),
                                             signal_count,
                                             signal_values.data()};
  const VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO,
                          &values,
                          wait_count,
                          wait_semaphores.data(),
                          stages.data(),
                          static_cast<std::uint32_t>(commands.size()),
                          commands.data(),
                          signal_count,
                          signal_semaphores.data()};
  const VkResult result = mutex != nullptr ? submit_with_mutex(*this, info, *mutex, completion.fence)
                                           : functions_.vkQueueSubmit(native_.queue, 1, &info, completion.fence);
  if (result != VK_SUCCESS) {
    note(result);
    return fail(make_error(result, "vkQueueSubmit"));
  }
  last_ticket_ = ticket;
  return ticket;
}

Result<void> Device::wait(Ticket ticket, std::chrono::nanoseconds timeout) const {
  const VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, nullptr, 0, 1, &timeline_, &ticket};
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
  const VkResult result = functions_.vkWaitSemaphores(native_.device, &info, limit);
  if (result == VK_TIMEOUT) {
    return fail(ErrorCode::timeout, text("The device is not done after [", limit / 1000000, "] ms."));
  }
  if (result != VK_SUCCESS) {
    note(result);
    return fail(make_error(result, "vkWaitSemaphores"));
  }
  return {};
}

void Device::note(VkResult result) const noexcept {
  if (result == VK_ERROR_DEVICE_LOST) lost_.store(true, std::memory_order_relaxed);
}

void Device::destroy_later(std::function<void()> destroy) {
  // Whatever the caller submitted before this call is earlier on the same queue.
  auto ticket = queue_submission({}, {}, nullptr, nullptr, {});
  {
    const std::lock_guard<std::mutex> lock(garbage_mutex_);
    garbage_.push_back({ticket ? *ticket : last_ticket_, std::move(destroy)});
    has_garbage_.store(true, std::memory_order_relaxed);
  }
  collect_garbage();
}

Ticket Device::completed() const noexcept {
  // Of a lost device nothing is in use any more (Vulkan, 5.2.3 Lost Device).
  constexpr auto all = std::numeric_limits<Ticket>::max();
  if (is_lost()) return all;
  Ticket ticket = 0;
  const VkResult result = functions_.vkGetSemaphoreCounterValue(native_.device, timeline_, &ticket);
  note(result);
  if (result == VK_SUCCESS) return ticket;
  return is_lost() ? all : 0;
}

void Device::collect_garbage() {
  const Ticket done = completed();
  const std::lock_guard<std::mutex> lock(garbage_mutex_);
  std::erase_if(garbage_, [&](const Garbage& garbage) {
    if (garbage.ticket > done) return false;
    garbage.destroy();
    return true;
  });
  has_garbage_.store(!garbage_.empty(), std::memory_order_relaxed);
}

Result<VkCommandBuffer> Device::allocate_command_buffer() {
  const std::lock_guard<std::mutex> lock(pool_mutex_);
  const VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, nullptr, command_pool_,
                                         VK_COMMAND_BUFFER_LEVEL_PRIMARY, 1};
  VkCommandBuffer buffer = VK_NULL_HANDLE;
  if (const VkResult result = functions_.vkAllocateCommandBuffers(native_.device, &info, &buffer);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkAllocateCommandBuffers"));
  }
  return buffer;
}

void Device::free_command_buffer(VkCommandBuffer buffer) noexcept {
  if (buffer == VK_NULL_HANDLE) return;
  const std::lock_guard<std::mutex> lock(pool_mutex_);
  functions_.vkFreeCommandBuffers(native_.device, command_pool_, 1, &buffer);
}

VulkanFence* Device::find_fence(const SharedFence& fence) const {
  const std::lock_guard<std::mutex> lock(fences_mutex_);
  const auto found = fences_.find(fence.id());
  return found != fences_.end() && found->second->kind() == fence.kind() ? found->second : nullptr;
}

void Device::add_fence(VulkanFence& fence) {
  const std::lock_guard<std::mutex> lock(fences_mutex_);
  fences_[fence.id()] = &fence;
}

void Device::remove_fence(const VulkanFence& fence) noexcept {
  const std::lock_guard<std::mutex> lock(fences_mutex_);
  const auto found = fences_.find(fence.id());
  if (found != fences_.end() && found->second == &fence) fences_.erase(found);
}

}  // namespace geyser::vulkan
