// What is believed of a fence that a peer describes.
#pragma once

#include <cstdint>

namespace geyser::detail {

// A timeline that is about to overflow could never be signalled again.
inline constexpr std::uint64_t largest_fence_value = std::uint64_t{1} << 62;

}  // namespace geyser::detail
