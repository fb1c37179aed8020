// The DRM modifiers by which two ends can share a dma-buf.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/descriptor.hpp>

namespace geyser::detail {

struct SharedModifiers {
  std::vector<std::uint64_t> tiled;  // leaves room for LINEAR in max_modifiers
  bool linear = false;
  // The ends share some that are not here because they are among the refused ones.
  bool tiled_refused = false;
  bool linear_refused = false;
};
// The rule is negotiate()'s.
SharedModifiers share_modifiers(const TextureDescriptor& descriptor, const Capabilities& exporter,
                                const Capabilities& importer, std::span<const std::uint64_t> refused);

}  // namespace geyser::detail
