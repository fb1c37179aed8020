// Semaphores: counters in a section beside each one, and a timeline of the driver's beside each binary one.
#include <algorithm>
#include <new>
#include <utility>

#include "windows/interposer/interposer.hpp"

namespace geyser::test::interposer {

namespace {

constexpr DWORD counter_bytes = 4096;
// A driver on a processor does what waits for nobody in much less, unless the machine is busy.
constexpr std::uint64_t longest_work_ns = 200'000'000;

struct Shared {
  DeviceState* device = nullptr;
  std::uint64_t shared = 0;
  explicit operator bool() const noexcept { return device != nullptr; }
};

// Both values are brought to the higher one. Nothing: it has no counter.
Shared bring_level(VkSemaphore handle) {
  const std::lock_guard all(state().mutex);
  for (const auto& [key, device] : state().devices) {
    const std::lock_guard lock(device->mutex);
    const auto found = device->semaphores.find(handle);
    if (found == device->semaphores.end()) continue;
    interposer::bring_level(*device, handle, found->second);
    return {device.get(), found->second.shared().load()};
  }
  return {};
}

Section make_counters(std::uint64_t value) {
  Section section(::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, counter_bytes, nullptr),
                  counter_bytes);
  if (section) ::new (section.view()) Counters{{value}};
  return section;
}

VkResult make_timeline(DeviceState& device, std::uint64_t value, VkSemaphoreCreateFlags flags,
                       const VkAllocationCallbacks* allocator, VkSemaphore* made) {
  const VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, nullptr,
                                       VK_SEMAPHORE_TYPE_TIMELINE, value};
  const VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type, flags};
  return GEYSER_NEXT(device, vkCreateSemaphore)(device.device, &info, allocator, made);
}

// Gives a binary semaphore its timeline. Under the device's lock.
VkResult put_beside(DeviceState& device, VkSemaphore binary, Semaphore&& payload) {
  VkSemaphore timeline = VK_NULL_HANDLE;
  const VkResult result = make_timeline(device, payload.shared().load(), 0, nullptr, &timeline);
  if (result != VK_SUCCESS) return result;
  device.beside[binary] = timeline;
  device.semaphores[timeline] = std::move(payload);
  return VK_SUCCESS;
}

// What has a section's counters. Under the device's lock.
VkSemaphore timeline_of(const DeviceState& device, VkSemaphore semaphore) {
  const auto found = device.beside.find(semaphore);
  return found != device.beside.end() ? found->second : semaphore;
}

VKAPI_ATTR VkResult VKAPI_CALL create_semaphore(VkDevice handle, const VkSemaphoreCreateInfo* info,
                                                const VkAllocationCallbacks* allocator, VkSemaphore* made) {
  DeviceState& device = *state().find(handle);
  const auto next = GEYSER_NEXT(device, vkCreateSemaphore);
  const auto* exported = find<VkExportSemaphoreCreateInfo>(info->pNext, VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO);
  const auto* type = find<VkSemaphoreTypeCreateInfo>(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
  const bool timeline = type != nullptr && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
  const bool crosses = exported != nullptr && exported->handleTypes != 0;
  if (timeline && !crosses) return next(handle, info, allocator, made);
  Semaphore semaphore{crosses ? make_counters(timeline ? type->initialValue : 0) : Section()};
  if (crosses && !semaphore.section) return VK_ERROR_OUT_OF_HOST_MEMORY;
  const VkSemaphoreCreateInfo plain{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, nullptr, info->flags};
  const VkResult result = timeline ? make_timeline(device, type->initialValue, info->flags, allocator, made)
                                   : next(handle, &plain, allocator, made);
  if (result != VK_SUCCESS) return result;
  const std::lock_guard lock(device.mutex);
  if (timeline) {
    device.semaphores[*made] = std::move(semaphore);
    return VK_SUCCESS;
  }
  device.beside[*made] = VK_NULL_HANDLE;
  return crosses ? put_beside(device, *made, std::move(semaphore)) : VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL destroy_semaphore(VkDevice handle, VkSemaphore semaphore,
                                             const VkAllocationCallbacks* allocator) {
  DeviceState& device = *state().find(handle);
  {
    const std::lock_guard lock(device.mutex);
    const VkSemaphore timeline = timeline_of(device, semaphore);
    const auto found = device.semaphores.find(timeline);
    if (found != device.semaphores.end()) {
      // What it has reached since the thread looked last is not to go with it: others wait for it.
      bring_level(device, timeline, found->second);
      device.semaphores.erase(found);
      if (timeline != semaphore) GEYSER_NEXT(device, vkDestroySemaphore)(handle, timeline, nullptr);
    }
    device.beside.erase(semaphore);
  }
  GEYSER_NEXT(device, vkDestroySemaphore)(handle, semaphore, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL get_semaphore_handle(VkDevice handle, const VkSemaphoreGetWin32HandleInfoKHR* info,
                                                    HANDLE* given) {
  DeviceState& device = *state().find(handle);
  const std::lock_guard lock(device.mutex);
  const auto found = device.semaphores.find(timeline_of(device, info->semaphore));
  if (found == device.semaphores.end()) return VK_ERROR_OUT_OF_HOST_MEMORY;
  *given = found->second.section.duplicate();
  return *given != nullptr ? VK_SUCCESS : VK_ERROR_TOO_MANY_OBJECTS;
}

VKAPI_ATTR VkResult VKAPI_CALL import_semaphore_handle(VkDevice handle,
                                                       const VkImportSemaphoreWin32HandleInfoKHR* info) {
  DeviceState& device = *state().find(handle);
  Semaphore semaphore{Section(duplicate(info->handle), counter_bytes)};
  if (!semaphore.section || info->flags != 0) return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  const std::lock_guard lock(device.mutex);
  const auto binary = device.beside.find(info->semaphore);
  if (binary == device.beside.end()) {
    device.semaphores[info->semaphore] = std::move(semaphore);
    return VK_SUCCESS;
  }
  const bool twice = binary->second != VK_NULL_HANDLE;
  if (twice || info->handleType != VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32_BIT) {
    return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  }
  return put_beside(device, info->semaphore, std::move(semaphore));
}

VKAPI_ATTR VkResult VKAPI_CALL counter_value(VkDevice handle, VkSemaphore semaphore, std::uint64_t* value) {
  DeviceState& device = *state().find(handle);
  const VkResult result = GEYSER_NEXT(device, vkGetSemaphoreCounterValue)(handle, semaphore, value);
  const std::lock_guard lock(device.mutex);
  const auto found = device.semaphores.find(semaphore);
  if (result == VK_SUCCESS && found != device.semaphores.end()) {
    *value = std::max(*value, found->second.shared().load());
  }
  return result;
}

}  // namespace

void bring_level(DeviceState& device, VkSemaphore handle, const Semaphore& semaphore) {
  std::uint64_t native = 0;
  if (GEYSER_NEXT(device, vkGetSemaphoreCounterValue)(device.device, handle, &native) != VK_SUCCESS) return;
  std::uint64_t shared = semaphore.shared().load();
  while (native > shared && !semaphore.shared().compare_exchange_weak(shared, native)) continue;
  if (shared <= native) return;
  const VkSemaphoreSignalInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, nullptr, handle, shared};
  GEYSER_NEXT(device, vkSignalSemaphore)(device.device, &info);
}

Beside find_beside(VkSemaphore binary) {
  const std::lock_guard all(state().mutex);
  for (const auto& [key, device] : state().devices) {
    const std::lock_guard lock(device->mutex);
    const auto found = device->beside.find(binary);
    if (found == device->beside.end() || found->second == VK_NULL_HANDLE) continue;
    return {found->second, &device->semaphores.at(found->second).counters()};
  }
  return {};
}

bool waits_for_nobody(const VkSubmitInfo& info) {
  const auto* values =
      find<VkTimelineSemaphoreSubmitInfo>(info.pNext, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
  if (values == nullptr) return true;
  for (std::uint32_t i = 0; i < info.waitSemaphoreCount && i < values->waitSemaphoreValueCount; ++i) {
    const Shared wait = bring_level(info.pWaitSemaphores[i]);
    if (wait && wait.shared < values->pWaitSemaphoreValues[i]) return false;
  }
  return true;
}

void publish_signals(const VkSubmitInfo& info) {
  const auto* values =
      find<VkTimelineSemaphoreSubmitInfo>(info.pNext, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
  if (values == nullptr) return;
  for (std::uint32_t i = 0; i < info.signalSemaphoreCount && i < values->signalSemaphoreValueCount; ++i) {
    const Shared signal = bring_level(info.pSignalSemaphores[i]);
    const std::uint64_t value = values->pSignalSemaphoreValues[i];
    if (!signal || signal.shared >= value) continue;
    const VkSemaphoreWaitInfo wait{
        VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, nullptr, 0, 1, &info.pSignalSemaphores[i], &value};
    GEYSER_NEXT(*signal.device, vkWaitSemaphores)(signal.device->device, &wait, longest_work_ns);
    bring_level(info.pSignalSemaphores[i]);
  }
}

PFN_vkVoidFunction semaphore_function(std::string_view name) noexcept {
  const auto plain = [](auto function) { return reinterpret_cast<PFN_vkVoidFunction>(function); };
  if (name == "vkCreateSemaphore") return plain(&create_semaphore);
  if (name == "vkDestroySemaphore") return plain(&destroy_semaphore);
  if (name == "vkGetSemaphoreWin32HandleKHR") return plain(&get_semaphore_handle);
  if (name == "vkImportSemaphoreWin32HandleKHR") return plain(&import_semaphore_handle);
  if (name == "vkGetSemaphoreCounterValue" || name == "vkGetSemaphoreCounterValueKHR") return plain(&counter_value);
  return nullptr;
}

}  // namespace geyser::test::interposer
