// Names what is wrong with a coded picture, by trying what could have made it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "coded_picture.hpp"
#include "finding.hpp"

namespace geyser::tool {

// Frames this far from the expected one are looked for in a picture: as many as two rings can hold.
inline constexpr std::uint64_t number_window = 32;

// `memory` is not the picture of `number`: why. Slow, for pictures that are wrong; not empty.
[[nodiscard]] std::vector<Finding> diagnose(const CodedPicture& coded, std::uint64_t number,
                                            std::span<const std::byte> memory);

}  // namespace geyser::tool
