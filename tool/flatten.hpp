// A feed's picture as a video file wants it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <geyser/descriptor.hpp>

#include "texel.hpp"

namespace geyser::tool {

// Of one descriptor: upright, opaque (over black), full range, encoded as screens want it, 8 bits, with an even width
// and height (the last column or row twice). Linear light, PQ and HLG become sRGB with reference white at the top, as
// `geyser view` shows them.
class Flattener {
 public:
  explicit Flattener(const TextureDescriptor& descriptor);
  // `memory` is in host packing.
  [[nodiscard]] Picture flatten(std::span<const std::byte> memory) const;
  // What the values that flatten() gives are.
  [[nodiscard]] PictureInfo info() const;

 private:
  [[nodiscard]] std::uint8_t encode(float value) const noexcept;
  void from_bytes(std::span<const std::byte> memory, Picture& picture) const;
  void from_floats(std::span<const std::byte> memory, Picture& picture) const;

  TextureDescriptor descriptor_;
  std::vector<std::uint8_t> curve_;  // stored values from 0 to 1 in even steps
};

}  // namespace geyser::tool
