// Names what was done to a coded picture whose texels are not what they should be anywhere: shifted, read with a wrong
// stride, sent through a curve.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "coded_picture.hpp"

namespace geyser::tool {

// "shifted by 1 row downwards"; empty when it is nothing known. `numbers`: whose picture it may be.
[[nodiscard]] std::string distortion_of(const CodedPicture& coded, std::span<const std::uint64_t> numbers,
                                        std::span<const std::byte> memory);
// "column 3 of row 4 is 12 34 56 ff, not 12 34 56 7f (one bit)"
[[nodiscard]] std::string describe_difference(const CodedPicture& coded, Place at, const TexelBits& expected,
                                              const TexelBits& seen);

// Curves over colours from 0 to 1, as programs apply them where they should not.
[[nodiscard]] double encode_srgb(double value) noexcept;
[[nodiscard]] double decode_srgb(double value) noexcept;

}  // namespace geyser::tool
