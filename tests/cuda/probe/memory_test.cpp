// What Vulkan and CUDA take of each other's plain memory: CUDA's own in Vulkan buffers and linear images, Vulkan's
// linear images and multi-planar ones in CUDA, dma-bufs either way. Prints; asserts what the backend relies on.
#include <cstdio>
#include <map>

#include "cuda/probe/bench.hpp"

namespace geyser::test {
namespace {

namespace driver = cuda::driver;

class CudaMemoryProbe : public ProbeBench {
 protected:
  struct Own {
    driver::Allocation allocation = 0;
    driver::DevicePointer pointer = 0;
    std::size_t size = 0;
  };
  Own make_own(std::size_t wanted) {
    driver::AllocationProperties properties;
    properties.handle_types = driver::allocation_posix_fd;
    properties.location.id = native_.device;
    std::size_t unit = 0;
    EXPECT_EQ(cu_.cuMemGetAllocationGranularity(&unit, &properties, driver::granularity_minimum), 0);
    Own own;
    own.size = (wanted + unit - 1) / unit * unit;
    std::printf("  granularity %zu\n", unit);
    EXPECT_EQ(cu_.cuMemCreate(&own.allocation, own.size, &properties, 0), 0);
    EXPECT_EQ(cu_.cuMemAddressReserve(&own.pointer, own.size, 0, 0, 0), 0);
    EXPECT_EQ(cu_.cuMemMap(own.pointer, own.size, 0, own.allocation, 0), 0);
    const driver::AccessDescriptor access{properties.location};
    EXPECT_EQ(cu_.cuMemSetAccess(own.pointer, own.size, &access, 1), 0);
    return own;
  }
  void destroy_own(const Own& own) {
    EXPECT_EQ(cu_.cuMemUnmap(own.pointer, own.size), 0);
    EXPECT_EQ(cu_.cuMemAddressFree(own.pointer, own.size), 0);
    EXPECT_EQ(cu_.cuMemRelease(own.allocation), 0);
  }
  int share(const Own& own) {
    int fd = -1;
    EXPECT_EQ(cu_.cuMemExportToShareableHandle(&fd, own.allocation, driver::allocation_posix_fd, 0), 0);
    return fd;
  }
  // Memory of that descriptor in Vulkan; null when the driver refuses (printed).
  VkDeviceMemory take(int fd, std::uint64_t size, std::uint32_t type, const void* next) {
    const VkImportMemoryFdInfoKHR import{VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR, next,
                                         VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT, fd};
    const VkMemoryAllocateInfo info{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &import, size, type};
    VkDeviceMemory memory = VK_NULL_HANDLE;
    const VkResult result = vkAllocateMemory(device_.device, &info, nullptr, &memory);
    std::printf("    vkAllocateMemory of %llu bytes, type %u: %d\n", static_cast<unsigned long long>(size), type,
                result);
    if (result != VK_SUCCESS) {
      OwnedHandle::adopt(HandleKind::opaque_fd, fd).reset();
      return VK_NULL_HANDLE;
    }
    return memory;
  }
  static VkImageCreateInfo linear(VkFormat format, std::uint32_t width, std::uint32_t height) {
    VkImageCreateInfo info{};
    info.imageType = VK_IMAGE_TYPE_2D;
    info.format = format;
    info.extent = {width, height, 1};
    info.mipLevels = info.arrayLayers = 1;
    info.samples = VK_SAMPLE_COUNT_1_BIT;
    info.tiling = VK_IMAGE_TILING_LINEAR;
    info.usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_SAMPLED_BIT;
    return info;
  }
  VkSubresourceLayout rows_of(VkImage image) {
    const VkImageSubresource only{VK_IMAGE_ASPECT_COLOR_BIT, 0, 0};
    VkSubresourceLayout rows{};
    vkGetImageSubresourceLayout(device_.device, image, &only, &rows);
    return rows;
  }
  // The values that rows of a plane of NV12 have, as an array of its own.
  void print_plane(driver::MipmappedArray planes, unsigned plane) {
    driver::Array level = nullptr;
    driver::Array one = nullptr;
    cu_.cuMipmappedArrayGetLevel(&level, planes, 0);
    const int got = cu_.cuArrayGetPlane != nullptr ? cu_.cuArrayGetPlane(&one, level, plane) : driver::not_supported;
    std::printf("    cuArrayGetPlane %u: %s", plane, name_of(got).c_str());
    const std::size_t rows = plane == 0 ? 48 : 24;
    std::vector<std::byte> bytes(64 * rows);
    driver::Memcpy3d copy;
    copy.source_type = driver::MemoryType::array;
    copy.source_array = one;
    copy.target_type = driver::MemoryType::host;
    copy.target_host = bytes.data();
    copy.target_pitch = copy.width_bytes = 64;
    copy.height = rows;
    copy.depth = 1;
    if (got == 0) std::printf(", copy %s", name_of(cu_.cuMemcpy3DAsync_v2(&copy, native_.stream)).c_str());
    finish();
    std::size_t right = 0;
    for (const std::byte byte : bytes) right += byte == std::byte(plane + 1) ? 1 : 0;
    std::printf(", %zu of %zu bytes right\n", right, bytes.size());
  }
  static std::vector<std::byte> noise(std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::uint32_t state = 7;
    for (std::byte& byte : bytes) byte = static_cast<std::byte>((state = state * 1664525U + 1013904223U) >> 24U);
    return bytes;
  }
};

TEST_F(CudaMemoryProbe, CudasMemoryInAVulkanBuffer) {
  const Own own = make_own(1U << 20U);
  const std::vector<std::byte> written = noise(own.size);
  ASSERT_EQ(copy_in(own.pointer, written), 0);
  const VkExternalMemoryBufferCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, nullptr,
                                                  VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
  const VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                &external,
                                0,
                                own.size,
                                VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
                                VK_SHARING_MODE_EXCLUSIVE,
                                0,
                                nullptr};
  VkBuffer buffer = VK_NULL_HANDLE;
  ASSERT_EQ(vkCreateBuffer(device_.device, &info, nullptr, &buffer), VK_SUCCESS);
  VkMemoryRequirements needs{};
  vkGetBufferMemoryRequirements(device_.device, buffer, &needs);
  for (std::uint32_t type = 0; type < memories_.memoryTypeCount; ++type) {
    if ((needs.memoryTypeBits >> type & 1U) == 0) continue;
    std::printf("  buffer, type %u with flags 0x%x\n", type, memories_.memoryTypes[type].propertyFlags);
    const VkDeviceMemory memory = take(share(own), own.size, type, nullptr);
    if (memory != VK_NULL_HANDLE) vkFreeMemory(device_.device, memory, nullptr);
  }
  const VkDeviceMemory memory =
      take(share(own), own.size, memory_type(needs.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT), nullptr);
  if (memory != VK_NULL_HANDLE) {
    EXPECT_EQ(vkBindBufferMemory(device_.device, buffer, memory, 0), VK_SUCCESS);
    Visible seen = make_visible(own.size);
    const VkBufferCopy all{0, 0, own.size};
    submit([&](VkCommandBuffer commands) { vkCmdCopyBuffer(commands, buffer, seen.buffer, 1, &all); });
    std::printf("  buffer: %s\n", std::equal(written.begin(), written.end(), seen.bytes) ? "RIGHT" : "WRONG");
    destroy(seen);
    vkFreeMemory(device_.device, memory, nullptr);
  }
  vkDestroyBuffer(device_.device, buffer, nullptr);
  destroy_own(own);
}

TEST_F(CudaMemoryProbe, CudasMemoryInALinearVulkanImage) {
  const Own own = make_own(1U << 20U);
  const std::vector<std::byte> written = noise(own.size);
  ASSERT_EQ(copy_in(own.pointer, written), 0);
  for (const bool dedicated : {false, true}) {
    VkImageCreateInfo info = linear(VK_FORMAT_R8G8B8A8_UNORM, 61, 33);
    const VkExternalMemoryImageCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, nullptr,
                                                   VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT};
    info.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO;
    info.pNext = &external;
    VkImage image = VK_NULL_HANDLE;
    ASSERT_EQ(vkCreateImage(device_.device, &info, nullptr, &image), VK_SUCCESS);
    const VkSubresourceLayout rows = rows_of(image);
    const VkImageMemoryRequirementsInfo2 of{VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2, nullptr, image};
    VkMemoryDedicatedRequirements wants{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS, nullptr, VK_FALSE, VK_FALSE};
    VkMemoryRequirements2 needs{VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, &wants, {}};
    vkGetImageMemoryRequirements2(device_.device, &of, &needs);
    std::printf(
        "  linear image, dedicated %d: pitch %llu offset %llu, needs %llu of types 0x%x, wants dedicated %u/%u\n",
        dedicated ? 1 : 0, static_cast<unsigned long long>(rows.rowPitch), static_cast<unsigned long long>(rows.offset),
        static_cast<unsigned long long>(needs.memoryRequirements.size), needs.memoryRequirements.memoryTypeBits,
        wants.prefersDedicatedAllocation, wants.requiresDedicatedAllocation);
    const VkMemoryDedicatedAllocateInfo alone{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr, image,
                                              VK_NULL_HANDLE};
    const std::uint32_t type =
        memory_type(needs.memoryRequirements.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    for (const std::uint64_t size : {std::uint64_t{own.size}, std::uint64_t{needs.memoryRequirements.size}}) {
      const VkDeviceMemory memory = take(share(own), size, type, dedicated ? &alone : nullptr);
      if (memory == VK_NULL_HANDLE) continue;
      if (const VkResult bound = vkBindImageMemory(device_.device, image, memory, 0); bound == VK_SUCCESS) {
        submit([&](VkCommandBuffer commands) {
          // Preinitialised by another: the contents stay.
          barrier(commands, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, VK_QUEUE_FAMILY_EXTERNAL,
                  device_.queue_family);
        });
        const std::vector<std::byte> seen = read_picture(image, info, 4);
        int wrong = 0;
        for (std::size_t y = 0; y < 33; ++y) {
          for (std::size_t x = 0; x < 61 * 4; ++x) {
            if (seen[y * 61 * 4 + x] != written[rows.offset + y * rows.rowPitch + x]) ++wrong;
          }
        }
        std::printf("    image: %s, %d bytes wrong\n", wrong == 0 ? "RIGHT" : "WRONG", wrong);
        EXPECT_EQ(wrong, 0) << "what Geyser does with CUDA's memory, dedicated " << dedicated;
      } else {
        std::printf("    vkBindImageMemory: %d\n", bound);
      }
      vkDestroyImage(device_.device, image, nullptr);
      ASSERT_EQ(vkCreateImage(device_.device, &info, nullptr, &image), VK_SUCCESS);
      vkFreeMemory(device_.device, memory, nullptr);
    }
    vkDestroyImage(device_.device, image, nullptr);
  }
  destroy_own(own);
}

TEST_F(CudaMemoryProbe, VulkansLinearImageByAddress) {
  for (const bool dedicated : {false, true}) {
    const VkImageCreateInfo info = linear(VK_FORMAT_R8G8B8A8_UNORM, 61, 33);
    Picture picture = make_picture(info, dedicated);
    ASSERT_NE(picture.image, VK_NULL_HANDLE);
    const VkSubresourceLayout rows = rows_of(picture.image);
    fill(picture, 1, 4);
    driver::ExternalMemory memory = nullptr;
    const int imported = import_memory(export_fd(picture.memory), picture.size, dedicated, memory);
    std::printf("  dedicated %d, pitch %llu: cuImportExternalMemory %s\n", dedicated ? 1 : 0,
                static_cast<unsigned long long>(rows.rowPitch), name_of(imported).c_str());
    if (imported == 0) {
      driver::DevicePointer pointer = 0;
      const driver::ExternalMemoryBuffer whole{0, picture.size};
      const int mapped = cu_.cuExternalMemoryGetMappedBuffer(&pointer, memory, &whole);
      std::vector<std::byte> bytes(picture.size);
      int wrong = -1;
      if (mapped == 0 && copy_out(pointer, bytes) == 0) {
        wrong = 0;
        for (std::size_t y = 0; y < 33; ++y) {
          for (std::size_t x = 0; x < 61 * 4; ++x) {
            if (bytes[rows.offset + y * rows.rowPitch + x] != value_of(0, 0)) ++wrong;
          }
        }
      }
      std::printf("    buffer %s: %s, %d bytes wrong\n", name_of(mapped).c_str(), wrong == 0 ? "RIGHT" : "WRONG",
                  wrong);
      EXPECT_EQ(wrong, 0) << "what Geyser would do with linear images, dedicated " << dedicated;
      if (mapped == 0) cu_.cuMemFree_v2(pointer);
      cu_.cuDestroyExternalMemory(memory);
    }
    driver::Allocation allocation = 0;
    const int fd = export_fd(picture.memory);
    const int shared = cu_.cuMemImportFromShareableHandle(
        &allocation, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)), driver::allocation_posix_fd);
    std::printf("    cuMemImportFromShareableHandle: %s\n", name_of(shared).c_str());
    if (shared == 0) cu_.cuMemRelease(allocation);
    OwnedHandle::adopt(HandleKind::opaque_fd, fd).reset();
    destroy(picture);
  }
  for (const VkFormat format : {VK_FORMAT_R8_UNORM, VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R32G32B32A32_SFLOAT}) {
    for (const std::uint32_t width : {4U, 12U, 36U, 61U, 132U, 1028U}) {
      Picture picture = make_picture(linear(format, width, 8), false);
      if (picture.image == VK_NULL_HANDLE) continue;
      std::printf("  format %d width %u: pitch %llu\n", format, width,
                  static_cast<unsigned long long>(rows_of(picture.image).rowPitch));
      destroy(picture);
    }
  }
}

// Which values are where in an NV12 image, and whether CUDA opens it by its own name or plane by plane.
TEST_F(CudaMemoryProbe, PlanesOfAVulkanImage) {
  VkImageCreateInfo info = linear(VK_FORMAT_G8_B8R8_2PLANE_420_UNORM, 64, 48);
  info.tiling = VK_IMAGE_TILING_OPTIMAL;
  Picture picture = make_picture(info, true);
  if (picture.image == VK_NULL_HANDLE) GTEST_SKIP() << "no NV12";
  Visible staging = make_visible(64 * 48 * 2);
  std::fill(staging.bytes, staging.bytes + 64 * 48, std::byte{1});
  std::fill(staging.bytes + 64 * 48, staging.bytes + 64 * 48 * 2, std::byte{2});
  VkBufferImageCopy copies[2]{};
  copies[0].imageSubresource = {VK_IMAGE_ASPECT_PLANE_0_BIT, 0, 0, 1};
  copies[0].imageExtent = {64, 48, 1};
  copies[1].bufferOffset = 64 * 48;
  copies[1].imageSubresource = {VK_IMAGE_ASPECT_PLANE_1_BIT, 0, 0, 1};
  copies[1].imageExtent = {32, 24, 1};
  submit([&](VkCommandBuffer commands) {
    barrier(commands, picture.image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL, VK_QUEUE_FAMILY_IGNORED,
            VK_QUEUE_FAMILY_IGNORED);
    vkCmdCopyBufferToImage(commands, staging.buffer, picture.image, VK_IMAGE_LAYOUT_GENERAL, 2, copies);
    barrier(commands, picture.image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, device_.queue_family,
            VK_QUEUE_FAMILY_EXTERNAL);
  });
  destroy(staging);
  driver::ExternalMemory memory = nullptr;
  const int imported = import_memory(export_fd(picture.memory), picture.size, true, memory);
  std::printf("  import: %s\n", name_of(imported).c_str());
  if (imported == 0) {
    driver::DevicePointer pointer = 0;
    const driver::ExternalMemoryBuffer whole{0, picture.size};
    if (cu_.cuExternalMemoryGetMappedBuffer(&pointer, memory, &whole) == 0) {
      std::vector<std::byte> bytes(picture.size);
      copy_out(pointer, bytes);
      for (const int value : {1, 2}) {
        std::size_t first = bytes.size();
        std::size_t last = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          if (bytes[i] != std::byte(value)) continue;
          first = std::min(first, i);
          last = i;
        }
        std::printf("  plane %d: bytes 0x%zx to 0x%zx of 0x%zx\n", value - 1, first, last, bytes.size());
      }
      cu_.cuMemFree_v2(pointer);
    }
    // CU_AD_FORMAT_NV12 and P010.
    for (const auto& [name, format] : {std::pair("nv12", 0xb0), std::pair("p010", 0x9f)}) {
      driver::ExternalMemoryArray mapping;
      mapping.array = {64, 48, 0, static_cast<driver::ArrayFormat>(format), 3, 0};
      mapping.levels = 1;
      driver::MipmappedArray array = nullptr;
      const int mapped = cu_.cuExternalMemoryGetMappedMipmappedArray(&array, memory, &mapping);
      std::printf("  as %s: %s\n", name, name_of(mapped).c_str());
      if (mapped != 0) continue;
      // Plane 1 is elsewhere to CUDA 13.0: a copy of it kills the context (CUDA_ERROR_LAUNCH_FAILED).
      print_plane(array, 0);
      cu_.cuMipmappedArrayDestroy(array);
    }
    cu_.cuDestroyExternalMemory(memory);
  }
  destroy(picture);
}

TEST_F(CudaMemoryProbe, DmaBufs) {
  int supported = 0;
  cu_.cuDeviceGetAttribute(&supported, driver::Attribute::dma_buf_supported, native_.device);
  std::printf("  CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED: %d\n", supported);
  if (cu_.cuMemGetHandleForAddressRange == nullptr) GTEST_SKIP() << "an older driver";
  const Own own = make_own(1U << 20U);
  int fd = -1;
  const int exported = cu_.cuMemGetHandleForAddressRange(&fd, own.pointer, own.size, driver::range_dma_buf, 0);
  std::printf("  cuMemGetHandleForAddressRange: %s\n", name_of(exported).c_str());
  if (exported == 0) {
    driver::ExternalMemoryHandle handle;
    handle.type = driver::memory_dma_buf;
    handle.fd = fd;
    handle.size = own.size;
    driver::ExternalMemory memory = nullptr;
    const int imported = cu_.cuImportExternalMemory(&memory, &handle);
    std::printf("  import of it as a dma-buf: %s\n", name_of(imported).c_str());
    if (imported == 0) {
      cu_.cuDestroyExternalMemory(memory);
    } else {
      OwnedHandle::adopt(HandleKind::dma_buf, fd).reset();
    }
  }
  EXPECT_TRUE(supported != 0 || exported != 0) << "exports although it says that it does not";
  destroy_own(own);
}

}  // namespace
}  // namespace geyser::test
