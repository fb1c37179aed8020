// Memory: sections, imported as memory of the host's.
#include <algorithm>
#include <array>
#include <cwchar>
#include <random>
#include <utility>

#include "windows/interposer/interposer.hpp"

namespace geyser::test::interposer {

HANDLE duplicate(HANDLE handle) noexcept {
  HANDLE copy = nullptr;
  const HANDLE self = ::GetCurrentProcess();
  return ::DuplicateHandle(self, handle, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS) != 0 ? copy : nullptr;
}

Section::Section(HANDLE handle, std::size_t size) noexcept : handle_(handle) {
  if (handle_ != nullptr) view_ = ::MapViewOfFile(handle_, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, size);
}

Section::Section(Section&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), view_(std::exchange(other.view_, nullptr)) {}

Section& Section::operator=(Section&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(view_, other.view_);
  return *this;
}

Section::~Section() {
  if (view_ != nullptr) ::UnmapViewOfFile(view_);
  if (handle_ != nullptr) ::CloseHandle(handle_);
}

HANDLE Section::duplicate() const noexcept { return interposer::duplicate(handle_); }

namespace {

std::array<wchar_t, 64> name_of(std::uint32_t number) noexcept {
  std::array<wchar_t, 64> name{};
  std::swprintf(name.data(), name.size(), L"Local\\geyser-interposer-%08x", number);
  return name;
}

VkDeviceSize whole_pages(VkDeviceSize size) noexcept { return (size + 4095) & ~VkDeviceSize{4095}; }

// New memory, with a number where it is to have one.
Memory create(VkDeviceSize size, bool numbered) {
  static std::random_device random;
  Memory memory;
  if (numbered) memory.number = (random() & 0x3fffffffU) | 0x40000000U;
  const HANDLE handle =
      ::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, static_cast<DWORD>(size >> 32U),
                           static_cast<DWORD>(size & 0xffffffffU), numbered ? name_of(memory.number).data() : nullptr);
  memory.section = Section(handle, static_cast<std::size_t>(size));
  return memory;
}

Memory open(const VkImportMemoryWin32HandleInfoKHR& info, VkDeviceSize size) {
  Memory memory;
  HANDLE handle = nullptr;
  if (info.handleType == VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT ||
      info.handleType == VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D11_TEXTURE_KMT_BIT) {
    memory.number = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(info.handle));
    handle = ::OpenFileMappingW(FILE_MAP_ALL_ACCESS, FALSE, name_of(memory.number).data());
  } else {
    handle = duplicate(info.handle);
  }
  memory.section = Section(handle, static_cast<std::size_t>(size));
  return memory;
}

// As the system knows the size of what Direct3D made.
std::size_t mapped_size(const void* view) noexcept {
  MEMORY_BASIC_INFORMATION information{};
  return ::VirtualQuery(view, &information, sizeof(information)) != 0 ? information.RegionSize : 0;
}

// The whole of the section; null where the importer breaks a rule of the specification's.
Memory open_direct3d(const VkMemoryAllocateInfo& info, const VkImportMemoryWin32HandleInfoKHR& imported) {
  const auto* dedicated =
      find<VkMemoryDedicatedAllocateInfo>(info.pNext, VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO);
  const bool texture = (static_cast<VkFlags>(imported.handleType) & direct3d_textures) != 0;
  if (texture && (dedicated == nullptr || dedicated->image == VK_NULL_HANDLE)) return {};
  Memory memory = open(imported, 0);
  if (!memory.section) return {};
  const std::size_t size = mapped_size(memory.section.view());
  if (!texture) return size == whole_pages(info.allocationSize) ? std::move(memory) : Memory{};
  memory.keyed_mutex =
      reinterpret_cast<std::atomic<std::uint32_t>*>(static_cast<std::byte*>(memory.section.view()) + size - 4096);
  return memory;
}

VKAPI_ATTR VkResult VKAPI_CALL handle_properties(VkDevice handle, VkExternalMemoryHandleTypeFlagBits type, HANDLE given,
                                                 VkMemoryWin32HandlePropertiesKHR* properties) {
  if ((static_cast<VkFlags>(type) & direct3d_types) == 0) return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  const VkImportMemoryWin32HandleInfoKHR imported{VK_STRUCTURE_TYPE_IMPORT_MEMORY_WIN32_HANDLE_INFO_KHR, nullptr, type,
                                                  given, nullptr};
  const Memory memory = open(imported, 0);
  if (!memory.section) return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  VkMemoryHostPointerPropertiesEXT host{VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT, nullptr, 0};
  const VkResult result = GEYSER_NEXT(*state().find(handle), vkGetMemoryHostPointerPropertiesEXT)(
      handle, VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT, memory.section.view(), &host);
  properties->memoryTypeBits = host.memoryTypeBits;
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice handle, const VkMemoryAllocateInfo* info,
                                               const VkAllocationCallbacks* allocator, VkDeviceMemory* made) {
  DeviceState& device = *state().find(handle);
  const auto next = GEYSER_NEXT(device, vkAllocateMemory);
  const auto* exported = find<VkExportMemoryAllocateInfo>(info->pNext, VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO);
  const auto* imported =
      find<VkImportMemoryWin32HandleInfoKHR>(info->pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_WIN32_HANDLE_INFO_KHR);
  const VkExternalMemoryHandleTypeFlags types = exported != nullptr ? exported->handleTypes & memory_types : 0;
  if (types == 0 && imported == nullptr) return next(handle, info, allocator, made);

  const VkDeviceSize size = whole_pages(info->allocationSize);
  const bool direct3d = imported != nullptr && (static_cast<VkFlags>(imported->handleType) & direct3d_types) != 0;
  Memory memory = direct3d ? open_direct3d(*info, *imported)
                  : imported != nullptr
                      ? open(*imported, size)
                      : create(size, (types & VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT) != 0);
  if (!memory.section) return imported != nullptr ? VK_ERROR_INVALID_EXTERNAL_HANDLE : VK_ERROR_OUT_OF_HOST_MEMORY;
  constexpr auto host = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  VkMemoryHostPointerPropertiesEXT properties{VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT, nullptr, 0};
  if (GEYSER_NEXT(device, vkGetMemoryHostPointerPropertiesEXT)(handle, host, memory.section.view(), &properties) !=
          VK_SUCCESS ||
      (properties.memoryTypeBits >> info->memoryTypeIndex & 1U) == 0) {
    return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  }
  const VkImportMemoryHostPointerInfoEXT pointer{VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT, nullptr, host,
                                                 memory.section.view()};
  // Of a texture only as much as the image needs: what it is without the mutex's page the driver asks the system.
  const VkMemoryAllocateInfo changed{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &pointer, size, info->memoryTypeIndex};
  const VkResult result = next(handle, &changed, allocator, made);
  if (result != VK_SUCCESS) return result;
  const std::lock_guard lock(device.mutex);
  device.memories[*made] = std::move(memory);
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice handle, VkDeviceMemory memory, const VkAllocationCallbacks* allocator) {
  DeviceState& device = *state().find(handle);
  GEYSER_NEXT(device, vkFreeMemory)(handle, memory, allocator);
  const std::lock_guard lock(device.mutex);
  device.memories.erase(memory);
}

VKAPI_ATTR VkResult VKAPI_CALL get_memory_handle(VkDevice handle, const VkMemoryGetWin32HandleInfoKHR* info,
                                                 HANDLE* given) {
  DeviceState& device = *state().find(handle);
  const std::lock_guard lock(device.mutex);
  const auto found = device.memories.find(info->memory);
  if (found == device.memories.end()) return VK_ERROR_OUT_OF_HOST_MEMORY;
  const bool numbered = info->handleType == VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;
  if (numbered) {
    *given = reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(found->second.number));
    return found->second.number != 0 ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
  }
  *given = found->second.section.duplicate();
  return *given != nullptr ? VK_SUCCESS : VK_ERROR_TOO_MANY_OBJECTS;
}

// An image of memory that is imported from the host says so.
VKAPI_ATTR VkResult VKAPI_CALL create_image(VkDevice handle, const VkImageCreateInfo* info,
                                            const VkAllocationCallbacks* allocator, VkImage* image) {
  DeviceState& device = *state().find(handle);
  const auto next = GEYSER_NEXT(device, vkCreateImage);
  const auto* external =
      find<VkExternalMemoryImageCreateInfo>(info->pNext, VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO);
  if (external == nullptr || (external->handleTypes & memory_types) == 0) return next(handle, info, allocator, image);
  const VkExternalMemoryImageCreateInfo host{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, nullptr,
                                             VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT};
  VkImageCreateInfo changed = *info;
  changed.pNext = &host;
  return next(handle, &changed, allocator, image);
}

}  // namespace

PFN_vkVoidFunction memory_function(std::string_view name) noexcept {
  const auto plain = [](auto function) { return reinterpret_cast<PFN_vkVoidFunction>(function); };
  if (name == "vkAllocateMemory") return plain(&allocate_memory);
  if (name == "vkFreeMemory") return plain(&free_memory);
  if (name == "vkGetMemoryWin32HandleKHR") return plain(&get_memory_handle);
  if (name == "vkGetMemoryWin32HandlePropertiesKHR") return plain(&handle_properties);
  if (name == "vkCreateImage") return plain(&create_image);
  return nullptr;
}

}  // namespace geyser::test::interposer
