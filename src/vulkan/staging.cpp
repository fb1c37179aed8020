#include "vulkan/staging.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "vulkan/error.hpp"
#include "vulkan/format.hpp"
#include "vulkan/host_pointer.hpp"

namespace geyser::vulkan {

namespace {

VkImageAspectFlags plane_aspect(const FormatInfo& info, std::uint32_t plane) {
  if (info.plane_count > 1) return static_cast<VkImageAspectFlags>(VK_IMAGE_ASPECT_PLANE_0_BIT) << plane;
  return aspects_of(info.format);
}

constexpr std::uint64_t align(std::uint64_t value) { return (value + 255) & ~std::uint64_t{255}; }

}  // namespace

// Colour, compressed and single-aspect formats keep the host packing in the buffer and copy as blocks. A combined
// depth-stencil texel has to be taken apart: Vulkan copies each aspect on its own.
void Staging::plan(const TextureDescriptor& descriptor) {
  const FormatInfo& info = format_info(descriptor.format);
  const bool combined = info.has_depth && info.has_stencil;
  for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
    for (std::uint32_t layer = 0; layer < descriptor.array_layers; ++layer) {
      for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
        const HostSubresource sub = host_subresource(descriptor, plane, layer, mip);
        const std::uint32_t texel_bytes = info.planes[plane].block_bytes;
        Piece piece;
        piece.host_offset = sub.offset;
        piece.region.imageSubresource = {plane_aspect(info, plane), mip, layer, 1};
        piece.region.imageExtent = {sub.extent.width, sub.extent.height, sub.extent.depth};
        const auto row_texels = static_cast<std::uint32_t>(sub.row_stride / texel_bytes);
        if (!combined) {
          piece.buffer_offset = sub.offset;
          piece.region.bufferOffset = sub.offset;
          piece.region.bufferRowLength = row_texels * info.block_width;
          piece.region.bufferImageHeight = sub.rows * info.block_height;
          piece.bytes = sub.slice_stride * sub.slices;
          buffer_size_ = std::max(buffer_size_, sub.offset + piece.bytes);
          pieces_.push_back(piece);
          continue;
        }
        piece.texels = std::uint64_t{row_texels} * sub.rows * sub.slices;
        piece.host_texel_bytes = texel_bytes;
        for (const VkImageAspectFlags aspect : {VK_IMAGE_ASPECT_DEPTH_BIT, VK_IMAGE_ASPECT_STENCIL_BIT}) {
          const bool depth = aspect == VK_IMAGE_ASPECT_DEPTH_BIT;
          piece.region.imageSubresource.aspectMask = aspect;
          piece.buffer_offset = piece.region.bufferOffset = buffer_size_;
          piece.region.bufferRowLength = row_texels;
          piece.region.bufferImageHeight = sub.rows;
          // D24 is copied as 32-bit words whose top byte Vulkan leaves undefined: only three bytes are ours.
          piece.buffer_texel_bytes = depth ? 4 : 1;
          piece.aspect_bytes = depth ? (texel_bytes == 4 ? 3 : 4) : 1;
          piece.aspect_offset = depth ? 0 : (texel_bytes == 4 ? 3 : 4);
          buffer_size_ = align(buffer_size_ + piece.texels * piece.buffer_texel_bytes);
          pieces_.push_back(piece);
        }
      }
    }
  }
}

Result<void> Staging::create_buffer(std::uint64_t size, const void* next) {
  const VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                next,
                                0,
                                size,
                                VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                VK_SHARING_MODE_EXCLUSIVE,
                                0,
                                nullptr};
  if (const VkResult result = device_->functions().vkCreateBuffer(device_->handle(), &info, nullptr, &buffer_);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkCreateBuffer"));
  }
  return {};
}

// Memory beside the image's needs no copy of the CPU's: the device reads and writes what the peer does.
Result<void> Staging::place(std::uint64_t size) {
  const DeviceFunctions& functions = device_->functions();
  const VkExternalMemoryBufferCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, nullptr,
                                                  VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT};
  // Mappings are of whole pages.
  const std::uint64_t unit = device_->host_pointer_alignment();
  const std::uint64_t pages = (size + unit - 1) / unit * unit;
  if (auto made = create_buffer(size, &external); !made) return made;
  VkMemoryRequirements requirements{};
  functions.vkGetBufferMemoryRequirements(device_->handle(), buffer_, &requirements);
  if (requirements.size > pages) {
    return fail(ErrorCode::unsupported, "The driver wants more memory for a buffer than the shared memory has.");
  }
  auto imported = import_host_pointer(*device_, shared_->bytes().data(), pages, requirements.memoryTypeBits, nullptr);
  if (!imported) return fail(std::move(imported.error()));
  buffer_memory_ = *imported;
  if (const VkResult result = functions.vkBindBufferMemory(device_->handle(), buffer_, buffer_memory_, 0);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkBindBufferMemory"));
  }
  return {};
}

Result<void> Staging::allocate(std::uint64_t size) {
  const DeviceFunctions& functions = device_->functions();
  if (auto made = create_buffer(size, nullptr); !made) return made;
  VkMemoryRequirements requirements{};
  functions.vkGetBufferMemoryRequirements(device_->handle(), buffer_, &requirements);
  constexpr VkMemoryPropertyFlags wanted = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  const int cached =
      device_->pick_memory_type(requirements.memoryTypeBits, wanted | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
  const auto& types = device_->memory_properties().memoryTypes;
  const int type = cached >= 0 && (types[cached].propertyFlags & wanted) == wanted
                       ? cached
                       : device_->pick_memory_type(requirements.memoryTypeBits, wanted);
  if (type < 0) return fail(ErrorCode::unsupported, "The driver offers no host-visible memory for a staging buffer.");
  const VkMemoryAllocateInfo allocate_info{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, nullptr, requirements.size,
                                           static_cast<std::uint32_t>(type)};
  if (const VkResult result = functions.vkAllocateMemory(device_->handle(), &allocate_info, nullptr, &buffer_memory_);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkAllocateMemory"));
  }
  if (const VkResult result = functions.vkBindBufferMemory(device_->handle(), buffer_, buffer_memory_, 0);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkBindBufferMemory"));
  }
  void* address = nullptr;
  if (const VkResult result = functions.vkMapMemory(device_->handle(), buffer_memory_, 0, VK_WHOLE_SIZE, 0, &address);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkMapMemory"));
  }
  mapped_ = static_cast<std::byte*>(address);
  return {};
}

Result<Staging> Staging::create(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                                VkImage image, OwnedHandle memory) {
  Staging staging(device);
  auto mapped = platform::map_shared_memory(memory.get(), host_size(descriptor));
  if (!mapped) return fail(std::move(mapped.error()));
  staging.shared_ = std::make_shared<platform::MappedMemory>(*std::move(mapped));
  staging.handle_ = std::move(memory);
  staging.plan(descriptor);
  const FormatInfo& format = format_info(descriptor.format);
  const bool as_they_are = !(format.has_depth && format.has_stencil);
  if (!as_they_are || !has_host_buffers(*device) || !staging.place(staging.buffer_size_)) {
    staging.release();
    if (auto done = staging.allocate(staging.buffer_size_); !done) {
      return fail(std::move(done.error()).during("making the staging buffer"));
    }
  }
  std::vector<VkBufferImageCopy> regions;
  regions.reserve(staging.pieces_.size());
  for (const Piece& piece : staging.pieces_) regions.push_back(piece.region);
  const auto count = static_cast<std::uint32_t>(regions.size());
  const DeviceFunctions& functions = device->functions();
  const auto host_barrier = [&](VkCommandBuffer buffer, VkAccessFlags source, VkAccessFlags destination,
                                VkPipelineStageFlags from, VkPipelineStageFlags to) {
    const VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, source, destination};
    functions.vkCmdPipelineBarrier(buffer, from, to, 0, 1, &barrier, 0, nullptr, 0, nullptr);
  };
  auto to_image = Commands::record(device, [&](VkCommandBuffer buffer) {
    // Earlier uses of the image and of the buffer come first.
    host_barrier(buffer, VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT | VK_ACCESS_HOST_WRITE_BIT,
                 VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                 VK_PIPELINE_STAGE_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_HOST_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT);
    functions.vkCmdCopyBufferToImage(buffer, staging.buffer_, image, VK_IMAGE_LAYOUT_GENERAL, count, regions.data());
    host_barrier(buffer, VK_ACCESS_TRANSFER_WRITE_BIT, VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
                 VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
  });
  if (!to_image) return fail(std::move(to_image.error()));
  staging.to_image_ = *std::move(to_image);
  auto from_image = Commands::record(device, [&](VkCommandBuffer buffer) {
    host_barrier(buffer, VK_ACCESS_MEMORY_WRITE_BIT, VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                 VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT);
    functions.vkCmdCopyImageToBuffer(buffer, image, VK_IMAGE_LAYOUT_GENERAL, staging.buffer_, count, regions.data());
    host_barrier(buffer, VK_ACCESS_TRANSFER_WRITE_BIT, VK_ACCESS_HOST_READ_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT,
                 VK_PIPELINE_STAGE_HOST_BIT);
  });
  if (!from_image) return fail(std::move(from_image.error()));
  staging.from_image_ = *std::move(from_image);
  return staging;
}

Staging::Staging(Staging&& other) noexcept
    : device_(std::move(other.device_)),
      handle_(std::move(other.handle_)),
      shared_(std::move(other.shared_)),
      pieces_(std::move(other.pieces_)),
      buffer_size_(other.buffer_size_),
      buffer_(std::exchange(other.buffer_, VK_NULL_HANDLE)),
      buffer_memory_(std::exchange(other.buffer_memory_, VK_NULL_HANDLE)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      to_image_(std::move(other.to_image_)),
      from_image_(std::move(other.from_image_)) {}

Staging::~Staging() { release(); }

void Staging::release() noexcept {
  const VkBuffer old_buffer = std::exchange(buffer_, VK_NULL_HANDLE);
  const VkDeviceMemory old_memory = std::exchange(buffer_memory_, VK_NULL_HANDLE);
  if (old_buffer == VK_NULL_HANDLE && old_memory == VK_NULL_HANDLE) return;
  device_->destroy_later([device = device_.get(), old_buffer, old_memory, pages = shared_] {
    device->functions().vkDestroyBuffer(device->handle(), old_buffer, nullptr);
    device->functions().vkFreeMemory(device->handle(), old_memory, nullptr);  // only then `pages` may be unmapped
  });
}

std::uint64_t Staging::copy(bool upload) noexcept {
  std::uint64_t total = 0;
  std::byte* shared = shared_->bytes().data();
  for (const Piece& piece : pieces_) {
    if (mapped_ == nullptr) {
      total += piece.bytes;
      continue;
    }
    if (piece.bytes != 0) {
      std::byte* host = shared + piece.host_offset;
      std::byte* buffer = mapped_ + piece.buffer_offset;
      std::memcpy(upload ? buffer : host, upload ? host : buffer, piece.bytes);
      total += piece.bytes;
      continue;
    }
    for (std::uint64_t texel = 0; texel < piece.texels; ++texel) {
      std::byte* host = shared + piece.host_offset + texel * piece.host_texel_bytes + piece.aspect_offset;
      std::byte* buffer = mapped_ + piece.buffer_offset + texel * piece.buffer_texel_bytes;
      std::memcpy(upload ? buffer : host, upload ? host : buffer, piece.aspect_bytes);
    }
    total += piece.texels * piece.aspect_bytes;
  }
  return total;
}

std::uint64_t Staging::upload() noexcept { return copy(true); }
std::uint64_t Staging::download() noexcept { return copy(false); }

}  // namespace geyser::vulkan
