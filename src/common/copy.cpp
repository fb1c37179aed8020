// The checked front of copies between textures of one manager.
#include <geyser/manager.hpp>

#include "common/text.hpp"

namespace geyser {

using detail::text;

namespace {

Result<void> check_equal(const TextureDescriptor& from, const TextureDescriptor& to) {
  const char* field = from.dimension != to.dimension         ? "dimension"
                      : from.extent != to.extent             ? "extent"
                      : from.mip_levels != to.mip_levels     ? "mip_levels"
                      : from.array_layers != to.array_layers ? "array_layers"
                      : from.samples != to.samples           ? "samples"
                      : from.format != to.format             ? "format"
                                                             : nullptr;
  if (field == nullptr) return {};
  return fail(ErrorCode::invalid_argument, text("Textures that differ in [", field, "] cannot be copied: [",
                                                to_string(from), "] to [", to_string(to), "]."));
}

}  // namespace

Result<void> TextureShareManager::copy_texture(SharedTexture& from, SharedTexture& to) {
  if (&from == &to) return fail(ErrorCode::invalid_argument, "A texture cannot be copied to itself.");
  for (const SharedTexture* texture : {&from, &to}) {
    if (texture->api() != capabilities_.api || !owns(*texture)) {
      return fail(ErrorCode::invalid_argument, text("The texture [", to_string(texture->descriptor()),
                                                    "] to be copied belongs to another manager."));
    }
  }
  if (auto equal = check_equal(from.descriptor(), to.descriptor()); !equal) return equal;
  if (from.open_readers_ == 0 && !from.open_writer_) {
    return fail(ErrorCode::invalid_access, "The texture to be copied is not open for reading.");
  }
  if (!to.open_writer_) return fail(ErrorCode::invalid_access, "The texture to copy to is not open for writing.");
  if (auto copied = do_copy(from, to); !copied) {
    return fail(std::move(copied.error()).during(text("copying texture [", to_string(from.descriptor()), "]")));
  }
  return {};
}

}  // namespace geyser
