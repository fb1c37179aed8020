#include "cuda/array.hpp"

#include <utility>

#include "common/text.hpp"
#include "cuda/external_handle.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::cuda {

using detail::text;

namespace {

constexpr std::uint32_t vulkan_color_attachment = 0x10;  // VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT

driver::ArrayDescriptor describe(const TextureDescriptor& descriptor, ArrayKind kind) {
  driver::ArrayDescriptor array;
  array.width = descriptor.extent.width;
  array.height = descriptor.extent.height;
  array.format = kind.format;
  array.channels = kind.channels;
  array.flags = kind.surface ? driver::array_surface : 0;
  switch (descriptor.dimension) {
    case TextureDimension::two_d:
      break;  // depth 0
    case TextureDimension::two_d_array:
      array.depth = descriptor.array_layers;
      array.flags |= driver::array_layered;
      break;
    case TextureDimension::cube:
      array.depth = descriptor.array_layers;
      array.flags |= driver::array_cubemap;
      break;
    case TextureDimension::cube_array:
      array.depth = descriptor.array_layers;
      array.flags |= driver::array_cubemap | driver::array_layered;
      break;
    case TextureDimension::three_d:
      array.depth = descriptor.extent.depth;
      break;
  }
  return array;
}

}  // namespace

ArrayImage::ArrayImage(ArrayImage&& other) noexcept
    : context_(std::move(other.context_)),
      kind_(other.kind_),
      memory_(std::exchange(other.memory_, nullptr)),
      array_(std::exchange(other.array_, nullptr)),
      levels_(std::move(other.levels_)) {}

ArrayImage::~ArrayImage() {
  if (array_ == nullptr && memory_ == nullptr) return;
  auto current = Current::open(*context_);
  if (!current) return;
  context_->destroy_later([context = context_.get(), array = array_, memory = memory_] {
    if (array != nullptr) context->cu().cuMipmappedArrayDestroy(array);
    if (memory != nullptr) context->cu().cuDestroyExternalMemory(memory);
  });
}

Result<void> ArrayImage::get_levels(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    driver::Array level = nullptr;
    auto got = context_->check(context_->cu().cuMipmappedArrayGetLevel(&level, array_, i), "cuMipmappedArrayGetLevel");
    if (!got) return got;
    levels_.push_back(level);
  }
  return {};
}

Result<ArrayImage> ArrayImage::create(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor,
                                      ArrayKind kind) {
  ArrayImage image(context, kind);
  const driver::ArrayDescriptor array = describe(descriptor, kind);
  auto made = context->check(context->cu().cuMipmappedArrayCreate(&image.array_, &array, descriptor.mip_levels),
                             "cuMipmappedArrayCreate");
  if (!made) return fail(std::move(made.error()));
  if (auto got = image.get_levels(descriptor.mip_levels); !got) return fail(std::move(got.error()));
  return image;
}

Result<ArrayImage> ArrayImage::import(const std::shared_ptr<Context>& context, ArrayKind kind,
                                      ApiTextureHandle& parcel) {
  const TextureDescriptor& descriptor = parcel.descriptor;
  const MemoryLayout& layout = parcel.layout;
  OwnedHandle& handle = parcel.handles[0];
  const bool direct3d = parcel.kind == HandleKind::d3d_nt || parcel.kind == HandleKind::d3d_kmt;
  if (layout.keyed_mutex) {
    return fail(GeyserError(ErrorCode::unsupported, "The texture has a keyed mutex, which Geyser's CUDA does not hold.")
                    .suggest("fence kind [d3d12_fence], for which Direct3D 11 makes textures without"));
  }
  // Drivers whose opaque descriptors have a size let us check it; NVIDIA's check for themselves.
  const bool has_size = !direct3d && !handle_kind_info(handle.kind()).is_global_number;
  if (const auto size = platform::kernel_size(has_size ? handle.get() : no_native_handle);
      size && *size != 0 && *size < layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout, text("Field [layout.allocation_size] is [", layout.allocation_size,
                                                     "], but the handle's object has [", *size, "] bytes."));
  }
  ArrayImage image(context, kind);
  const driver::ExternalMemoryHandle description = describe_memory(parcel);
  auto imported =
      context->check(context->cu().cuImportExternalMemory(&image.memory_, &description), "cuImportExternalMemory");
  if (!imported) return fail(refused_memory(std::move(imported.error()), layout.allocation_size));
  settle_imported(handle);
  driver::ExternalMemoryArray mapping;
  mapping.offset = layout.planes[0].offset;
  mapping.array = describe(descriptor, kind);
  // What Direct3D made says so in its descriptor.
  const bool rendered = direct3d ? contains(parcel.descriptor.usage, TextureUsage::color_attachment)
                                 : (layout.vulkan_usage & vulkan_color_attachment) != 0;
  if (rendered) mapping.array.flags |= driver::array_color_attachment;
  mapping.levels = descriptor.mip_levels;
  auto mapped =
      context->check(context->cu().cuExternalMemoryGetMappedMipmappedArray(&image.array_, image.memory_, &mapping),
                     "cuExternalMemoryGetMappedMipmappedArray");
  if (!mapped) return fail(refused_memory(std::move(mapped.error()), layout.allocation_size));
  if (auto got = image.get_levels(descriptor.mip_levels); !got) return fail(std::move(got.error()));
  return image;
}

}  // namespace geyser::cuda
