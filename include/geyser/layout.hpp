// Where the pixels are. MemoryLayout is what a driver chose, read back and never guessed; HostLayout is Geyser's own
// packing of a whole texture in mapped memory.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser {

enum class Tiling : std::uint8_t {
  opaque = 0,        // the driver's own arrangement, only the same driver and device know it
  linear = 1,        // rows of texels, one after another
  drm_modifier = 2,  // given by MemoryLayout::modifier
  host = 3,          // HostLayout: packed by host_subresource()
};
[[nodiscard]] GEYSER_API std::string_view to_string(Tiling tiling) noexcept;

inline constexpr std::uint64_t drm_modifier_linear = 0;
inline constexpr std::uint64_t drm_modifier_invalid = 0x00ffffffffffffffULL;  // implicit: driver-private knowledge

// One memory plane: a place in one of the parcel's handles.
struct MemoryPlane {
  std::uint32_t handle_index = 0;
  std::uint64_t offset = 0;  // bytes from the start of the handle's object
  std::uint64_t stride = 0;  // bytes between rows of mip 0; 0 when the tiling is opaque
  friend bool operator==(const MemoryPlane&, const MemoryPlane&) = default;
};

inline constexpr std::size_t max_memory_planes = 4;

// In MemoryLayout::vulkan_create_flags: views of other formats may be made (VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT).
inline constexpr std::uint32_t vulkan_mutable_format = 8;

// In MemoryLayout::memory_type: of no type of Vulkan's; who opens it picks one (CUDA).
inline constexpr std::uint32_t any_memory_type = ~std::uint32_t{0};

struct MemoryLayout {
  Tiling tiling = Tiling::opaque;
  std::uint64_t modifier = drm_modifier_invalid;
  std::uint64_t allocation_size = 0;  // bytes, of handle 0; further handles' sizes are asked of the kernel
  std::uint32_t memory_type = 0;      // Vulkan memory type index of the exporter, for opaque handles
  bool dedicated = false;             // bound to exactly one image; must match on import
  // Opaque handles need identical create info on both sides: Vulkan's flags as the exporter used them.
  std::uint32_t vulkan_usage = 0;
  std::uint32_t vulkan_create_flags = 0;
  // Of Direct3D 11: whoever uses the texture acquires its keyed mutex with key 0, and releases it so.
  bool keyed_mutex = false;
  std::uint32_t plane_count = 0;
  std::array<MemoryPlane, max_memory_planes> planes{};

  friend bool operator==(const MemoryLayout&, const MemoryLayout&) = default;
};

// One mip level of one layer of one format plane inside a host-packed texture.
struct HostSubresource {
  std::uint64_t offset = 0;        // bytes from the start of the memory; multiple of 256
  std::uint64_t row_stride = 0;    // bytes between rows of blocks; multiple of 256
  std::uint64_t slice_stride = 0;  // bytes between depth slices
  std::uint64_t row_bytes = 0;     // bytes of a row that hold pixels; the rest is padding
  std::uint32_t rows = 0;          // rows of blocks in one slice
  std::uint32_t slices = 0;
  Extent3D extent;  // texels
};

// Geyser's packing of a texture in plain memory: planes outermost, then layers, then mips, each subresource at a
// multiple of 256 bytes with rows at multiples of 256. d24_unorm_s8_uint and d32_float_s8_uint are stored as texels
// of 4 and 8 bytes: depth in the low word (24 or 32 bits), stencil in bits 24-31 of the word or in byte 4.
// The packing is part of the wire format (docs/wire.md). `descriptor` must have passed validate(), samples == 1.
[[nodiscard]] GEYSER_API HostSubresource host_subresource(const TextureDescriptor& descriptor, std::uint32_t plane,
                                                          std::uint32_t layer, std::uint32_t mip_level) noexcept;
// Bytes of the whole texture in that packing.
[[nodiscard]] GEYSER_API std::uint64_t host_size(const TextureDescriptor& descriptor) noexcept;
// The MemoryLayout of that packing (Tiling::host, one handle, a memory plane for each format plane).
[[nodiscard]] GEYSER_API MemoryLayout host_layout(const TextureDescriptor& descriptor) noexcept;

// Rows one after another in mapped memory that devices use in place (handle kind host_memory, Tiling::linear): the
// stride is the smallest multiple of `row_alignment` that holds a row, the memory a multiple of 4096 bytes. For
// textures of one mip level, one layer and one plane.
[[nodiscard]] GEYSER_API MemoryLayout host_linear_layout(const TextureDescriptor& descriptor,
                                                         std::uint32_t row_alignment) noexcept;
// As above, where `layout` (host, linear, or the modifier LINEAR) has it: `offset` is from the start of the memory that
// holds the plane.
[[nodiscard]] GEYSER_API HostSubresource host_subresource(const TextureDescriptor& descriptor,
                                                          const MemoryLayout& layout, std::uint32_t plane,
                                                          std::uint32_t layer, std::uint32_t mip_level) noexcept;

// Whether a layout can belong to a descriptor: plane counts, handle indices, strides against widths, ranges of the
// planes in handle 0 against allocation_size and against each other, everything without overflow. `handle_count` is how
// many came with it.
// Errors: incompatible_layout, naming the field and both values.
[[nodiscard]] GEYSER_API Result<void> validate(const MemoryLayout& layout, const TextureDescriptor& descriptor,
                                               std::uint32_t handle_count);
// As above, with the size of each handle's object: the planes of all handles are checked. For who has asked the kernel.
[[nodiscard]] GEYSER_API Result<void> validate(const MemoryLayout& layout, const TextureDescriptor& descriptor,
                                               std::span<const std::uint64_t> handle_sizes);

}  // namespace geyser
