// Timeline semaphores that are MTLSharedEvents. The driver behind knows nothing of those: a thread for each one carries
// its value from one to the other.
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "double.hpp"
#include "driver.hpp"

namespace moltenvk_double {

namespace {

using namespace geyser::apple_double;

struct Mirror {
  void* event = nullptr;
  bool exportable = false;
  std::atomic<bool> stop = false;
  std::thread thread;
};

std::mutex mutex;
std::map<VkSemaphore, std::unique_ptr<Mirror>> mirrors;

void run(Mirror& mirror, VkDevice device, VkSemaphore semaphore) {
  const auto read = REAL_OF(device, vkGetSemaphoreCounterValue);
  const auto signal = REAL_OF(device, vkSignalSemaphore);
  while (!mirror.stop.load()) {
    std::uint64_t value = 0;
    if (read(device, semaphore, &value) != VK_SUCCESS) return;
    const std::uint64_t events = event_value(mirror.event);
    if (events > value) {
      const VkSemaphoreSignalInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, nullptr, semaphore, events};
      signal(device, &info);
    } else if (value > events) {
      raise_event_value(mirror.event, value);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

}  // namespace

VKAPI_ATTR VkResult VKAPI_CALL create_semaphore(VkDevice device, const VkSemaphoreCreateInfo* info,
                                                const VkAllocationCallbacks* callbacks, VkSemaphore* made) {
  const auto create = REAL_OF(device, vkCreateSemaphore);
  const auto* exported = reinterpret_cast<const VkExportMetalObjectCreateInfoEXT*>(
      find(info->pNext, VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECT_CREATE_INFO_EXT));
  const auto* imported = reinterpret_cast<const VkImportMetalSharedEventInfoEXT*>(
      find(info->pNext, VK_STRUCTURE_TYPE_IMPORT_METAL_SHARED_EVENT_INFO_EXT));
  if (exported == nullptr && imported == nullptr) return create(device, info, callbacks, made);
  if (exported != nullptr && exported->exportObjectType != VK_EXPORT_METAL_OBJECT_TYPE_METAL_SHARED_EVENT_BIT_EXT) {
    wrong("a semaphore that is to be exported as something else than an event (VUID-06789)");
  }
  const auto* type = reinterpret_cast<const VkSemaphoreTypeCreateInfo*>(
      find(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO));
  if (type == nullptr || type->semaphoreType != VK_SEMAPHORE_TYPE_TIMELINE) wrong("Geyser's events are timelines");
  VkSemaphoreTypeCreateInfo own_type = *type;
  own_type.pNext = nullptr;
  const VkSemaphoreCreateInfo own{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &own_type, info->flags};
  const VkResult result = create(device, &own, callbacks, made);
  if (result != VK_SUCCESS) return result;
  auto mirror = std::make_unique<Mirror>();
  mirror->exportable = exported != nullptr;
  mirror->event = imported != nullptr ? imported->mtlSharedEvent : new_shared_event();
  if (imported != nullptr) retain(mirror->event);
  // "VkImportMetalSharedEventInfoEXT": signaledValue is set to initialValue, also of an event that was further on.
  set_event_value(mirror->event, type->initialValue);
  mirror->thread = std::thread([&one = *mirror, device, semaphore = *made] { run(one, device, semaphore); });
  const std::scoped_lock lock(mutex);
  mirrors[*made] = std::move(mirror);
  return result;
}

VKAPI_ATTR void VKAPI_CALL destroy_semaphore(VkDevice device, VkSemaphore semaphore,
                                             const VkAllocationCallbacks* callbacks) {
  std::unique_ptr<Mirror> mirror;
  {
    const std::scoped_lock lock(mutex);
    if (const auto found = mirrors.find(semaphore); found != mirrors.end()) {
      mirror = std::move(found->second);
      mirrors.erase(found);
    }
  }
  if (mirror != nullptr) {
    mirror->stop = true;
    mirror->thread.join();
    // What was signalled last.
    std::uint64_t value = 0;
    if (REAL_OF(device, vkGetSemaphoreCounterValue)(device, semaphore, &value) == VK_SUCCESS) {
      raise_event_value(mirror->event, value);
    }
    release(mirror->event);
  }
  REAL_OF(device, vkDestroySemaphore)(device, semaphore, callbacks);
}

VKAPI_ATTR void VKAPI_CALL export_objects(VkDevice, VkExportMetalObjectsInfoEXT* objects) {
  for (auto* one = reinterpret_cast<VkBaseOutStructure*>(const_cast<void*>(objects->pNext)); one != nullptr;
       one = one->pNext) {
    if (one->sType == VK_STRUCTURE_TYPE_EXPORT_METAL_DEVICE_INFO_EXT) {
      if (!device_exported) wrong("an MTLDevice of an instance that exports none (VUID-06791)");
      reinterpret_cast<VkExportMetalDeviceInfoEXT*>(one)->mtlDevice = system_device();
    } else if (one->sType == VK_STRUCTURE_TYPE_EXPORT_METAL_TEXTURE_INFO_EXT) {
      auto* info = reinterpret_cast<VkExportMetalTextureInfoEXT*>(one);
      info->mtlTexture = texture_of(*info);
    } else if (one->sType == VK_STRUCTURE_TYPE_EXPORT_METAL_SHARED_EVENT_INFO_EXT) {
      auto* info = reinterpret_cast<VkExportMetalSharedEventInfoEXT*>(one);
      const std::scoped_lock lock(mutex);
      const auto found = mirrors.find(info->semaphore);
      if (found == mirrors.end() || !found->second->exportable) wrong("a semaphore that exports no event (VUID-06804)");
      info->mtlSharedEvent = found->second->event;
    }
  }
}

}  // namespace moltenvk_double
