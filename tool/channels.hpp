// What can happen to the channels of a texel without a bit of any channel changing.
#pragma once

#include <string>
#include <vector>

#include "coded_picture.hpp"

namespace geyser::tool {

struct ChannelChange {
  std::array<std::size_t, 4> from{0, 1, 2, 3};  // where each channel's bits come from
  enum class Alpha { kept, full, zero } alpha = Alpha::kept;

  [[nodiscard]] TexelBits apply(const CodedPicture& coded, const TexelBits& bits) const noexcept {
    TexelBits changed{bits[from[0]], bits[from[1]], bits[from[2]], bits[from[3]]};
    if (alpha == Alpha::full) changed[3] = coded.full(3);
    if (alpha == Alpha::zero) changed[3] = 0;
    return changed;
  }
  [[nodiscard]] bool is_none() const noexcept;
  [[nodiscard]] std::string to_words() const;
};

// Every one that the format of `coded` can have; the first one changes nothing.
[[nodiscard]] std::vector<ChannelChange> channel_changes(const CodedPicture& coded);

}  // namespace geyser::tool
