// Pictures of eight-bit RGBA to and from the texture formats that the tool publishes and saves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <geyser/descriptor.hpp>

namespace geyser::tool {

// Rows without gaps, top row first, straight or premultiplied as its source says.
struct Picture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> rgba;
};

// Formats that this file knows: all of RGBA, BGRA, RG and R with 8 and 16 bits, half and float, and 10-10-10-2.
[[nodiscard]] bool is_known(TextureFormat format) noexcept;
// Writes a picture as the first subresource of a texture in host packing; `memory` is host_size(descriptor) large.
void pack(const TextureDescriptor& descriptor, const Picture& picture, std::span<std::byte> memory);

// The first subresource as floats, four to a texel: colours as they are stored (not linearised), alpha 1 where the
// format has none.
[[nodiscard]] std::vector<float> unpack(const TextureDescriptor& descriptor, std::span<const std::byte> memory);
// For people: top row first whatever the picture's origin, straight alpha, 8 bits.
[[nodiscard]] Picture to_picture(const TextureDescriptor& descriptor, std::span<const std::byte> memory);
// Top row first, straight alpha, as floats.
[[nodiscard]] std::vector<float> to_floats(const TextureDescriptor& descriptor, std::span<const std::byte> memory);

}  // namespace geyser::tool
