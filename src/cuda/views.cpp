#include "cuda/views.hpp"

#include "common/text.hpp"

namespace geyser::cuda {

using detail::text;

Views::~Views() {
  if (surfaces_.empty() && textures_.empty()) return;
  auto current = Current::open(*context_);
  if (!current) return;
  context_->destroy_later([context = context_.get(), surfaces = std::move(surfaces_), textures = std::move(textures_)] {
    for (const driver::Object surface : surfaces) {
      if (surface != 0) context->cu().cuSurfObjectDestroy(surface);
    }
    for (const auto& [sampling, texture] : textures) context->cu().cuTexObjectDestroy(texture);
  });
}

Result<driver::Object> Views::surface(const TextureDescriptor& descriptor, const ArrayImage& image,
                                      std::uint32_t level) {
  if (level >= descriptor.mip_levels) {
    return fail(ErrorCode::invalid_argument,
                text("Level [", level, "] is none of the texture's [", descriptor.mip_levels, "]."));
  }
  if (!image.kind().surface) {
    return fail(ErrorCode::unsupported,
                text("CUDA has no surfaces of format [", to_string(descriptor.format), "]: kernels can only read it."));
  }
  surfaces_.resize(descriptor.mip_levels);
  if (surfaces_[level] != 0) return surfaces_[level];
  driver::Resource resource;
  resource.array = image.level(level);
  auto made = context_->check(context_->cu().cuSurfObjectCreate(&surfaces_[level], &resource), "cuSurfObjectCreate");
  if (!made) return fail(std::move(made.error()));
  return surfaces_[level];
}

Result<driver::Object> Views::texture(const TextureDescriptor& descriptor, driver::ArrayFormat format,
                                      const driver::Resource& resource, const Sampling& sampling) {
  for (const auto& [way, object] : textures_) {
    if (way == sampling) return object;
  }
  const FormatInfo& info = format_info(descriptor.format);
  const bool integers = info.numeric == NumericKind::uint || info.numeric == NumericKind::sint;
  if (descriptor.mip_levels > 1 && !sampling.normalized_coordinates) {
    return fail(GeyserError(ErrorCode::invalid_argument, text("A texture of [", descriptor.mip_levels,
                                                              "] levels is read by normalized coordinates."))
                    .suggest("Sampling::normalized_coordinates"));
  }
  if (integers && sampling.filter) {
    return fail(ErrorCode::invalid_argument,
                text("Format [", info.name, "] is read as integers, which cannot be filtered."));
  }
  driver::Sampling how;
  for (driver::AddressMode& mode : how.address) mode = static_cast<driver::AddressMode>(sampling.address);
  how.filter = how.mip_filter = sampling.filter ? driver::FilterMode::linear : driver::FilterMode::point;
  how.max_mip = static_cast<float>(descriptor.mip_levels - 1);
  if (integers) how.flags |= driver::read_as_integer;
  if (sampling.normalized_coordinates) how.flags |= driver::normalized_coordinates;
  // Compressed srgb formats are so by their name.
  if (info.is_srgb() && format == driver::ArrayFormat::unsigned_int8) how.flags |= driver::read_srgb;
  driver::Object object = 0;
  auto made = context_->check(context_->cu().cuTexObjectCreate(&object, &resource, &how, nullptr), "cuTexObjectCreate");
  if (!made) return fail(std::move(made.error()));
  textures_.emplace_back(sampling, object);
  return object;
}

}  // namespace geyser::cuda
