// The pass as a compute shader in Vulkan, by the device that Geyser made.
#include <array>
#include <chrono>
#include <unordered_map>

#include <geyser/vulkan.hpp>

#include "pass.hpp"
#include "pass_comp.h"

namespace demo {

namespace {

#define DEMO_VK(X)                \
  X(vkCreateShaderModule)         \
  X(vkDestroyShaderModule)        \
  X(vkCreateDescriptorSetLayout)  \
  X(vkDestroyDescriptorSetLayout) \
  X(vkCreatePipelineLayout)       \
  X(vkDestroyPipelineLayout)      \
  X(vkCreateComputePipelines)     \
  X(vkDestroyPipeline)            \
  X(vkCreateDescriptorPool)       \
  X(vkDestroyDescriptorPool)      \
  X(vkAllocateDescriptorSets)     \
  X(vkUpdateDescriptorSets)       \
  X(vkCreateSampler)              \
  X(vkDestroySampler)             \
  X(vkCreateImageView)            \
  X(vkDestroyImageView)           \
  X(vkCreateCommandPool)          \
  X(vkDestroyCommandPool)         \
  X(vkAllocateCommandBuffers)     \
  X(vkResetCommandBuffer)         \
  X(vkBeginCommandBuffer)         \
  X(vkEndCommandBuffer)           \
  X(vkCmdBindPipeline)            \
  X(vkCmdBindDescriptorSets)      \
  X(vkCmdPushConstants)           \
  X(vkCmdDispatch)                \
  X(vkCreateFence)                \
  X(vkDestroyFence)               \
  X(vkWaitForFences)              \
  X(vkResetFences)                \
  X(vkQueueSubmit)                \
  X(vkDeviceWaitIdle)

struct Vk {
#define DEMO_VK_MEMBER(name) PFN_##name name = nullptr;
  DEMO_VK(DEMO_VK_MEMBER)
#undef DEMO_VK_MEMBER
};

tl::unexpected<geyser::GeyserError> failed(const char* call) {
  return geyser::fail(geyser::ErrorCode::operating_system, std::string(call) + " failed in the demo.");
}

// As many submissions as may be in flight.
constexpr std::size_t slot_count = 4;

class VulkanPass final : public Pass {
 public:
  explicit VulkanPass(std::unique_ptr<geyser::TextureShareManager> manager) : manager_(std::move(manager)) {}
  ~VulkanPass() override;
  geyser::Result<void> open();
  geyser::TextureShareManager& manager() override { return *manager_; }
  geyser::TextureUsage target_usage() const override { return geyser::TextureUsage::storage; }
  geyser::Result<void> run(geyser::SharedTexture& source, geyser::SharedTexture& target,
                           std::optional<float> phase) override;

 private:
  struct Slot {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    VkDescriptorSet set = VK_NULL_HANDLE;
    VkFence done = VK_NULL_HANDLE;
  };
  geyser::Result<void> make_pipeline();
  geyser::Result<void> make_slots();
  geyser::Result<VkImageView> view_of(const geyser::SharedTexture& texture);

  std::unique_ptr<geyser::TextureShareManager> manager_;
  geyser::vulkan::NativeDevice native_;
  Vk vk_;
  VkDescriptorSetLayout set_layout_ = VK_NULL_HANDLE;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline pipeline_ = VK_NULL_HANDLE;
  VkSampler sampler_ = VK_NULL_HANDLE;
  VkDescriptorPool descriptors_ = VK_NULL_HANDLE;
  VkCommandPool commands_ = VK_NULL_HANDLE;
  std::array<Slot, slot_count> slots_;
  std::size_t next_slot_ = 0;
  std::unordered_map<VkImage, VkImageView> views_;
};

geyser::Result<void> VulkanPass::open() {
  auto native = geyser::vulkan::native(*manager_);
  if (!native) return geyser::fail(std::move(native.error()));
  native_ = *native;
  const auto get = reinterpret_cast<PFN_vkGetDeviceProcAddr>(
      native_.get_instance_proc_addr(native_.instance, "vkGetDeviceProcAddr"));
#define DEMO_VK_LOAD(name) vk_.name = reinterpret_cast<PFN_##name>(get(native_.device, #name));
  DEMO_VK(DEMO_VK_LOAD)
#undef DEMO_VK_LOAD
  if (auto made = make_pipeline(); !made) return made;
  return make_slots();
}

geyser::Result<void> VulkanPass::make_pipeline() {
  const VkShaderModuleCreateInfo module_info{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, nullptr, 0, sizeof(pass_comp),
                                             pass_comp};
  VkShaderModule module = VK_NULL_HANDLE;
  if (vk_.vkCreateShaderModule(native_.device, &module_info, nullptr, &module) != VK_SUCCESS) {
    return failed("vkCreateShaderModule");
  }
  const VkSamplerCreateInfo sampler_info{VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                         nullptr,
                                         0,
                                         VK_FILTER_LINEAR,
                                         VK_FILTER_LINEAR,
                                         VK_SAMPLER_MIPMAP_MODE_NEAREST,
                                         VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                         VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                         VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                         0.0F,
                                         VK_FALSE,
                                         1.0F,
                                         VK_FALSE,
                                         VK_COMPARE_OP_NEVER,
                                         0.0F,
                                         0.0F,
                                         VK_BORDER_COLOR_FLOAT_OPAQUE_BLACK,
                                         VK_FALSE};
  if (vk_.vkCreateSampler(native_.device, &sampler_info, nullptr, &sampler_) != VK_SUCCESS) {
    return failed("vkCreateSampler");
  }
  const std::array<VkDescriptorSetLayoutBinding, 2> bindings{
      {{0, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr},
       {1, VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr}}};
  const VkDescriptorSetLayoutCreateInfo set_info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, nullptr, 0,
                                                 static_cast<std::uint32_t>(bindings.size()), bindings.data()};
  vk_.vkCreateDescriptorSetLayout(native_.device, &set_info, nullptr, &set_layout_);
  const VkPushConstantRange push{VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(float)};
  const VkPipelineLayoutCreateInfo layout_info{
      VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, nullptr, 0, 1, &set_layout_, 1, &push};
  vk_.vkCreatePipelineLayout(native_.device, &layout_info, nullptr, &layout_);
  const VkComputePipelineCreateInfo pipeline_info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                                  nullptr,
                                                  0,
                                                  {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, nullptr, 0,
                                                   VK_SHADER_STAGE_COMPUTE_BIT, module, "main", nullptr},
                                                  layout_,
                                                  VK_NULL_HANDLE,
                                                  0};
  const VkResult made =
      vk_.vkCreateComputePipelines(native_.device, VK_NULL_HANDLE, 1, &pipeline_info, nullptr, &pipeline_);
  vk_.vkDestroyShaderModule(native_.device, module, nullptr);
  if (made != VK_SUCCESS) return failed("vkCreateComputePipelines");
  return {};
}

geyser::Result<void> VulkanPass::make_slots() {
  const std::array<VkDescriptorPoolSize, 2> sizes{
      {{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, slot_count}, {VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, slot_count}}};
  const VkDescriptorPoolCreateInfo descriptor_info{
      VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO, nullptr,     0, slot_count,
      static_cast<std::uint32_t>(sizes.size()),      sizes.data()};
  vk_.vkCreateDescriptorPool(native_.device, &descriptor_info, nullptr, &descriptors_);
  const VkCommandPoolCreateInfo pool_info{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, nullptr,
                                          VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT, native_.queue_family};
  vk_.vkCreateCommandPool(native_.device, &pool_info, nullptr, &commands_);
  for (Slot& slot : slots_) {
    const VkCommandBufferAllocateInfo buffer_info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, nullptr, commands_,
                                                  VK_COMMAND_BUFFER_LEVEL_PRIMARY, 1};
    const VkDescriptorSetAllocateInfo set_info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, nullptr, descriptors_, 1,
                                               &set_layout_};
    const VkFenceCreateInfo fence_info{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, nullptr, VK_FENCE_CREATE_SIGNALED_BIT};
    if (vk_.vkAllocateCommandBuffers(native_.device, &buffer_info, &slot.commands) != VK_SUCCESS ||
        vk_.vkAllocateDescriptorSets(native_.device, &set_info, &slot.set) != VK_SUCCESS ||
        vk_.vkCreateFence(native_.device, &fence_info, nullptr, &slot.done) != VK_SUCCESS) {
      return failed("Making command buffers");
    }
  }
  return {};
}

geyser::Result<VkImageView> VulkanPass::view_of(const geyser::SharedTexture& texture) {
  auto native = geyser::vulkan::native(texture);
  if (!native) return geyser::fail(std::move(native.error()));
  if (const auto found = views_.find(native->image); found != views_.end()) return found->second;
  const VkImageViewCreateInfo info{
      VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO, nullptr, 0, native->image, VK_IMAGE_VIEW_TYPE_2D, native->format, {},
      {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
  VkImageView view = VK_NULL_HANDLE;
  if (vk_.vkCreateImageView(native_.device, &info, nullptr, &view) != VK_SUCCESS) return failed("vkCreateImageView");
  views_.emplace(native->image, view);
  return view;
}

geyser::Result<void> VulkanPass::run(geyser::SharedTexture& source, geyser::SharedTexture& target,
                                     std::optional<float> phase) {
  auto from = view_of(source);
  if (!from) return geyser::fail(std::move(from.error()));
  auto to = view_of(target);
  if (!to) return geyser::fail(std::move(to.error()));
  Slot& slot = slots_[next_slot_++ % slot_count];
  if (vk_.vkWaitForFences(native_.device, 1, &slot.done, VK_TRUE, 5'000'000'000ULL) != VK_SUCCESS) {
    return failed("vkWaitForFences");
  }
  vk_.vkResetFences(native_.device, 1, &slot.done);
  const VkDescriptorImageInfo source_info{sampler_, *from, VK_IMAGE_LAYOUT_GENERAL};
  const VkDescriptorImageInfo target_info{VK_NULL_HANDLE, *to, VK_IMAGE_LAYOUT_GENERAL};
  const std::array<VkWriteDescriptorSet, 2> writes{
      {{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, nullptr, slot.set, 0, 0, 1, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
        &source_info, nullptr, nullptr},
       {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, nullptr, slot.set, 1, 0, 1, VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
        &target_info, nullptr, nullptr}}};
  vk_.vkUpdateDescriptorSets(native_.device, static_cast<std::uint32_t>(writes.size()), writes.data(), 0, nullptr);
  vk_.vkResetCommandBuffer(slot.commands, 0);
  const VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, nullptr,
                                       VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT, nullptr};
  vk_.vkBeginCommandBuffer(slot.commands, &begin);
  vk_.vkCmdBindPipeline(slot.commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline_);
  vk_.vkCmdBindDescriptorSets(slot.commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout_, 0, 1, &slot.set, 0, nullptr);
  const float value = phase.value_or(-1.0F);
  vk_.vkCmdPushConstants(slot.commands, layout_, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(value), &value);
  const geyser::Extent3D extent = target.descriptor().extent;
  vk_.vkCmdDispatch(slot.commands, (extent.width + 7) / 8, (extent.height + 7) / 8, 1);
  vk_.vkEndCommandBuffer(slot.commands);
  const VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO, nullptr, 0, nullptr, nullptr, 1, &slot.commands, 0, nullptr};
  if (vk_.vkQueueSubmit(native_.queue, 1, &submit, slot.done) != VK_SUCCESS) return failed("vkQueueSubmit");
  return {};
}

VulkanPass::~VulkanPass() {
  vk_.vkDeviceWaitIdle(native_.device);
  for (const auto& [image, view] : views_) vk_.vkDestroyImageView(native_.device, view, nullptr);
  for (const Slot& slot : slots_) vk_.vkDestroyFence(native_.device, slot.done, nullptr);
  vk_.vkDestroyCommandPool(native_.device, commands_, nullptr);
  vk_.vkDestroyDescriptorPool(native_.device, descriptors_, nullptr);
  vk_.vkDestroyPipeline(native_.device, pipeline_, nullptr);
  vk_.vkDestroyPipelineLayout(native_.device, layout_, nullptr);
  vk_.vkDestroyDescriptorSetLayout(native_.device, set_layout_, nullptr);
  vk_.vkDestroySampler(native_.device, sampler_, nullptr);
}

}  // namespace

geyser::Result<std::unique_ptr<Pass>> make_vulkan_pass(geyser::DiagnosticHandler diagnostics) {
  geyser::vulkan::Options options;
  options.diagnostics = std::move(diagnostics);
  auto manager = geyser::vulkan::create_manager(options);
  if (!manager) return geyser::fail(std::move(manager.error()));
  auto pass = std::make_unique<VulkanPass>(*std::move(manager));
  if (auto opened = pass->open(); !opened) return geyser::fail(std::move(opened.error()));
  return pass;
}

}  // namespace demo
