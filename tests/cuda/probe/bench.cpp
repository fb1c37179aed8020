#include "cuda/probe/bench.hpp"

#include <cstdio>
#include <cstring>

#include "support/cuda_stand_in.hpp"
#include "support/end.hpp"

namespace geyser::test {

void ProbeBench::SetUp() {
  auto library = cuda::open_cuda();
  if (!is_rig("gpu") || !library || library->symbol(cuda_stand_in_symbol) != nullptr) {
    std::printf("NOT RUN: probes are for a GPU of NVIDIA's and GEYSER_RIG=gpu\n");
    GTEST_SKIP() << "no GPU rig";
  }
  library_ = *std::move(library);
  cu_ = *cuda::load_functions(library_);
  auto cuda = cuda::create_manager();
  ASSERT_TRUE(cuda) << cuda.error().to_string();
  cuda_ = *std::move(cuda);
  native_ = *cuda::native(*cuda_);
  vulkan::Options options;
  options.device.device_uuid = cuda_->capabilities().identity.device_uuid;
  auto vulkan = vulkan::create_manager(options);
  ASSERT_TRUE(vulkan) << vulkan.error().to_string();
  vulkan_ = *std::move(vulkan);
  device_ = *vulkan::native(*vulkan_);
  const auto get = reinterpret_cast<PFN_vkGetDeviceProcAddr>(
      device_.get_instance_proc_addr(device_.instance, "vkGetDeviceProcAddr"));
#define GEYSER_PROBE_LOAD(name)                                    \
  name = reinterpret_cast<PFN_##name>(get(device_.device, #name)); \
  ASSERT_NE(name, nullptr) << #name;
  GEYSER_PROBE_VULKAN(GEYSER_PROBE_LOAD)
#undef GEYSER_PROBE_LOAD
  const auto ask = reinterpret_cast<PFN_vkGetPhysicalDeviceMemoryProperties>(
      device_.get_instance_proc_addr(device_.instance, "vkGetPhysicalDeviceMemoryProperties"));
  ask(device_.physical_device, &memories_);
  const VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, nullptr,
                                     VK_COMMAND_POOL_CREATE_TRANSIENT_BIT, device_.queue_family};
  ASSERT_EQ(vkCreateCommandPool(device_.device, &pool, nullptr, &pool_), VK_SUCCESS);
  copy_to_host_ = reinterpret_cast<decltype(copy_to_host_)>(library_.symbol("cuMemcpyDtoH_v2"));
  copy_to_device_ = reinterpret_cast<decltype(copy_to_device_)>(library_.symbol("cuMemcpyHtoD_v2"));
  ASSERT_NE(copy_to_host_, nullptr);
  ASSERT_NE(copy_to_device_, nullptr);
  ASSERT_EQ(cu_.cuCtxPushCurrent_v2(native_.context), 0);
  pushed_ = true;
}

void ProbeBench::TearDown() {
  if (pool_ != VK_NULL_HANDLE) vkDestroyCommandPool(device_.device, pool_, nullptr);
  cuda::driver::Context popped = nullptr;
  if (pushed_) cu_.cuCtxPopCurrent_v2(&popped);
}

std::string ProbeBench::name_of(int result) const {
  const char* name = nullptr;
  if (result == 0) return "success";
  return cu_.cuGetErrorName(result, &name) == 0 && name != nullptr ? name : std::to_string(result);
}

std::uint32_t ProbeBench::memory_type(std::uint32_t bits, VkMemoryPropertyFlags wanted) const {
  for (std::uint32_t i = 0; i < memories_.memoryTypeCount; ++i) {
    if ((bits >> i & 1U) != 0 && (memories_.memoryTypes[i].propertyFlags & wanted) == wanted) return i;
  }
  ADD_FAILURE() << "no memory type among " << bits;
  return 0;
}

ProbeBench::Picture ProbeBench::make_picture(VkImageCreateInfo info, bool dedicated) {
  Picture picture;
  const VkExternalMemoryImageCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, nullptr,
                                                 VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
  info.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO;
  info.pNext = &external;
  if (const VkResult result = vkCreateImage(device_.device, &info, nullptr, &picture.image); result != VK_SUCCESS) {
    std::printf("  vkCreateImage: %d\n", result);
    picture.image = VK_NULL_HANDLE;
    return picture;
  }
  const VkImageMemoryRequirementsInfo2 of{VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2, nullptr, picture.image};
  VkMemoryDedicatedRequirements wants{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS, nullptr, VK_FALSE, VK_FALSE};
  VkMemoryRequirements2 needs{VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, &wants, {}};
  vkGetImageMemoryRequirements2(device_.device, &of, &needs);
  const VkMemoryDedicatedAllocateInfo alone{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr, picture.image,
                                            VK_NULL_HANDLE};
  const VkExportMemoryAllocateInfo exported{VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO, dedicated ? &alone : nullptr,
                                            VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
  picture.info = info;
  picture.info.pNext = nullptr;
  picture.dedicated = dedicated;
  picture.size = needs.memoryRequirements.size;
  picture.memory_type = memory_type(needs.memoryRequirements.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  const VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &exported, picture.size,
                                      picture.memory_type};
  EXPECT_EQ(vkAllocateMemory(device_.device, &allocate, nullptr, &picture.memory), VK_SUCCESS);
  EXPECT_EQ(vkBindImageMemory(device_.device, picture.image, picture.memory, 0), VK_SUCCESS);
  std::printf("  image of %llu bytes, dedicated wanted %u required %u\n", static_cast<unsigned long long>(picture.size),
              wants.prefersDedicatedAllocation, wants.requiresDedicatedAllocation);
  return picture;
}

void ProbeBench::destroy(Picture& picture) {
  vkDestroyImage(device_.device, picture.image, nullptr);
  vkFreeMemory(device_.device, picture.memory, nullptr);
  picture = {};
}

ProbeBench::Visible ProbeBench::make_visible(std::uint64_t size) {
  Visible made;
  const VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                nullptr,
                                0,
                                size,
                                VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                VK_SHARING_MODE_EXCLUSIVE,
                                0,
                                nullptr};
  EXPECT_EQ(vkCreateBuffer(device_.device, &info, nullptr, &made.buffer), VK_SUCCESS);
  VkMemoryRequirements needs{};
  vkGetBufferMemoryRequirements(device_.device, made.buffer, &needs);
  const VkMemoryAllocateInfo allocate{
      VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, nullptr, needs.size,
      memory_type(needs.memoryTypeBits, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)};
  EXPECT_EQ(vkAllocateMemory(device_.device, &allocate, nullptr, &made.memory), VK_SUCCESS);
  EXPECT_EQ(vkBindBufferMemory(device_.device, made.buffer, made.memory, 0), VK_SUCCESS);
  void* bytes = nullptr;
  EXPECT_EQ(vkMapMemory(device_.device, made.memory, 0, VK_WHOLE_SIZE, 0, &bytes), VK_SUCCESS);
  made.bytes = static_cast<std::byte*>(bytes);
  return made;
}

void ProbeBench::destroy(Visible& visible) {
  vkDestroyBuffer(device_.device, visible.buffer, nullptr);
  vkFreeMemory(device_.device, visible.memory, nullptr);
  visible = {};
}

VkCommandBuffer ProbeBench::begin() {
  const VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, nullptr, pool_,
                                         VK_COMMAND_BUFFER_LEVEL_PRIMARY, 1};
  VkCommandBuffer commands = VK_NULL_HANDLE;
  EXPECT_EQ(vkAllocateCommandBuffers(device_.device, &info, &commands), VK_SUCCESS);
  const VkCommandBufferBeginInfo once{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, nullptr,
                                      VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT, nullptr};
  EXPECT_EQ(vkBeginCommandBuffer(commands, &once), VK_SUCCESS);
  return commands;
}

void ProbeBench::end(VkCommandBuffer commands) {
  EXPECT_EQ(vkEndCommandBuffer(commands), VK_SUCCESS);
  VkSubmitInfo submit{};
  submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &commands;
  EXPECT_EQ(vkQueueSubmit(device_.queue, 1, &submit, VK_NULL_HANDLE), VK_SUCCESS);
  EXPECT_EQ(vkQueueWaitIdle(device_.queue), VK_SUCCESS);
}

void ProbeBench::barrier(VkCommandBuffer commands, VkImage image, VkImageLayout from, VkImageLayout to,
                         std::uint32_t from_owner, std::uint32_t to_owner) {
  constexpr VkAccessFlags all = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
  const VkImageMemoryBarrier change{
      VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
      nullptr,
      all,
      all,
      from,
      to,
      from_owner,
      to_owner,
      image,
      {VK_IMAGE_ASPECT_COLOR_BIT, 0, VK_REMAINING_MIP_LEVELS, 0, VK_REMAINING_ARRAY_LAYERS}};
  vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, nullptr,
                       0, nullptr, 1, &change);
}

void ProbeBench::fill(const Picture& picture, std::uint32_t block, std::uint32_t block_bytes, bool noisy) {
  std::vector<VkBufferImageCopy> copies;
  std::vector<std::byte> bytes;
  for (std::uint32_t layer = 0; layer < picture.info.arrayLayers; ++layer) {
    for (std::uint32_t level = 0; level < picture.info.mipLevels; ++level) {
      const std::uint32_t width = std::max(picture.info.extent.width >> level, 1U);
      const std::uint32_t height = std::max(picture.info.extent.height >> level, 1U);
      VkBufferImageCopy copy{};
      copy.bufferOffset = bytes.size();
      copy.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, layer, 1};
      copy.imageExtent = {width, height, 1};
      copies.push_back(copy);
      const std::size_t size = std::size_t{(width + block - 1) / block} * ((height + block - 1) / block) * block_bytes;
      const std::size_t begin = bytes.size();
      bytes.resize(begin + (size + 255) / 256 * 256, value_of(layer, level));
      for (std::size_t i = 0; noisy && i < size; ++i) bytes[begin + i] = noise_of(layer, level, i);
    }
  }
  Visible staging = make_visible(bytes.size());
  std::memcpy(staging.bytes, bytes.data(), bytes.size());
  submit([&](VkCommandBuffer commands) {
    barrier(commands, picture.image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL, VK_QUEUE_FAMILY_IGNORED,
            VK_QUEUE_FAMILY_IGNORED);
    vkCmdCopyBufferToImage(commands, staging.buffer, picture.image, VK_IMAGE_LAYOUT_GENERAL,
                           static_cast<std::uint32_t>(copies.size()), copies.data());
    barrier(commands, picture.image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, device_.queue_family,
            VK_QUEUE_FAMILY_EXTERNAL);
  });
  destroy(staging);
}

std::vector<std::byte> ProbeBench::read_picture(VkImage image, const VkImageCreateInfo& info,
                                                std::uint32_t texel_bytes) {
  std::vector<std::byte> bytes(std::size_t{info.extent.width} * info.extent.height * texel_bytes);
  Visible staging = make_visible(bytes.size());
  VkBufferImageCopy copy{};
  copy.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
  copy.imageExtent = info.extent;
  submit([&](VkCommandBuffer commands) {
    vkCmdCopyImageToBuffer(commands, image, VK_IMAGE_LAYOUT_GENERAL, staging.buffer, 1, &copy);
  });
  std::memcpy(bytes.data(), staging.bytes, bytes.size());
  destroy(staging);
  return bytes;
}

int ProbeBench::export_fd(VkDeviceMemory memory) {
  const VkMemoryGetFdInfoKHR info{VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR, nullptr, memory,
                                  VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
  int fd = -1;
  EXPECT_EQ(vkGetMemoryFdKHR(device_.device, &info, &fd), VK_SUCCESS);
  return fd;
}

int ProbeBench::import_memory(int fd, std::uint64_t size, bool dedicated, cuda::driver::ExternalMemory& memory) {
  cuda::driver::ExternalMemoryHandle handle;
  handle.type = cuda::driver::memory_opaque_fd;
  handle.fd = fd;
  handle.size = size;
  handle.flags = dedicated ? cuda::driver::memory_dedicated : 0;
  const int result = cu_.cuImportExternalMemory(&memory, &handle);
  if (result != 0) OwnedHandle::adopt(HandleKind::opaque_fd, fd).reset();
  return result;
}

void ProbeBench::finish() {
  cuda::driver::Event event = nullptr;
  ASSERT_EQ(cu_.cuEventCreate(&event, cuda::driver::event_disable_timing), 0);
  ASSERT_EQ(cu_.cuEventRecord(event, native_.stream), 0);
  while (cu_.cuEventQuery(event) == cuda::driver::not_ready) continue;
  cu_.cuEventDestroy_v2(event);
}

int ProbeBench::copy_out(cuda::driver::DevicePointer from, std::vector<std::byte>& bytes) {
  return copy_to_host_(bytes.data(), from, bytes.size());
}
int ProbeBench::copy_in(cuda::driver::DevicePointer to, const std::vector<std::byte>& bytes) {
  return copy_to_device_(to, bytes.data(), bytes.size());
}

}  // namespace geyser::test
