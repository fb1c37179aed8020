// Textures: what they are, where they lie, whose they are.
#include "wire/decoders.hpp"

#include <cstring>

#include "common/text.hpp"

namespace geyser::wire {

using detail::text;

namespace {

Uuid uuid(const fb::Uuid* value) {
  Uuid result{};
  if (value == nullptr) return result;
  const std::uint64_t words[2] = {value->low(), value->high()};
  std::memcpy(result.data(), words, sizeof(words));
  return result;
}

MemoryLayout read_layout(Fields& fields, const fb::Layout* in) {
  MemoryLayout out;
  if (!fields.has(in, "layout")) return out;
  out.tiling = fields.enumerator<Tiling>(in->tiling(), 0, 3, "layout.tiling");
  out.modifier = in->modifier();
  out.allocation_size = in->allocation_size();
  out.memory_type = in->memory_type();
  out.dedicated = in->dedicated();
  out.vulkan_usage = in->vulkan_usage();
  out.vulkan_create_flags = in->vulkan_create_flags();
  out.keyed_mutex = in->keyed_mutex();
  if (!fields.is_aligned(in->planes(), alignof(fb::MemoryPlane), "layout.planes")) return out;
  out.plane_count = static_cast<std::uint32_t>(fields.count(in->planes(), max_memory_planes, "layout.planes"));
  for (std::uint32_t i = 0; i < out.plane_count; ++i) {
    const fb::MemoryPlane* plane = in->planes()->Get(i);
    out.planes[i] = {plane->handle_index(), plane->offset(), plane->stride()};
  }
  return out;
}

}  // namespace

DeviceIdentity read_identity(Fields& fields, const fb::Identity* in) {
  DeviceIdentity out;
  if (!fields.has(in, "identity")) return out;
  out.has_uuids = in->has_uuids();
  out.device_uuid = uuid(in->device_uuid());
  out.driver_uuid = uuid(in->driver_uuid());
  out.has_luid = in->has_luid();
  const std::uint64_t luid = in->luid();
  std::memcpy(out.luid.data(), &luid, sizeof(luid));
  out.node_mask = in->node_mask();
  out.has_pci = in->has_pci();
  out.pci = {in->pci_domain(), in->pci_bus(), in->pci_device(), in->pci_function()};
  out.has_render_node = in->has_render_node();
  out.render_node = {in->render_node_major(), in->render_node_minor()};
  out.metal_registry_id = in->metal_registry_id();
  out.device_name = fields.string(in->device_name(), max_name_bytes, "identity.device_name");
  out.driver_name = fields.string(in->driver_name(), max_name_bytes, "identity.driver_name");
  return out;
}

Extent3D read_extent(Fields& fields, const fb::Extent* in, const char* field) {
  if (in == nullptr) {
    fields.complain(field, "is missing");
    return {};
  }
  return {in->width(), in->height(), in->depth()};
}

TextureDescriptor read_descriptor(Fields& fields, const fb::Descriptor* in) {
  TextureDescriptor out;
  if (!fields.has(in, "descriptor")) return out;
  out.dimension = fields.enumerator<TextureDimension>(in->dimension(), 0, 4, "descriptor.dimension");
  out.extent = read_extent(fields, in->extent(), "descriptor.extent");
  out.mip_levels = in->mip_levels();
  out.array_layers = in->array_layers();
  out.samples = in->samples();
  out.format = fields.format(in->format());
  if ((in->usage() & ~static_cast<std::uint32_t>(all_texture_usages)) != 0) {
    fields.complain("descriptor.usage", text("is [", in->usage(), "], which has unknown bits"));
  }
  out.usage = static_cast<TextureUsage>(in->usage());
  out.label = fields.string(in->label(), max_label_bytes, "descriptor.label");
  const fb::Picture* picture = in->picture();
  if (!fields.has(picture, "descriptor.picture")) return out;
  out.picture.origin = fields.enumerator<PictureOrigin>(picture->origin(), 0, 1, "picture.origin");
  out.picture.alpha = fields.enumerator<AlphaMode>(picture->alpha(), 0, 2, "picture.alpha");
  out.picture.range = fields.enumerator<ColorRange>(picture->range(), 0, 1, "picture.range");
  out.picture.color_primaries = picture->color_primaries();
  out.picture.transfer_characteristics = picture->transfer_characteristics();
  out.picture.matrix_coefficients = picture->matrix_coefficients();
  return out;
}

ApiTextureHandle read_parcel(Fields& fields, const fb::Parcel* in) {
  ApiTextureHandle out;
  out.descriptor = read_descriptor(fields, in->descriptor());
  out.layout = read_layout(fields, in->layout());
  out.identity = read_identity(fields, in->identity());
  out.api = fields.enumerator<Api>(in->api(), 0, static_cast<std::uint64_t>(Api::gbm), "parcel.api");
  out.kind = fields.enumerator<HandleKind>(in->kind(), 1, handle_kind_count - 1, "parcel.kind");
  out.handle_count = static_cast<std::uint32_t>(fields.count(in->handles(), max_memory_planes, "parcel.handles"));
  for (std::uint32_t i = 0; i < out.handle_count; ++i) {
    out.handles[i] = fields.take(in->handles()->Get(i), "parcel.handles");
    if (out.handles[i].has_value() && out.handles[i].kind() != out.kind) {
      fields.complain("parcel.kind", text("is [", to_string(out.kind), "], but its handle is [",
                                          to_string(out.handles[i].kind()), "]"));
    }
  }
  if (!fields.good()) return out;
  if (auto valid = validate(out.descriptor); !valid) {
    fields.complain("descriptor", text("is not valid: ", valid.error().message()), valid.error().code());
  } else if (auto fits = validate(out.layout, out.descriptor, out.handle_count); !fits) {
    fields.complain("layout", text("is not valid: ", fits.error().message()), fits.error().code());
  }
  return out;
}

}  // namespace geyser::wire
