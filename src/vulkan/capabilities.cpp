#include "vulkan/capabilities.hpp"

#include <array>
#include <optional>

#include "vulkan/dma_buf.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/fence.hpp"
#include "vulkan/format.hpp"
#include "vulkan/host_pointer.hpp"
#include "vulkan/image.hpp"
#include "vulkan/metal_objects.hpp"

namespace geyser::vulkan {

namespace {

TextureUsage usages_of(VkFormatFeatureFlags features) {
  TextureUsage usage = TextureUsage::none;
  const auto add = [&](VkFormatFeatureFlags flag, TextureUsage bit) {
    if ((features & flag) != 0) usage = usage | bit;
  };
  add(VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT, TextureUsage::sampled);
  add(VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT, TextureUsage::storage);
  add(VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT, TextureUsage::color_attachment);
  add(VK_FORMAT_FEATURE_DEPTH_STENCIL_ATTACHMENT_BIT, TextureUsage::depth_stencil_attachment);
  add(VK_FORMAT_FEATURE_TRANSFER_SRC_BIT, TextureUsage::transfer_source);
  add(VK_FORMAT_FEATURE_TRANSFER_DST_BIT, TextureUsage::transfer_destination);
  return usage;
}

struct Query {
  VkFormat format = VK_FORMAT_UNDEFINED;
  TextureDimension dimension = TextureDimension::two_d;
  VkImageUsageFlags usage = 0;
  VkExternalMemoryHandleTypeFlagBits handle_type{};  // 0: an image of our own, not shared
  std::optional<std::uint64_t> modifier = std::nullopt;
  VkImageTiling tiling = VK_IMAGE_TILING_OPTIMAL;
  VkImageCreateFlags flags = 0;  // beside the dimension's
};

struct Answer {
  VkImageFormatProperties limits{};
  VkExternalMemoryFeatureFlags external = 0;
};

std::optional<Answer> ask(const Device& device, const Query& query) {
  const VkPhysicalDeviceImageDrmFormatModifierInfoEXT modifier{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT,
      nullptr,
      query.modifier.value_or(0),
      VK_SHARING_MODE_EXCLUSIVE,
      0,
      nullptr};
  const VkPhysicalDeviceExternalImageFormatInfo external{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
                                                         query.modifier ? &modifier : nullptr, query.handle_type};
  const VkPhysicalDeviceImageFormatInfo2 info{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                              query.handle_type != 0 ? &external : nullptr,
                                              query.format,
                                              image_type_of(query.dimension),
                                              query.modifier ? VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT : query.tiling,
                                              query.usage,
                                              create_flags_of(query.dimension) | query.flags};
  VkExternalImageFormatProperties external_properties{VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES, nullptr, {}};
  VkImageFormatProperties2 properties{
      VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, query.handle_type != 0 ? &external_properties : nullptr, {}};
  if (device.instance_functions().vkGetPhysicalDeviceImageFormatProperties2(device.native().physical_device, &info,
                                                                            &properties) != VK_SUCCESS) {
    return std::nullopt;
  }
  return Answer{properties.imageFormatProperties, external_properties.externalMemoryProperties.externalMemoryFeatures};
}

DimensionSet dimensions_with_layers(const VkImageFormatProperties& limits) {
  DimensionSet set = dimension_bit(TextureDimension::two_d);
  if (limits.maxArrayLayers > 1) set |= dimension_bit(TextureDimension::two_d_array);
  return set;
}

// What fills a row from a driver's answer to a question about shared memory.
void apply(const Answer& answer, TextureCapability& row) {
  row.exportable = (answer.external & VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT) != 0;
  row.importable = (answer.external & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) != 0;
  row.requires_dedicated = (answer.external & VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT) != 0;
}

// One row for 2D textures and cubes, one for 3D: their limits differ.
void add_rows(const Device& device, TextureCapability row, VkFormat format,
              VkExternalMemoryHandleTypeFlagBits handle_type, std::vector<TextureCapability>& rows) {
  const auto fill = [&](const Answer& answer) {
    const VkImageFormatProperties& limits = answer.limits;
    row.max_extent = {limits.maxExtent.width, limits.maxExtent.height, limits.maxExtent.depth};
    row.max_mip_levels = limits.maxMipLevels;
    row.max_array_layers = limits.maxArrayLayers;
    row.sample_counts = limits.sampleCounts;
    if (handle_type != 0) {
      apply(answer, row);
    } else {
      row.exportable = row.importable = true;
      row.sample_counts = 1;  // the host packing has no samples
    }
  };
  const VkImageUsageFlags usage = to_vulkan(row.usages);
  if (const auto flat = ask(device, {format, TextureDimension::two_d, usage, handle_type})) {
    fill(*flat);
    row.dimensions = dimensions_with_layers(flat->limits);
    if (const auto cube = ask(device, {format, TextureDimension::cube, usage, handle_type});
        cube && cube->limits.maxArrayLayers >= 6) {
      row.dimensions = static_cast<DimensionSet>(row.dimensions | dimension_bit(TextureDimension::cube) |
                                                 dimension_bit(TextureDimension::cube_array));
    }
    if (row.exportable || row.importable) rows.push_back(row);
  }
  if (const auto volume = ask(device, {format, TextureDimension::three_d, usage, handle_type})) {
    fill(*volume);
    row.dimensions = dimension_bit(TextureDimension::three_d);
    if (row.exportable || row.importable) rows.push_back(row);
  }
}

// Whether an image of a modifier can have a buffer for each plane, and do no less with them.
bool is_disjoint(const Device& device, const VkDrmFormatModifierPropertiesEXT& modifier, Query query,
                 const Answer& joint) {
  if ((modifier.drmFormatModifierTilingFeatures & VK_FORMAT_FEATURE_DISJOINT_BIT) == 0 ||
      modifier.drmFormatModifierPlaneCount < 2) {
    return false;
  }
  query.handle_type = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
  query.modifier = modifier.drmFormatModifier;
  query.flags = VK_IMAGE_CREATE_DISJOINT_BIT;
  const auto answer = ask(device, query);
  return answer && (answer->external & joint.external) == joint.external &&
         (answer->external & VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT) == 0;  // which disjoint images cannot be
}

// A row for each modifier. Plane layouts say where one mip of one layer is: dma-bufs carry no more than that.
void add_modifier_rows(const Device& device, TextureFormat format, std::vector<TextureCapability>& rows) {
  const VkFormat native = to_vulkan(format);
  for (const VkDrmFormatModifierPropertiesEXT& modifier : modifiers_of(device, native)) {
    if (modifier.drmFormatModifierPlaneCount > max_memory_planes) continue;
    if (modifier.drmFormatModifierPlaneCount > 1 && device.extensions().plane_aspects == PlaneAspects::none) continue;
    TextureCapability row;
    row.format = format;
    row.handle_kind = HandleKind::dma_buf;
    row.tiling = Tiling::drm_modifier;
    row.modifier = modifier.drmFormatModifier;
    row.memory_plane_count = modifier.drmFormatModifierPlaneCount;
    row.dimensions = dimension_bit(TextureDimension::two_d);
    const TextureUsage all = usages_of(modifier.drmFormatModifierTilingFeatures);
    constexpr TextureUsage plain =
        TextureUsage::sampled | TextureUsage::transfer_source | TextureUsage::transfer_destination;
    // Compressed modifiers often exclude storage, and display ones attachments.
    for (const TextureUsage usages : {all, all & (plain | TextureUsage::color_attachment), all & plain}) {
      if (usages == TextureUsage::none) break;
      const auto answer = ask(device, {native, TextureDimension::two_d, to_vulkan(usages),
                                       VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT, modifier.drmFormatModifier});
      if (!answer) continue;
      row.usages = usages;
      row.max_extent = {answer->limits.maxExtent.width, answer->limits.maxExtent.height, 1};
      apply(*answer, row);
      row.disjoint = is_disjoint(device, modifier, {native, TextureDimension::two_d, to_vulkan(usages)}, *answer);
      if (row.exportable || row.importable) rows.push_back(row);
      break;
    }
  }
}

// A row for images in shared memory of the host's: one mip, one layer, one plane.
void add_in_place_row(const Device& device, const FormatInfo& info, VkFormatFeatureFlags features,
                      std::vector<TextureCapability>& rows) {
  if (!device.extensions().host_pointer || info.is_multi_planar() || info.has_depth || info.has_stencil) return;
  TextureCapability row;
  row.format = info.format;
  row.handle_kind = HandleKind::host_memory;
  row.tiling = Tiling::linear;
  row.usages = usages_of(features);
  row.dimensions = dimension_bit(TextureDimension::two_d);
  const VkFormat format = to_vulkan(info.format);
  const auto answer =
      ask(device, {format, TextureDimension::two_d, to_vulkan(row.usages),
                   VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT, std::nullopt, VK_IMAGE_TILING_LINEAR});
  if (!answer || (answer->external & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) == 0) return;
  row.row_alignment = linear_row_alignment(device, format, to_vulkan(row.usages),
                                           VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT);
  if (row.row_alignment == 0) return;
  row.exportable = row.importable = true;
  row.max_extent = {answer->limits.maxExtent.width, answer->limits.maxExtent.height, 1};
  rows.push_back(row);
}

// A row for linear images in the device's own memory: what an API without tiled images, or one that computes on rows,
// shares.
void add_linear_row(const Device& device, const FormatInfo& info, VkFormatFeatureFlags features,
                    std::vector<TextureCapability>& rows) {
  const bool by_descriptor = device.extensions().external_memory && is_opaque_memory(HandleKind::opaque_fd);
  if (!by_descriptor || info.is_multi_planar() || info.has_depth || info.has_stencil) return;
  TextureCapability row;
  row.format = info.format;
  row.handle_kind = HandleKind::opaque_fd;
  row.tiling = Tiling::linear;
  row.usages = usages_of(features);
  row.dimensions = dimension_bit(TextureDimension::two_d);
  if (row.usages == TextureUsage::none) return;
  const VkFormat format = to_vulkan(info.format);
  const auto answer = ask(device, {format, TextureDimension::two_d, to_vulkan(row.usages),
                                   VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT, std::nullopt, VK_IMAGE_TILING_LINEAR});
  if (!answer) return;
  row.row_alignment =
      linear_row_alignment(device, format, to_vulkan(row.usages), VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT);
  if (row.row_alignment == 0) return;
  apply(*answer, row);
  row.max_extent = {answer->limits.maxExtent.width, answer->limits.maxExtent.height, 1};
  if (row.exportable || row.importable) rows.push_back(row);
}

// Rows of Direct3D's memory, which a driver opens and does not make. Textures of Direct3D 11 and resources of 12 are
// one kind, since both open both; what a driver has only one of, it refuses when the other comes (external_features()).
void add_direct3d_rows(const Device& device, TextureCapability row, VkFormat format,
                       std::vector<TextureCapability>& rows) {
  for (const HandleKind kind : direct3d_memory_kinds()) {
    row.handle_kind = kind;
    row.tiling = Tiling::opaque;
    std::vector<TextureCapability> found;
    if (kind == HandleKind::d3d_nt) {
      add_rows(device, row, format, VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D12_RESOURCE_BIT, found);
      if (found.empty()) add_rows(device, row, format, VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D11_TEXTURE_BIT, found);
    } else {
      add_rows(device, row, format, VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D11_TEXTURE_KMT_BIT, found);
    }
    for (TextureCapability& one : found) {
      if (!one.importable) continue;
      one.exportable = false;
      one.sample_counts = 1;  // the parcel's descriptor has no others of Direct3D's
      rows.push_back(one);
    }
  }
}

// A row for images on surfaces: one mip, one layer. The driver has no word for them but the image's own.
void add_surface_row(const Device& device, const FormatInfo& info, TextureUsage usages,
                     std::vector<TextureCapability>& rows) {
  if (!device.extensions().surfaces || !has_surfaces(info)) return;
  const auto answer = ask(device, {to_vulkan(info.format), TextureDimension::two_d, to_vulkan(usages)});
  if (!answer) return;
  TextureCapability row;
  row.format = info.format;
  row.handle_kind = HandleKind::io_surface;
  row.tiling = Tiling::linear;
  row.memory_plane_count = info.plane_count;
  row.usages = usages;
  row.dimensions = dimension_bit(TextureDimension::two_d);
  row.exportable = row.importable = true;
  row.max_extent = {answer->limits.maxExtent.width, answer->limits.maxExtent.height, 1};
  rows.push_back(row);
}

// Rows for images over MTLTextures, which any mip and layer may be in. MoltenVK makes cubes of arrays, and takes an
// MTLTextureTypeCube for one layer: none. "Metal Feature Set Tables": compressed volumes are Apple's GPUs' only, and
// depth has none.
void add_metal_texture_rows(const Device& device, const FormatInfo& info, TextureUsage usages,
                            std::vector<TextureCapability>& rows) {
  if (!has_metal_textures(device, info)) return;
  TextureCapability row;
  row.format = info.format;
  row.handle_kind = HandleKind::metal_shared_texture;
  row.tiling = Tiling::opaque;
  row.usages = usages;
  std::vector<TextureCapability> found;
  add_rows(device, row, to_vulkan(info.format), VkExternalMemoryHandleTypeFlagBits{}, found);
  constexpr DimensionSet known = dimension_bit(TextureDimension::two_d) | dimension_bit(TextureDimension::two_d_array) |
                                 dimension_bit(TextureDimension::three_d);
  for (TextureCapability& one : found) {
    one.dimensions &= known;
    const bool volume = one.dimensions == dimension_bit(TextureDimension::three_d);
    if (!volume || (!info.is_compressed() && !info.has_depth)) rows.push_back(one);
  }
}

}  // namespace

VkExternalMemoryFeatureFlags external_features(const Device& device, const TextureDescriptor& descriptor,
                                               const ImageRecipe& recipe) {
  const auto answer = ask(device, {to_vulkan(descriptor.format), descriptor.dimension, recipe.usage, recipe.direct3d});
  return answer ? answer->external : 0;
}

Capabilities probe_capabilities(Device& device) {
  Capabilities capabilities;
  capabilities.api = Api::vulkan;
  capabilities.identity = device.identity();
  capabilities.fences = fence_capabilities(device);
  for (const FormatInfo& info : all_formats()) {
    const VkFormat format = to_vulkan(info.format);
    if (format == VK_FORMAT_UNDEFINED) continue;
    VkFormatProperties2 properties{VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, nullptr, {}};
    device.instance_functions().vkGetPhysicalDeviceFormatProperties2(device.native().physical_device, format,
                                                                     &properties);
    TextureCapability row;
    row.format = info.format;
    row.usages = usages_of(properties.formatProperties.optimalTilingFeatures);
    if (row.usages == TextureUsage::none) continue;
    for (const HandleKind kind : opaque_memory_kinds()) {
      if (!device.extensions().external_memory) break;
      row.handle_kind = kind;
      row.tiling = Tiling::opaque;
      add_rows(device, row, format, to_vulkan(kind), capabilities.textures);
    }
    if (device.extensions().external_memory && !info.has_depth && !info.has_stencil) {
      add_direct3d_rows(device, row, format, capabilities.textures);
    }
    // No fourcc code stands for a depth format, and the layout of one cannot be asked for by the letter: its aspect
    // would have to be the memory plane's and depth's (VUID-vkGetImageSubresourceLayout-format-04462).
    if (!info.has_depth && !info.has_stencil) add_modifier_rows(device, info.format, capabilities.textures);
    add_linear_row(device, info, properties.formatProperties.linearTilingFeatures, capabilities.textures);
    add_surface_row(device, info, row.usages, capabilities.textures);
    add_metal_texture_rows(device, info, row.usages, capabilities.textures);
    add_in_place_row(device, info, properties.formatProperties.linearTilingFeatures, capabilities.textures);
    // Copied through host memory: the image is ours alone, and must be readable and writable by copies.
    constexpr TextureUsage copies = TextureUsage::transfer_source | TextureUsage::transfer_destination;
    if (!contains(row.usages, copies)) continue;
    row.handle_kind = HandleKind::host_memory;
    row.tiling = Tiling::host;
    row.memory_plane_count = info.plane_count;
    row.requires_dedicated = false;
    add_rows(device, row, format, VkExternalMemoryHandleTypeFlagBits{}, capabilities.textures);
  }
  return capabilities;
}

}  // namespace geyser::vulkan
