#include "bare_image.hpp"

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace bench {

BareImage make_image(const BareVulkan& vulkan, std::uint32_t width, std::uint32_t height, Memory memory, int& fd,
                     VkDeviceSize size, std::uint32_t memory_type, VkFormat format) {
  BareImage result;
  const VkExternalMemoryImageCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, nullptr,
                                                 VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
  VkImageCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO;
  info.pNext = memory == Memory::own ? nullptr : &external;
  info.imageType = VK_IMAGE_TYPE_2D;
  info.format = format;
  info.extent = {width, height, 1};
  info.mipLevels = info.arrayLayers = 1;
  info.samples = VK_SAMPLE_COUNT_1_BIT;
  info.usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
  check(vulkan.vkCreateImage(vulkan.device, &info, nullptr, &result.image), "vkCreateImage");
  VkMemoryRequirements requirements{};
  vulkan.vkGetImageMemoryRequirements(vulkan.device, result.image, &requirements);
  const VkMemoryDedicatedAllocateInfo dedicated{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr, result.image,
                                                VK_NULL_HANDLE};
  const VkExportMemoryAllocateInfo exported{VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO, &dedicated,
                                            VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
  const VkImportMemoryFdInfoKHR imported{VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR, &dedicated,
                                         VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT, fd};
  result.size = memory == Memory::imported ? size : requirements.size;
  result.memory_type = memory == Memory::imported
                           ? memory_type
                           : vulkan.memory_type(requirements.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  const void* next = memory == Memory::exported   ? static_cast<const void*>(&exported)
                     : memory == Memory::imported ? static_cast<const void*>(&imported)
                                                  : nullptr;
  const VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, next, result.size, result.memory_type};
  check(vulkan.vkAllocateMemory(vulkan.device, &allocate, nullptr, &result.device_memory), "vkAllocateMemory");
  check(vulkan.vkBindImageMemory(vulkan.device, result.image, result.device_memory, 0), "vkBindImageMemory");
  if (memory == Memory::exported) {
    const VkMemoryGetFdInfoKHR get{VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR, nullptr, result.device_memory,
                                   VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
    check(vulkan.vkGetMemoryFdKHR(vulkan.device, &get, &fd), "vkGetMemoryFdKHR");
  }
  return result;
}

void destroy(const BareVulkan& vulkan, const BareImage& image) {
  vulkan.vkDestroyImage(vulkan.device, image.image, nullptr);
  vulkan.vkFreeMemory(vulkan.device, image.device_memory, nullptr);
}

VkSemaphore make_timeline(const BareVulkan& vulkan, Memory memory, int& fd) {
  const bool exported = memory == Memory::exported;
  const VkExportSemaphoreCreateInfo export_info{VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO, nullptr,
                                                VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
  const VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, exported ? &export_info : nullptr,
                                       VK_SEMAPHORE_TYPE_TIMELINE, 0};
  const VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type, 0};
  VkSemaphore semaphore = VK_NULL_HANDLE;
  check(vulkan.vkCreateSemaphore(vulkan.device, &info, nullptr, &semaphore), "vkCreateSemaphore");
  if (exported) {
    const VkSemaphoreGetFdInfoKHR get{VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR, nullptr, semaphore,
                                      VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
    check(vulkan.vkGetSemaphoreFdKHR(vulkan.device, &get, &fd), "vkGetSemaphoreFdKHR");
  } else if (memory == Memory::imported) {
    const VkImportSemaphoreFdInfoKHR import{VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,  nullptr, semaphore, 0,
                                            VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT, fd};
    check(vulkan.vkImportSemaphoreFdKHR(vulkan.device, &import), "vkImportSemaphoreFdKHR");
  }
  return semaphore;
}

void wait_for(const BareVulkan& vulkan, VkSemaphore timeline, std::uint64_t value) {
  const VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, nullptr, 0, 1, &timeline, &value};
  check(vulkan.vkWaitSemaphores(vulkan.device, &info, 10'000'000'000ULL), "vkWaitSemaphores");
}

void send_bytes(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 8)> control{};
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  if (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) throw std::runtime_error("the other process is gone");
}

std::vector<int> receive_bytes(int socket, std::span<std::byte> bytes) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 8)> control{};
  iovec part{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  if (size != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("the other process is gone");
  std::vector<int> descriptors;
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&header); rights != nullptr) {
    descriptors.resize((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(descriptors.data(), CMSG_DATA(rights), descriptors.size() * sizeof(int));
  }
  return descriptors;
}

void send_token(int socket) {
  const std::byte token{1};
  send_bytes(socket, {&token, 1});
}

void receive_token(int socket) {
  std::byte token{};
  receive_bytes(socket, {&token, 1});
}

VkFence make_fence(const BareVulkan& vulkan) {
  const VkFenceCreateInfo info{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, nullptr, 0};
  VkFence fence = VK_NULL_HANDLE;
  check(vulkan.vkCreateFence(vulkan.device, &info, nullptr, &fence), "vkCreateFence");
  return fence;
}

void submit_and_wait(const BareVulkan& vulkan, std::span<const VkCommandBuffer> commands, VkFence fence) {
  const VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO,
                            nullptr,
                            0,
                            nullptr,
                            nullptr,
                            static_cast<std::uint32_t>(commands.size()),
                            commands.data(),
                            0,
                            nullptr};
  check(vulkan.vkQueueSubmit(vulkan.queue, 1, &submit, fence), "vkQueueSubmit");
  check(vulkan.vkWaitForFences(vulkan.device, 1, &fence, VK_TRUE, 10'000'000'000ULL), "vkWaitForFences");
  check(vulkan.vkResetFences(vulkan.device, 1, &fence), "vkResetFences");
}

}  // namespace bench
