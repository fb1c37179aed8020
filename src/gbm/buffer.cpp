#include "gbm/buffer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "common/text.hpp"
#include "platform/dma_buf_parcel.hpp"
#include "platform/drm_node.hpp"

namespace geyser::gbm {

using detail::text;

namespace {

struct Destroy {
  const Functions* gbm;
  void operator()(Bo* bo) const { gbm->gbm_bo_destroy(bo); }
};
using OwnedBo = std::unique_ptr<Bo, Destroy>;

std::string list(std::span<const std::uint64_t> modifiers) {
  std::string all;
  for (const std::uint64_t modifier : modifiers) all += text(all.empty() ? "" : ", ", modifier);
  return all;
}

Bo* create_by_list(const Device& device, const TextureDescriptor& d, std::uint32_t fourcc,
                   std::span<const std::uint64_t> modifiers) {
  const Functions& gbm = device.functions();
  const auto count = static_cast<unsigned>(modifiers.size());
  const auto [width, height, depth] = d.extent;
  if (gbm.gbm_bo_create_with_modifiers2 != nullptr) {
    return gbm.gbm_bo_create_with_modifiers2(device.handle(), width, height, fourcc, modifiers.data(), count,
                                             device.use());
  }
  if (gbm.gbm_bo_create_with_modifiers == nullptr) return nullptr;
  return gbm.gbm_bo_create_with_modifiers(device.handle(), width, height, fourcc, modifiers.data(), count);
}

struct Made {
  OwnedBo bo;
  std::uint64_t modifier;
};

Result<Made> create(const Device& device, const TextureDescriptor& d, std::span<const std::uint64_t> modifiers) {
  const Functions& gbm = device.functions();
  const std::uint32_t fourcc = format_info(d.format).drm_fourcc;
  const auto wanted = [&](std::uint64_t modifier) {
    return modifier != drm_modifier_invalid &&
           std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
  };
  errno = 0;
  OwnedBo bo(create_by_list(device, d, fourcc, modifiers), {&gbm});
  if (bo != nullptr) {
    const std::uint64_t modifier = gbm.gbm_bo_get_modifier(bo.get());
    if (wanted(modifier)) return Made{std::move(bo), modifier};
  }
  // Drivers without lists have an old word for LINEAR, and keep it without a modifier to show.
  if (wanted(drm_modifier_linear)) {
    bo.reset(gbm.gbm_bo_create(device.handle(), d.extent.width, d.extent.height, fourcc, device.use() | use_linear));
    if (bo != nullptr) {
      const std::uint64_t modifier = gbm.gbm_bo_get_modifier(bo.get());
      if (modifier == drm_modifier_linear || modifier == drm_modifier_invalid) {
        return Made{std::move(bo), drm_modifier_linear};
      }
    }
  }
  const int number = errno;
  if (bo == nullptr && number == ENOMEM) {
    return fail(ErrorCode::out_of_memory,
                text("GBM has no memory for a buffer of [", d.extent.width, "x", d.extent.height, "] texels."));
  }
  return fail(ErrorCode::unsupported,
              text("GBM on [", device.identity().device_name, "] makes no buffer of format [", to_string(d.format),
                   "] with one of the modifiers [", list(modifiers), "]."));
}

}  // namespace

Result<ApiTextureHandle> allocate(const Device& device, const TextureDescriptor& descriptor,
                                  std::span<const std::uint64_t> modifiers) {
  auto made = create(device, descriptor, modifiers);
  if (!made) return fail(std::move(made.error()));
  const Functions& gbm = device.functions();
  Bo* const bo = made->bo.get();
  const int planes = gbm.gbm_bo_get_plane_count(bo);
  if (planes < 1 || planes > static_cast<int>(max_memory_planes)) {
    return fail(ErrorCode::unsupported, text("GBM made a buffer of [", planes, "] memory planes."));
  }
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor;
  parcel.identity = device.identity();
  parcel.api = Api::gbm;
  parcel.kind = HandleKind::dma_buf;
  parcel.layout.tiling = Tiling::drm_modifier;
  parcel.layout.modifier = made->modifier;
  parcel.layout.plane_count = static_cast<std::uint32_t>(planes);
  for (int i = 0; i < planes; ++i) {
    const auto index = static_cast<std::uint32_t>(i);
    // GBM's own export gives some drivers' buffers out for reading only.
    auto handle = platform::export_drm_object(device.node(), gbm.gbm_bo_get_handle_for_plane(bo, i).number);
    if (!handle) return fail(std::move(handle.error()).during(text("exporting memory plane [", i, "]")));
    parcel.handles[index] = *std::move(handle);
    parcel.layout.planes[index] = {index, gbm.gbm_bo_get_offset(bo, i), gbm.gbm_bo_get_stride_for_plane(bo, i)};
  }
  parcel.handle_count = static_cast<std::uint32_t>(planes);
  // The kernel's word on what these are: one buffer or several, and how large.
  auto found = platform::inspect_dma_bufs(parcel);
  if (!found) return fail(std::move(found.error()).during("looking at what GBM made"));
  std::array<OwnedHandle, max_memory_planes> kept;
  for (std::uint32_t i = 0; i < found->count; ++i) kept[i] = std::move(parcel.handles[found->handle[i]]);
  parcel.handles = std::move(kept);
  parcel.handle_count = found->count;
  parcel.layout = found->layout;
  return parcel;
}

}  // namespace geyser::gbm
