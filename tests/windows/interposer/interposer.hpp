// A stand-in for vulkan-1.dll that adds VK_KHR_external_memory_win32 and VK_KHR_external_semaphore_win32 to a driver
// without them (Wine's on lavapipe), so that Geyser's side of both runs: sections imported by
// VK_EXT_external_memory_host stand for memory, counters in a section for a semaphore.
//
// Real are the handles with their rights and owners, the processes, the shared pages, and what the driver writes and
// reads there. Not real is the extension: its feature bits and error codes are this file's. Limits:
// * OPAQUE_WIN32 and OPAQUE_WIN32_KMT memory, OPAQUE_WIN32 semaphores. No names, no attributes, no temporary imports,
// no
//   fences.
// * Direct3D's handles are opened and not made: D3D11_TEXTURE, D3D11_TEXTURE_KMT, D3D12_RESOURCE and D3D12_HEAP memory
// are
//   sections whose pixels lie as the driver's own images', D3D12_FENCE is a section with a counter. What a section is
//   of nobody can tell: it is the importer's word. A texture's last page is not of its pixels, and has its keyed mutex
//   in the first word (VK_KHR_win32_keyed_mutex): 0 free, 1 held. It is acquired when a submission is made and released
//   when the queue is idle, not in the order of the device's work.
// * A binary semaphore that crosses is a timeline of the driver's beside it: whoever submits, the n-th wait is for the
// n-th
//   signal. So a wait that comes before its signal lasts until that comes, and of two waits for one signal the second
//   is never over. Who signals what nobody has waited for since the last time, against Vulkan's rules, hears
//   VK_ERROR_UNKNOWN.
// * Of chains of structures only those are understood that Geyser makes.
// * Values cross between a semaphore and its counter within about two milliseconds, by a thread. What a submission
//   signals that waits for no other process has crossed before vkQueueSubmit() returns: a GPU goes on when a process is
//   killed, this one's driver does not. What waits does not cross after a kill. A counter ahead of a signal that is
//   pending for a smaller value is against Vulkan's rules, and nobody checks.
// * A global number is a section's name, which may be guessed as the real ones may.
//
// GEYSER_INTERPOSER in the environment spoils it: "no_export", "no_import", "dedicated_only", "no_semaphores",
// "no_timelines", "other_luid", "other_node", "no_entry_points" (of the extensions), "no_direct3d", "no_direct3d12"
// (none of 12's memory), "no_keyed_mutex".
#pragma once

#include <windows.h>

#include <vulkan/vulkan_core.h>
#include <vulkan/vulkan_win32.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

namespace geyser::test::interposer {

// Closes itself.
class Section {
 public:
  Section() = default;
  Section(HANDLE handle, std::size_t size) noexcept;  // maps it; empty when that fails
  Section(Section&& other) noexcept;
  Section& operator=(Section&& other) noexcept;
  ~Section();
  explicit operator bool() const noexcept { return view_ != nullptr; }
  void* view() const noexcept { return view_; }
  // Another handle, the caller's; null when the system has none.
  HANDLE duplicate() const noexcept;

 private:
  HANDLE handle_ = nullptr;
  void* view_ = nullptr;
};
// Null when there is no such handle.
HANDLE duplicate(HANDLE handle) noexcept;

// The compiler's own mutex opens a handle when two threads first meet at it, which tests would count.
class Mutex {
 public:
  void lock() noexcept { ::AcquireSRWLockExclusive(&lock_); }
  void unlock() noexcept { ::ReleaseSRWLockExclusive(&lock_); }

 private:
  SRWLOCK lock_ = SRWLOCK_INIT;
};

struct Memory {
  Section section;
  std::uint32_t number = 0;  // of OPAQUE_WIN32_KMT
  std::atomic<std::uint32_t>* keyed_mutex = nullptr;
};

// In a semaphore's section. Of Direct3D's fences and of timelines only the first is used.
struct Counters {
  std::atomic<std::uint64_t> reached;               // the value, or how many signals of a binary one are done
  std::atomic<std::uint64_t> signals{0}, waits{0};  // of a binary one: how many were submitted
};

struct Semaphore {
  Section section;
  Counters& counters() const noexcept { return *static_cast<Counters*>(section.view()); }
  std::atomic<std::uint64_t>& shared() const noexcept { return counters().reached; }
};

struct DeviceState {
  VkDevice device = VK_NULL_HANDLE;
  PFN_vkGetDeviceProcAddr next = nullptr;
  Mutex mutex;
  std::map<VkDeviceMemory, Memory> memories;
  std::map<VkSemaphore, Semaphore> semaphores;  // by the driver's timeline
  // All binary semaphores: the timeline that does the work of one; none where it does its own.
  std::map<VkSemaphore, VkSemaphore> beside;
  std::atomic<bool> stop{false};
  std::thread mirror;

  template <typename Function>
  Function get(const char* name) const noexcept {
    return reinterpret_cast<Function>(next(device, name));
  }
};

// Everything of this process; a library between a program and its driver has no object of its own to keep it in.
struct State {
  PFN_vkGetInstanceProcAddr next = nullptr;
  Mutex mutex;
  VkInstance instance = VK_NULL_HANDLE;  // any that was made: the functions below it are the same for all
  std::map<VkDevice, std::unique_ptr<DeviceState>> devices;

  template <typename Function>
  Function get(const char* name) const noexcept {
    return reinterpret_cast<Function>(next(instance, name));
  }
  DeviceState* find(VkDevice device) noexcept;
};
State& state() noexcept;
bool is_spoilt(std::string_view how) noexcept;

#define GEYSER_NEXT(object, name) (object).get<PFN_##name>(#name)

// The structure of that type in a chain; null when there is none.
template <typename Structure>
const Structure* find(const void* chain, VkStructureType type) noexcept {
  for (auto* one = static_cast<const VkBaseInStructure*>(chain); one != nullptr; one = one->pNext) {
    if (one->sType == type) return reinterpret_cast<const Structure*>(one);
  }
  return nullptr;
}

inline constexpr VkExternalMemoryHandleTypeFlags opaque_types =
    VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_WIN32_BIT | VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;
inline constexpr VkExternalMemoryHandleTypeFlags direct3d_textures =
    VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D11_TEXTURE_BIT | VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D11_TEXTURE_KMT_BIT |
    VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D12_RESOURCE_BIT;
inline constexpr VkExternalMemoryHandleTypeFlags direct3d12_types =
    VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D12_RESOURCE_BIT | VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D12_HEAP_BIT;
inline constexpr VkExternalMemoryHandleTypeFlags direct3d_types = direct3d_textures | direct3d12_types;
inline constexpr VkExternalMemoryHandleTypeFlags memory_types = opaque_types | direct3d_types;

// Brings a semaphore and its counter to the higher value of both; under the device's lock.
void bring_level(DeviceState& device, VkSemaphore handle, const Semaphore& semaphore);
// Whether each counter that a submission waits for has come to its value.
[[nodiscard]] bool waits_for_nobody(const VkSubmitInfo& info);
// Waits for what a submission signals to others, for a time that is bounded, and passes it on.
void publish_signals(const VkSubmitInfo& info);

// What a binary semaphore that crosses is to the driver.
struct Beside {
  VkSemaphore timeline = VK_NULL_HANDLE;
  Counters* counters = nullptr;
  explicit operator bool() const noexcept { return counters != nullptr; }
};
Beside find_beside(VkSemaphore binary);

// Null for names that are not interposed.
PFN_vkVoidFunction memory_function(std::string_view name) noexcept;
PFN_vkVoidFunction semaphore_function(std::string_view name) noexcept;
PFN_vkVoidFunction submission_function(std::string_view name) noexcept;
PFN_vkVoidFunction property_function(std::string_view name) noexcept;

}  // namespace geyser::test::interposer
