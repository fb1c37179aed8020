// What one device can share through one API: plain data, printable, comparable, sent in a handshake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <geyser/descriptor.hpp>
#include <geyser/export.hpp>
#include <geyser/fence.hpp>
#include <geyser/handle.hpp>
#include <geyser/identity.hpp>
#include <geyser/layout.hpp>

namespace geyser {

// Values are stable: they travel on the wire.
enum class Api : std::uint8_t { host = 0, vulkan, opengl, opengl_es, webgpu, cuda, metal, d3d11, d3d12, gbm };
[[nodiscard]] GEYSER_API std::string_view to_string(Api api) noexcept;

// A set of TextureDimension: bit n stands for the enumerator n.
using DimensionSet = std::uint8_t;
[[nodiscard]] constexpr DimensionSet dimension_bit(TextureDimension d) noexcept {
  return static_cast<DimensionSet>(1U << static_cast<unsigned>(d));
}

inline constexpr std::uint32_t max_row_alignment = 4096;

// One way to share one format. Several rows per format are normal (one per handle kind, tiling and modifier).
struct TextureCapability {
  TextureFormat format = TextureFormat::unknown;
  HandleKind handle_kind = HandleKind::none;
  Tiling tiling = Tiling::opaque;
  std::uint64_t modifier = drm_modifier_invalid;  // with Tiling::drm_modifier
  std::uint32_t memory_plane_count = 1;
  bool exportable = false;
  bool importable = false;
  bool requires_dedicated = false;
  TextureUsage usages = TextureUsage::none;  // every usage that works with this row
  DimensionSet dimensions = 0;
  Extent3D max_extent;
  std::uint32_t max_mip_levels = 1;
  std::uint32_t max_array_layers = 1;
  std::uint32_t sample_counts = 1;  // a set: bit value 4 means that 4 samples work
  // With host_memory or opaque handles and Tiling::linear: rows are at the smallest multiple of so many bytes that
  // holds one; 1: the device takes any. See host_linear_layout().
  std::uint32_t row_alignment = 0;
  // With dma_buf and a multi-planar format: each plane may also be in a buffer of its own.
  bool disjoint = false;
  // With opaque handles: opens only images that were made to be viewed in other formats, too (WebGPU).
  bool requires_mutable_format = false;
  // Of compressed formats: a texture that ends within a block is refused (WebGPU).
  bool requires_whole_blocks = false;

  friend bool operator==(const TextureCapability&, const TextureCapability&) = default;
};

struct FenceCapability {
  FenceKind kind = FenceKind::none;
  bool exportable = false;
  bool importable = false;
  bool gpu_wait = false;  // false: this device waits for it, and signals it, on the CPU
  // This end's CPU can also read, wait for and signal it. OpenGL's can not, but with an allocator that can.
  bool cpu_access = true;
  friend bool operator==(const FenceCapability&, const FenceCapability&) = default;
};

// Another device whose opaque handles this end opens, too. What is there is copied by this end's device, in each
// access.
struct PeerDevice {
  DeviceIdentity identity;
  bool direct = false;          // the devices reach each other's memory; else copies go through the host's
  std::uint64_t bandwidth = 0;  // of such a copy in bytes a second, measured once; 0: not measured
  friend bool operator==(const PeerDevice&, const PeerDevice&) = default;
};
inline constexpr std::size_t max_peer_devices = 64;

struct Capabilities {
  Api api = Api::host;
  DeviceIdentity identity;
  std::vector<TextureCapability> textures;
  std::vector<FenceCapability> fences;
  std::vector<PeerDevice> peers;

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

// The peer that `identity` is, null when it is none: another device, on which opaque handles of `identity` open.
[[nodiscard]] GEYSER_API const PeerDevice* find_peer(const Capabilities& capabilities,
                                                     const DeviceIdentity& identity) noexcept;

// Every row of a format (empty when the device cannot share it at all).
[[nodiscard]] GEYSER_API std::vector<TextureCapability> rows_of(const Capabilities& capabilities, TextureFormat format);

}  // namespace geyser
