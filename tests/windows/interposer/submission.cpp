// Submissions: keyed mutexes, and binary semaphores as the timelines beside them.
#include <algorithm>
#include <deque>
#include <span>
#include <vector>

#include "windows/interposer/interposer.hpp"

namespace geyser::test::interposer {

namespace {

// A submission as the driver has it: each binary semaphore that crosses is the timeline beside it, and a count.
class Translation {
 public:
  explicit Translation(const VkSubmitInfo& info) : info_(info) {
    const auto* values =
        find<VkTimelineSemaphoreSubmitInfo>(info.pNext, VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
    copy(waits_, {info.pWaitSemaphores, info.waitSemaphoreCount},
         values != nullptr ? std::span(values->pWaitSemaphoreValues, values->waitSemaphoreValueCount)
                           : std::span<const std::uint64_t>());
    copy(signals_, {info.pSignalSemaphores, info.signalSemaphoreCount},
         values != nullptr ? std::span(values->pSignalSemaphoreValues, values->signalSemaphoreValueCount)
                           : std::span<const std::uint64_t>());
    for (std::size_t i = 0; i < waits_.semaphores.size(); ++i) {
      if (const Beside beside = find_beside(waits_.semaphores[i])) {
        waits_.replace(i, beside.timeline, ++beside.counters->waits);
      }
    }
    for (std::size_t i = 0; i < signals_.semaphores.size(); ++i) {
      const Beside beside = find_beside(signals_.semaphores[i]);
      if (!beside) continue;
      follows_the_rules_ = follows_the_rules_ && beside.counters->signals <= beside.counters->waits;
      signals_.replace(i, beside.timeline, ++beside.counters->signals);
    }
    values_ = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,   values != nullptr ? values->pNext : info.pNext,
               static_cast<std::uint32_t>(waits_.values.size()),   waits_.values.data(),
               static_cast<std::uint32_t>(signals_.values.size()), signals_.values.data()};
    info_.pNext = &values_;
    info_.pWaitSemaphores = waits_.semaphores.data();
    info_.pSignalSemaphores = signals_.semaphores.data();
  }
  Translation(const Translation&) = delete;
  Translation& operator=(const Translation&) = delete;

  const VkSubmitInfo& info() const noexcept { return info_; }
  bool follows_the_rules() const noexcept { return follows_the_rules_; }

 private:
  struct Uses {
    std::vector<VkSemaphore> semaphores;
    std::vector<std::uint64_t> values;
    void replace(std::size_t index, VkSemaphore semaphore, std::uint64_t value) {
      semaphores[index] = semaphore;
      values[index] = value;
    }
  };
  static void copy(Uses& into, std::span<const VkSemaphore> semaphores, std::span<const std::uint64_t> values) {
    into.semaphores.assign(semaphores.begin(), semaphores.end());
    into.values.assign(values.begin(), values.end());
    into.values.resize(semaphores.size());
  }

  Uses waits_, signals_;
  VkTimelineSemaphoreSubmitInfo values_{};
  VkSubmitInfo info_;
  bool follows_the_rules_ = true;
};

VkResult submit(DeviceState& device, VkQueue queue, std::span<const VkSubmitInfo> infos, VkFence fence) {
  std::deque<Translation> translations;
  std::vector<VkSubmitInfo> translated;
  bool follows_the_rules = true;
  for (const VkSubmitInfo& info : infos) {
    const Translation& made = translations.emplace_back(info);
    follows_the_rules = follows_the_rules && made.follows_the_rules();
    translated.push_back(made.info());
  }
  if (!follows_the_rules) return VK_ERROR_UNKNOWN;
  const bool at_once = std::all_of(translated.begin(), translated.end(), waits_for_nobody);
  const VkResult result = GEYSER_NEXT(device, vkQueueSubmit)(queue, static_cast<std::uint32_t>(translated.size()),
                                                             translated.data(), fence);
  if (result == VK_SUCCESS && at_once) std::for_each(translated.begin(), translated.end(), publish_signals);
  return result;
}

std::atomic<std::uint32_t>* mutex_of(DeviceState& device, VkDeviceMemory memory) {
  const std::lock_guard lock(device.mutex);
  const auto found = device.memories.find(memory);
  return found != device.memories.end() ? found->second.keyed_mutex : nullptr;
}

VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, std::uint32_t count, const VkSubmitInfo* infos,
                                            VkFence fence) {
  // Of which device the queue is nobody says: one in this process, or none whose submissions have mutexes.
  DeviceState* device = nullptr;
  const auto* keyed = count == 1 ? find<VkWin32KeyedMutexAcquireReleaseInfoKHR>(
                                       infos->pNext, VK_STRUCTURE_TYPE_WIN32_KEYED_MUTEX_ACQUIRE_RELEASE_INFO_KHR)
                                 : nullptr;
  {
    const std::lock_guard lock(state().mutex);
    for (const auto& [handle, one] : state().devices) {
      if (device == nullptr) device = one.get();
      if (keyed == nullptr) continue;
      const VkDeviceMemory memory = keyed->acquireCount != 0 ? keyed->pAcquireSyncs[0] : keyed->pReleaseSyncs[0];
      if (mutex_of(*one, memory) != nullptr) device = one.get();
    }
  }
  if (keyed == nullptr) return submit(*device, queue, {infos, count}, fence);
  for (std::uint32_t i = 0; i < keyed->acquireCount; ++i) {
    auto* mutex = mutex_of(*device, keyed->pAcquireSyncs[i]);
    if (mutex == nullptr || keyed->pAcquireKeys[i] != 0) return VK_ERROR_DEVICE_LOST;
    const DWORD begun = ::GetTickCount();
    for (std::uint32_t free = 0; !mutex->compare_exchange_strong(free, 1); free = 0) {
      if (::GetTickCount() - begun >= keyed->pAcquireTimeouts[i]) return VK_TIMEOUT;
      ::Sleep(1);
    }
  }
  // The chain's first: Geyser puts nothing before it.
  VkSubmitInfo plain = *infos;
  plain.pNext = keyed->pNext;
  VkResult result = submit(*device, queue, {&plain, 1}, fence);
  if (result == VK_SUCCESS && keyed->releaseCount != 0) result = GEYSER_NEXT(*device, vkQueueWaitIdle)(queue);
  for (std::uint32_t i = 0; i < keyed->releaseCount; ++i) {
    auto* mutex = mutex_of(*device, keyed->pReleaseSyncs[i]);
    // Who releases what nobody holds has lost count.
    if (mutex == nullptr || keyed->pReleaseKeys[i] != 0 || mutex->exchange(0) != 1) return VK_ERROR_DEVICE_LOST;
  }
  return result;
}

}  // namespace

PFN_vkVoidFunction submission_function(std::string_view name) noexcept {
  if (name == "vkQueueSubmit") return reinterpret_cast<PFN_vkVoidFunction>(&queue_submit);
  return nullptr;
}

}  // namespace geyser::test::interposer
