#include "windows/interposer/interposer.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace geyser::test::interposer {

namespace {

constexpr std::array<const char*, 3> added{VK_KHR_EXTERNAL_MEMORY_WIN32_EXTENSION_NAME,
                                           VK_KHR_EXTERNAL_SEMAPHORE_WIN32_EXTENSION_NAME,
                                           VK_KHR_WIN32_KEYED_MUTEX_EXTENSION_NAME};

bool is_added(const char* name) noexcept {
  return std::any_of(added.begin(), added.end(), [&](const char* one) { return std::strcmp(name, one) == 0; });
}

VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo* info, const VkAllocationCallbacks* allocator,
                                               VkInstance* instance) {
  const auto next = reinterpret_cast<PFN_vkCreateInstance>(state().next(VK_NULL_HANDLE, "vkCreateInstance"));
  const VkResult result = next(info, allocator, instance);
  if (result == VK_SUCCESS) {
    const std::lock_guard lock(state().mutex);
    state().instance = *instance;
  }
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL enumerate_extensions(VkPhysicalDevice device, const char* layer, std::uint32_t* count,
                                                    VkExtensionProperties* properties) {
  const auto next = GEYSER_NEXT(state(), vkEnumerateDeviceExtensionProperties);
  std::uint32_t own = 0;
  if (const VkResult result = next(device, layer, &own, nullptr); result != VK_SUCCESS) return result;
  std::vector<VkExtensionProperties> all(own);
  if (const VkResult result = next(device, layer, &own, all.data()); result != VK_SUCCESS) return result;
  for (const char* name : added) {
    if (is_spoilt("no_keyed_mutex") && std::strcmp(name, VK_KHR_WIN32_KEYED_MUTEX_EXTENSION_NAME) == 0) continue;
    VkExtensionProperties one{};
    std::strncpy(one.extensionName, name, sizeof(one.extensionName) - 1);
    one.specVersion = 1;
    all.push_back(one);
  }
  const auto total = static_cast<std::uint32_t>(all.size());
  if (properties == nullptr) {
    *count = total;
    return VK_SUCCESS;
  }
  const std::uint32_t given = *count < total ? *count : total;
  std::copy(all.begin(), all.begin() + given, properties);
  *count = given;
  return given < total ? VK_INCOMPLETE : VK_SUCCESS;
}

void mirror(DeviceState& device) {
  while (!device.stop) {
    {
      const std::lock_guard lock(device.mutex);
      for (const auto& [handle, semaphore] : device.semaphores) bring_level(device, handle, semaphore);
    }
    ::Sleep(1);
  }
}

VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo* info,
                                             const VkAllocationCallbacks* allocator, VkDevice* device) {
  std::vector<const char*> names;
  bool has_host_memory = false;
  for (std::uint32_t i = 0; i < info->enabledExtensionCount; ++i) {
    const char* name = info->ppEnabledExtensionNames[i];
    if (is_added(name)) continue;
    has_host_memory = has_host_memory || std::strcmp(name, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME) == 0;
    names.push_back(name);
  }
  if (!has_host_memory) names.push_back(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);
  VkDeviceCreateInfo changed = *info;
  changed.enabledExtensionCount = static_cast<std::uint32_t>(names.size());
  changed.ppEnabledExtensionNames = names.data();
  const VkResult result = GEYSER_NEXT(state(), vkCreateDevice)(physical, &changed, allocator, device);
  if (result != VK_SUCCESS) return result;
  auto made = std::make_unique<DeviceState>();
  made->device = *device;
  made->next = GEYSER_NEXT(state(), vkGetDeviceProcAddr);
  made->mirror = std::thread([one = made.get()] { mirror(*one); });
  const std::lock_guard lock(state().mutex);
  state().devices[*device] = std::move(made);
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice device, const VkAllocationCallbacks* allocator) {
  std::unique_ptr<DeviceState> last;
  {
    const std::lock_guard lock(state().mutex);
    const auto found = state().devices.find(device);
    if (found == state().devices.end()) return;
    last = std::move(found->second);
    state().devices.erase(found);
  }
  last->stop = true;
  last->mirror.join();
  GEYSER_NEXT(*last, vkDestroyDevice)(device, allocator);
}

template <typename Function>
PFN_vkVoidFunction plain(Function function) noexcept {
  return reinterpret_cast<PFN_vkVoidFunction>(function);
}

PFN_vkVoidFunction interposed(std::string_view name) noexcept;

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc_addr(VkDevice device, const char* name) {
  if (is_spoilt("no_entry_points") && std::string_view(name).find("Win32Handle") != std::string_view::npos)
    return nullptr;
  if (const auto function = interposed(name)) return function;
  const auto* found = state().find(device);
  return found != nullptr ? found->next(device, name) : nullptr;
}

PFN_vkVoidFunction interposed(std::string_view name) noexcept {
  if (name == "vkCreateInstance") return plain(&create_instance);
  if (name == "vkEnumerateDeviceExtensionProperties") return plain(&enumerate_extensions);
  if (name == "vkCreateDevice") return plain(&create_device);
  if (name == "vkDestroyDevice") return plain(&destroy_device);
  if (name == "vkGetDeviceProcAddr") return plain(&get_device_proc_addr);
  if (const auto function = memory_function(name)) return function;
  if (const auto function = semaphore_function(name)) return function;
  if (const auto function = submission_function(name)) return function;
  return property_function(name);
}

// The system's own: this library has its name, and lies beside the program.
PFN_vkGetInstanceProcAddr load_next() noexcept {
  std::array<wchar_t, MAX_PATH> directory{};
  const UINT size = ::GetSystemDirectoryW(directory.data(), static_cast<UINT>(directory.size()));
  const HMODULE library = ::LoadLibraryW((std::wstring(directory.data(), size) + L"\\vulkan-1.dll").c_str());
  if (library == nullptr) return nullptr;
  return reinterpret_cast<PFN_vkGetInstanceProcAddr>(
      reinterpret_cast<void*>(::GetProcAddress(library, "vkGetInstanceProcAddr")));
}

}  // namespace

DeviceState* State::find(VkDevice device) noexcept {
  const std::lock_guard lock(mutex);
  const auto found = devices.find(device);
  return found != devices.end() ? found->second.get() : nullptr;
}

State& state() noexcept {
  static State& only = *new State;  // for good: a program that exits has devices, and their threads, still
  return only;
}

bool is_spoilt(std::string_view how) noexcept {
  std::array<char, 64> value{};
  const DWORD size = ::GetEnvironmentVariableA("GEYSER_INTERPOSER", value.data(), static_cast<DWORD>(value.size()));
  return size < value.size() && std::string_view(value.data(), size) == how;
}

}  // namespace geyser::test::interposer

extern "C" __declspec(dllexport) VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
    vkGetInstanceProcAddr(VkInstance instance, const char* name) {
  using namespace geyser::test::interposer;
  static const PFN_vkGetInstanceProcAddr next = load_next();
  if (next == nullptr) return nullptr;
  state().next = next;
  if (const auto function = interposed(name)) return function;
  return next(instance, name);
}
