#include "stream/late_gpu/late_vulkan.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "late_comp.h"

namespace geyser::test {

// clang-format off
#define LATE_VK(X)                                                                                                  \
  X(vkCreateShaderModule) X(vkCreateDescriptorSetLayout) X(vkCreatePipelineLayout) X(vkCreateComputePipelines)       \
  X(vkCreateDescriptorPool) X(vkAllocateDescriptorSets) X(vkUpdateDescriptorSets) X(vkCreateBuffer)                  \
  X(vkGetBufferMemoryRequirements) X(vkAllocateMemory) X(vkBindBufferMemory) X(vkMapMemory) X(vkCreateCommandPool)   \
  X(vkAllocateCommandBuffers) X(vkBeginCommandBuffer) X(vkEndCommandBuffer) X(vkCmdBindPipeline)                     \
  X(vkCmdBindDescriptorSets) X(vkCmdPushConstants) X(vkCmdDispatch) X(vkCmdPipelineBarrier) X(vkCmdClearColorImage)  \
  X(vkCmdCopyImageToBuffer) X(vkQueueSubmit) X(vkCreateFence) X(vkWaitForFences) X(vkResetFences)                    \
  X(vkGetFenceStatus) X(vkDeviceWaitIdle) X(vkDestroyShaderModule) X(vkDestroyDescriptorSetLayout)                   \
  X(vkDestroyPipelineLayout) X(vkDestroyPipeline) X(vkDestroyDescriptorPool) X(vkDestroyBuffer) X(vkFreeMemory)      \
  X(vkDestroyCommandPool) X(vkDestroyFence)
// clang-format on

struct LateVulkan::Functions {
#define LATE_VK_MEMBER(name) PFN_##name name = nullptr;
  LATE_VK(LATE_VK_MEMBER)
#undef LATE_VK_MEMBER
  VkPhysicalDeviceMemoryProperties memory{};
  // What goes when this goes.
  VkShaderModule shader = VK_NULL_HANDLE;
  VkDescriptorSetLayout set_layout = VK_NULL_HANDLE;
  VkDescriptorPool descriptors = VK_NULL_HANDLE;
  VkCommandPool pool = VK_NULL_HANDLE;
  mutable std::array<VkBuffer, 2> buffers{};
  mutable std::array<VkDeviceMemory, 2> memories{};
  mutable std::size_t buffer_count = 0;
};
struct LateVulkan::Slot {
  VkCommandBuffer commands = VK_NULL_HANDLE;
  VkFence fence = VK_NULL_HANDLE;
  bool used = false;
};

namespace {

constexpr std::uint64_t patience_ns = 20'000'000'000;
// Of one shader: llvmpipe ends every loop after 65536.
constexpr std::uint32_t turns = 32768;
constexpr double most_shaders = 4096;

void check(VkResult result, const char* call) {
  if (result != VK_SUCCESS) throw std::runtime_error(std::string(call) + ": VkResult " + std::to_string(result));
}

}  // namespace

LateVulkan::LateVulkan(TextureShareManager& manager)
    : device_(*vulkan::native(manager)),
      vk_(std::make_unique<Functions>()),
      slots_(std::make_unique<std::array<Slot, most_queued>>()) {
  const auto of_instance = [&](const char* name) { return device_.get_instance_proc_addr(device_.instance, name); };
  const auto of_device = reinterpret_cast<PFN_vkGetDeviceProcAddr>(of_instance("vkGetDeviceProcAddr"));
#define LATE_VK_LOAD(name) vk_->name = reinterpret_cast<PFN_##name>(of_device(device_.device, #name));
  LATE_VK(LATE_VK_LOAD)
#undef LATE_VK_LOAD
  const auto get_memory =
      reinterpret_cast<PFN_vkGetPhysicalDeviceMemoryProperties>(of_instance("vkGetPhysicalDeviceMemoryProperties"));
  get_memory(device_.physical_device, &vk_->memory);
  const VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, nullptr,
                                     VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT, device_.queue_family};
  check(vk_->vkCreateCommandPool(device_.device, &pool, nullptr, &vk_->pool), "vkCreateCommandPool");
  for (Slot& slot : *slots_) {
    const VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, nullptr, vk_->pool,
                                           VK_COMMAND_BUFFER_LEVEL_PRIMARY, 1};
    check(vk_->vkAllocateCommandBuffers(device_.device, &info, &slot.commands), "vkAllocateCommandBuffers");
    const VkFenceCreateInfo fence{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, nullptr, 0};
    check(vk_->vkCreateFence(device_.device, &fence, nullptr, &slot.fence), "vkCreateFence");
  }
  void* address = nullptr;
  texels_ = make_buffer(sizeof(Texels) * most_queued, VK_BUFFER_USAGE_TRANSFER_DST_BIT, &address);
  read_ = static_cast<const std::uint32_t*>(address);
  make_pipeline();
}

LateVulkan::~LateVulkan() {
  const VkDevice device = device_.device;
  vk_->vkDeviceWaitIdle(device);
  for (const Slot& slot : *slots_) vk_->vkDestroyFence(device, slot.fence, nullptr);
  vk_->vkDestroyCommandPool(device, vk_->pool, nullptr);
  vk_->vkDestroyPipeline(device, pipeline_, nullptr);
  vk_->vkDestroyPipelineLayout(device, layout_, nullptr);
  vk_->vkDestroyDescriptorPool(device, vk_->descriptors, nullptr);
  vk_->vkDestroyDescriptorSetLayout(device, vk_->set_layout, nullptr);
  vk_->vkDestroyShaderModule(device, vk_->shader, nullptr);
  for (std::size_t i = 0; i < vk_->buffer_count; ++i) {
    vk_->vkDestroyBuffer(device, vk_->buffers[i], nullptr);
    vk_->vkFreeMemory(device, vk_->memories[i], nullptr);
  }
}

VkBuffer LateVulkan::make_buffer(VkDeviceSize bytes, VkBufferUsageFlags usage, void** address) const {
  const VkBufferCreateInfo info{
      VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, nullptr, 0, bytes, usage, VK_SHARING_MODE_EXCLUSIVE, 0, nullptr};
  VkBuffer buffer = VK_NULL_HANDLE;
  check(vk_->vkCreateBuffer(device_.device, &info, nullptr, &buffer), "vkCreateBuffer");
  VkMemoryRequirements needs{};
  vk_->vkGetBufferMemoryRequirements(device_.device, buffer, &needs);
  constexpr VkMemoryPropertyFlags wanted = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  std::uint32_t type = 0;
  while ((needs.memoryTypeBits >> type & 1U) == 0 || (vk_->memory.memoryTypes[type].propertyFlags & wanted) != wanted) {
    if (++type == vk_->memory.memoryTypeCount) throw std::runtime_error("no memory type fits");
  }
  const VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, nullptr, needs.size, type};
  VkDeviceMemory memory = VK_NULL_HANDLE;
  check(vk_->vkAllocateMemory(device_.device, &allocate, nullptr, &memory), "vkAllocateMemory");
  vk_->buffers.at(vk_->buffer_count) = buffer;
  vk_->memories.at(vk_->buffer_count++) = memory;
  check(vk_->vkBindBufferMemory(device_.device, buffer, memory, 0), "vkBindBufferMemory");
  check(vk_->vkMapMemory(device_.device, memory, 0, VK_WHOLE_SIZE, 0, address), "vkMapMemory");
  return buffer;
}

void LateVulkan::make_pipeline() {
  const VkDevice device = device_.device;
  void* address = nullptr;
  const VkBuffer value = make_buffer(4, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, &address);
  *static_cast<std::uint32_t*>(address) = 1;
  const VkShaderModuleCreateInfo code{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, nullptr, 0, sizeof(late_comp),
                                      late_comp};
  check(vk_->vkCreateShaderModule(device, &code, nullptr, &vk_->shader), "vkCreateShaderModule");
  const VkDescriptorSetLayoutBinding binding{0, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT,
                                             nullptr};
  const VkDescriptorSetLayoutCreateInfo set{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, nullptr, 0, 1,
                                            &binding};
  check(vk_->vkCreateDescriptorSetLayout(device, &set, nullptr, &vk_->set_layout), "vkCreateDescriptorSetLayout");
  const VkPushConstantRange push{VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(turns)};
  const VkPipelineLayoutCreateInfo layout{
      VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, nullptr, 0, 1, &vk_->set_layout, 1, &push};
  check(vk_->vkCreatePipelineLayout(device, &layout, nullptr, &layout_), "vkCreatePipelineLayout");
  VkComputePipelineCreateInfo pipeline{};
  pipeline.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
  pipeline.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  pipeline.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  pipeline.stage.module = vk_->shader;
  pipeline.stage.pName = "main";
  pipeline.layout = layout_;
  check(vk_->vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &pipeline, nullptr, &pipeline_),
        "vkCreateComputePipelines");
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1};
  const VkDescriptorPoolCreateInfo pool{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, nullptr, 0, 1, 1, &size};
  check(vk_->vkCreateDescriptorPool(device, &pool, nullptr, &vk_->descriptors), "vkCreateDescriptorPool");
  const VkDescriptorSetAllocateInfo sets{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, nullptr, vk_->descriptors, 1,
                                         &vk_->set_layout};
  check(vk_->vkAllocateDescriptorSets(device, &sets, &set_), "vkAllocateDescriptorSets");
  const VkDescriptorBufferInfo buffer{value, 0, VK_WHOLE_SIZE};
  VkWriteDescriptorSet write{};
  write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
  write.dstSet = set_;
  write.descriptorCount = 1;
  write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
  write.pBufferInfo = &buffer;
  vk_->vkUpdateDescriptorSets(device, 1, &write, 0, nullptr);
}

void LateVulkan::record_delay(VkCommandBuffer commands) const {
  vk_->vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline_);
  vk_->vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout_, 0, 1, &set_, 0, nullptr);
  vk_->vkCmdPushConstants(commands, layout_, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(turns), &turns);
  const VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, VK_ACCESS_SHADER_WRITE_BIT,
                                VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT};
  for (std::uint32_t i = 0; i < shaders_; ++i) {
    vk_->vkCmdDispatch(commands, 1, 1, 1);
    vk_->vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                              VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &barrier, 0,
                              nullptr, 0, nullptr);
  }
}

void LateVulkan::set_delay(std::chrono::microseconds delay) {
  using Clock = std::chrono::steady_clock;
  // The least of some: other work only ever adds.
  const auto measure = [&](std::uint32_t shaders) {
    shaders_ = shaders;
    double least = HUGE_VAL;
    for (int i = 0; i < 4; ++i) {
      make_room();
      const auto begin = Clock::now();
      const Ticket ticket = submit([&](VkCommandBuffer commands, std::size_t) { record_delay(commands); });
      static_cast<void>(wait(ticket));
      least = std::min(least, std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    }
    return least;
  };
  // Until it is about right twice: clocks rise while it is measured.
  double shaders = 1;
  int right = 0;
  for (int tries = 0; tries < 30 && right < 2; ++tries) {
    const double off = static_cast<double>(delay.count()) / measure(static_cast<std::uint32_t>(std::lround(shaders)));
    right = off > 0.9 && off < 1.1 ? right + 1 : 0;
    shaders = std::clamp(shaders * off, 1.0, most_shaders);
  }
  shaders_ = static_cast<std::uint32_t>(std::lround(shaders));
}

void LateVulkan::make_room() {
  const Slot& slot = (*slots_)[next_];
  if (slot.used) check(vk_->vkWaitForFences(device_.device, 1, &slot.fence, VK_TRUE, patience_ns), "vkWaitForFences");
}

LateVulkan::Ticket LateVulkan::submit(const std::function<void(VkCommandBuffer, std::size_t)>& record) {
  const Ticket ticket = next_;
  Slot& slot = (*slots_)[ticket];
  next_ = (next_ + 1) % most_queued;
  if (slot.used) check(vk_->vkResetFences(device_.device, 1, &slot.fence), "vkResetFences");
  slot.used = true;
  const VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, nullptr,
                                       VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT, nullptr};
  check(vk_->vkBeginCommandBuffer(slot.commands, &begin), "vkBeginCommandBuffer");
  record(slot.commands, ticket);
  check(vk_->vkEndCommandBuffer(slot.commands), "vkEndCommandBuffer");
  const VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO, nullptr, 0, nullptr, nullptr, 1, &slot.commands, 0, nullptr};
  check(vk_->vkQueueSubmit(device_.queue, 1, &info, slot.fence), "vkQueueSubmit");
  return ticket;
}

LateVulkan::Ticket LateVulkan::write(const SharedTexture& texture, std::uint32_t number) {
  const VkImage image = vulkan::native(texture)->image;
  return submit([&](VkCommandBuffer commands, std::size_t) {
    record_delay(commands);
    VkClearColorValue colour{};
    for (std::size_t i = 0; i < 4; ++i) colour.float32[i] = static_cast<float>(number >> 8U * i & 0xffU) / 255.0F;
    const VkImageSubresourceRange all{VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    vk_->vkCmdClearColorImage(commands, image, VK_IMAGE_LAYOUT_GENERAL, &colour, 1, &all);
  });
}

LateVulkan::Ticket LateVulkan::read(const SharedTexture& texture) {
  const VkImage image = vulkan::native(texture)->image;
  const auto right = static_cast<std::int32_t>(texture.descriptor().extent.width) - 1;
  const auto bottom = static_cast<std::int32_t>(texture.descriptor().extent.height) - 1;
  return submit([&](VkCommandBuffer commands, std::size_t slot) {
    const std::array<VkOffset3D, 4> corners{{{0, 0, 0}, {right, 0, 0}, {0, bottom, 0}, {right, bottom, 0}}};
    std::array<VkBufferImageCopy, 4> regions{};
    for (std::size_t i = 0; i < corners.size(); ++i) {
      regions[i].bufferOffset = slot * sizeof(Texels) + 4 * i;
      regions[i].imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
      regions[i].imageOffset = corners[i];
      regions[i].imageExtent = {1, 1, 1};
    }
    vk_->vkCmdCopyImageToBuffer(commands, image, VK_IMAGE_LAYOUT_GENERAL, texels_, 4, regions.data());
    const VkMemoryBarrier to_host{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, VK_ACCESS_TRANSFER_WRITE_BIT,
                                  VK_ACCESS_HOST_READ_BIT};
    vk_->vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0,
                              nullptr, 0, nullptr);
  });
}

bool LateVulkan::is_done(Ticket ticket) const {
  return vk_->vkGetFenceStatus(device_.device, (*slots_)[ticket].fence) == VK_SUCCESS;
}

LateVulkan::Texels LateVulkan::wait(Ticket ticket) const {
  check(vk_->vkWaitForFences(device_.device, 1, &(*slots_)[ticket].fence, VK_TRUE, patience_ns), "vkWaitForFences");
  Texels texels{};
  for (std::size_t i = 0; i < texels.size(); ++i) texels[i] = read_[ticket * texels.size() + i];
  return texels;
}

}  // namespace geyser::test
