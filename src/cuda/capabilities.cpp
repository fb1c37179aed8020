#include "cuda/capabilities.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "cuda/device_memory.hpp"
#include "cuda/external_handle.hpp"
#include "cuda/fence.hpp"
#include "cuda/format.hpp"
#include "cuda/host_pages.hpp"
#include "cuda/staging.hpp"

namespace geyser::cuda {

namespace {

constexpr TextureUsage transfers = TextureUsage::transfer_source | TextureUsage::transfer_destination;

// Whether arrays like this can be made, written and read back, with odd sizes and several levels.
bool works(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor, ArrayKind kind) {
  auto image = ArrayImage::create(context, descriptor, kind);
  if (!image) return false;
  std::vector<std::byte> written(host_size(descriptor));
  std::vector<std::byte> read(written.size());
  std::uint32_t state = 1;
  for (std::byte& byte : written) byte = static_cast<std::byte>((state = state * 1664525U + 1013904223U) >> 24U);
  if (!queue_packed_copy(*context, descriptor, *image, written.data(), Toward::device) ||
      !queue_packed_copy(*context, descriptor, *image, read.data(), Toward::host) ||
      !context->finish(default_wait_timeout)) {
    return false;
  }
  for (std::uint32_t layer = 0; layer < descriptor.array_layers; ++layer) {
    for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
      const HostSubresource sub = host_subresource(descriptor, 0, layer, mip);
      for (std::uint64_t row = 0; row < std::uint64_t{sub.rows} * sub.slices; ++row) {
        const std::uint64_t at = sub.offset + row * sub.row_stride;
        if (std::memcmp(written.data() + at, read.data() + at, sub.row_bytes) != 0) return false;
      }
    }
  }
  return true;
}

TextureDescriptor sample(TextureFormat format, TextureDimension dimension, ArrayKind kind) {
  TextureDescriptor descriptor;
  descriptor.format = format;
  descriptor.dimension = dimension;
  descriptor.extent = kind.whole_blocks ? Extent3D{40, 24, 1} : Extent3D{37, 23, 1};
  descriptor.mip_levels = dimension == TextureDimension::two_d ? 3 : 2;
  if (dimension == TextureDimension::two_d_array) descriptor.array_layers = 2;
  if (dimension == TextureDimension::cube || dimension == TextureDimension::cube_array) {
    descriptor.extent = {20, 20, 1};
    descriptor.array_layers = dimension == TextureDimension::cube ? 6 : 12;
  }
  if (dimension == TextureDimension::three_d) descriptor.extent.depth = 5;
  return descriptor;
}

// The best name and flags that work for 2D arrays.
ArrayKind find_kind(const std::shared_ptr<Context>& context, TextureFormat format) {
  const CudaFormat known = to_cuda(format);
  const auto works_as = [&](ArrayKind kind) {
    return works(context, sample(format, TextureDimension::two_d, kind), kind);
  };
  for (const driver::ArrayFormat name : known.names) {
    if (name == driver::ArrayFormat::none) continue;
    ArrayKind kind{name, known.channels, !format_info(format).is_compressed()};
    if (works_as(kind)) return kind;
    // NVIDIA calls BC6H a format of three channels, and says that there can be one, two or four.
    if (kind.channels == 3) kind.channels = 4;
    kind.surface = false;
    if (works_as(kind)) return kind;
    if (!format_info(format).is_compressed()) continue;
    kind.whole_blocks = true;
    for (const unsigned channels : {known.channels, kind.channels}) {
      kind.channels = channels;
      if (works_as(kind)) return kind;
    }
  }
  return {};
}

void set_extent(TextureCapability& row, std::uint32_t width, std::uint32_t height, std::uint32_t depth) {
  row.max_extent = {width, height, depth};
  row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(std::max({width, height, depth})));
}

// Of the dimensions that arrays of a kind have.
DimensionSet dimensions_of(const std::shared_ptr<Context>& context, TextureFormat format, ArrayKind kind) {
  DimensionSet set = dimension_bit(TextureDimension::two_d);
  for (const TextureDimension dimension : {TextureDimension::two_d_array, TextureDimension::cube,
                                           TextureDimension::cube_array, TextureDimension::three_d}) {
    if (works(context, sample(format, dimension, kind), kind)) set |= dimension_bit(dimension);
  }
  return set;
}

// Rows for 2D, for cubes and for 3D: their limits differ.
void add_array_rows(const Context& context, TextureCapability row, DimensionSet dimensions,
                    std::vector<TextureCapability>& rows) {
  using A = driver::Attribute;
  const auto limit = [&](A attribute) { return context.attribute(attribute); };
  const auto only = [&](std::initializer_list<TextureDimension> wanted) {
    DimensionSet set = 0;
    for (const TextureDimension dimension : wanted) set |= dimension_bit(dimension);
    return static_cast<DimensionSet>(set & dimensions);
  };
  row.dimensions = only({TextureDimension::two_d, TextureDimension::two_d_array});
  set_extent(row, std::min(limit(A::texture_2d_mipmapped_width), limit(A::texture_2d_layered_width)),
             std::min(limit(A::texture_2d_mipmapped_height), limit(A::texture_2d_layered_height)), 1);
  row.max_array_layers = std::max(limit(A::texture_2d_layered_layers), 1U);
  rows.push_back(row);
  row.dimensions = only({TextureDimension::cube, TextureDimension::cube_array});
  const std::uint32_t edge = std::min(limit(A::texture_cubemap_width), limit(A::texture_cubemap_layered_width));
  set_extent(row, edge, edge, 1);
  row.max_array_layers = std::max(limit(A::texture_cubemap_layered_layers), 6U);
  if (row.dimensions != 0) rows.push_back(row);
  row.dimensions = only({TextureDimension::three_d});
  set_extent(row, limit(A::texture_3d_width), limit(A::texture_3d_height), limit(A::texture_3d_depth));
  row.max_array_layers = 1;
  if (row.dimensions != 0) rows.push_back(row);
}

// Rows of pixels are memory to CUDA, whatever they mean.
TextureCapability linear_row(TextureFormat format, HandleKind kind, bool exportable) {
  TextureCapability row;
  row.format = format;
  row.handle_kind = kind;
  row.tiling = Tiling::linear;
  row.row_alignment = 1;
  row.exportable = exportable;
  row.importable = true;
  row.usages = TextureUsage::sampled | TextureUsage::storage | TextureUsage::color_attachment | transfers;
  row.dimensions = dimension_bit(TextureDimension::two_d);
  row.max_extent = {max_texture_extent, max_texture_extent, 1};
  return row;
}

}  // namespace

Capabilities probe_capabilities(const std::shared_ptr<Context>& context) {
  Capabilities capabilities;
  capabilities.api = Api::cuda;
  capabilities.identity = context->identity();
  capabilities.fences = fence_capabilities(*context);
  const bool in_place = takes_host_pages(context);
  const bool makes_memory = makes_device_memory(*context);
  std::map<std::pair<driver::ArrayFormat, unsigned>, DimensionSet> dimensions;
  for (const FormatInfo& info : all_formats()) {
    if (info.is_multi_planar() || info.has_depth || info.has_stencil) continue;
    const ArrayKind kind = find_kind(context, info.format);
    if (kind.format != driver::ArrayFormat::none) {
      context->set_array_kind(info.format, kind);
      TextureCapability row;
      row.format = info.format;
      // Nothing renders in CUDA; what it opens may have been made for that.
      row.usages = TextureUsage::sampled | transfers;
      if (!info.is_compressed()) row.usages = row.usages | TextureUsage::color_attachment;
      if (kind.surface) row.usages = row.usages | TextureUsage::storage;
      row.importable = true;
      row.requires_whole_blocks = kind.whole_blocks;
      std::vector<TextureCapability> rows;
      // Several formats are one kind of array: rgba8_uint, rgba8_srgb and bgra8_srgb.
      const auto [known, is_new] = dimensions.try_emplace({kind.format, kind.channels});
      if (is_new) known->second = dimensions_of(context, info.format, kind);
      add_array_rows(*context, row, known->second, rows);
      for (TextureCapability one : rows) {
        // Driver 580 opens Vulkan's images of several layers, but for some sizes with several levels at another stride
        // between layers than Vulkan's (docs/results/cuda-probes.md). For which is not known, so for none.
        one.dimensions = static_cast<DimensionSet>(
            one.dimensions & (dimension_bit(TextureDimension::two_d) | dimension_bit(TextureDimension::three_d)));
        one.max_array_layers = 1;
        if (one.dimensions == 0) continue;
        for (const HandleKind handle_kind : external_memory_kinds()) {
          const bool direct3d = handle_kind == HandleKind::d3d_nt || handle_kind == HandleKind::d3d_kmt;
          if (direct3d ? !context->identity().has_luid : !context->identity().has_uuids) continue;
          one.handle_kind = handle_kind;
          capabilities.textures.push_back(one);
        }
      }
      for (TextureCapability& one : rows) {
        one.handle_kind = HandleKind::host_memory;
        one.tiling = Tiling::host;
        one.exportable = true;
        capabilities.textures.push_back(one);
      }
    }
    if (context->identity().has_uuids && external_memory_kinds().front() == HandleKind::opaque_fd) {
      capabilities.textures.push_back(linear_row(info.format, HandleKind::opaque_fd, makes_memory));
    }
    if (in_place) capabilities.textures.push_back(linear_row(info.format, HandleKind::host_memory, true));
  }
  return capabilities;
}

}  // namespace geyser::cuda
