// Pictures for tests: every texel of every plane, layer and mip differs, nothing is symmetric, and every value
// survives an API's own conversion to and from its client formats (no NaN, no denormal, no second snorm minimum).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <geyser/descriptor.hpp>

namespace geyser::test {

// A whole texture in host packing; padding is zero. Different seeds differ in every texel's bytes.
std::vector<std::byte> make_pattern(const TextureDescriptor& descriptor, std::uint32_t seed);

// Empty when all pixels are equal; else where the first difference is and how many texels differ. Padding between
// rows and unused bytes of a texel are not compared.
std::string difference(const TextureDescriptor& descriptor, std::span<const std::byte> expected,
                       std::span<const std::byte> actual);

}  // namespace geyser::test
