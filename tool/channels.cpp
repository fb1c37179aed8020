#include "channels.hpp"

#include <algorithm>

namespace geyser::tool {

namespace {

constexpr std::array<std::size_t, 4> in_place{0, 1, 2, 3};
constexpr std::array<const char*, 4> names{"red", "green", "blue", "alpha"};

}  // namespace

bool ChannelChange::is_none() const noexcept { return from == in_place && alpha == Alpha::kept; }

std::string ChannelChange::to_words() const {
  std::string words;
  if (alpha == Alpha::full) words = "alpha lost: every texel is opaque";
  if (alpha == Alpha::zero) words = "alpha lost: every texel is transparent";
  if (from == in_place) return words;
  std::vector<std::size_t> moved;
  for (std::size_t i = 0; i < 4; ++i) {
    if (from[i] != i) moved.push_back(i);
  }
  std::string order;
  if (moved.size() == 2) {
    order = std::string(names[moved[0]]) + " and " + names[moved[1]] + " exchanged";
  } else {
    for (const std::size_t i : moved) {
      order += (order.empty() ? "" : ", ") + std::string(names[from[i]]) + " where " + names[i] + " should be";
    }
  }
  return words.empty() ? order : order + "; " + words;
}

std::vector<ChannelChange> channel_changes(const CodedPicture& coded) {
  using Alpha = ChannelChange::Alpha;
  std::vector<ChannelChange> changes;
  std::array<std::size_t, 4> from = in_place;
  do {
    bool fits = true;
    for (std::size_t i = 0; i < 4; ++i) fits = fits && coded.channel_bits(i) == coded.channel_bits(from[i]);
    // Channels that do not exist do not move.
    for (std::size_t i = 0; i < 4; ++i) fits = fits && (coded.channel_bits(i) != 0 || from[i] == i);
    if (!fits) continue;
    changes.push_back({from, Alpha::kept});
    if (coded.channel_bits(3) == 0 || from[3] != 3) continue;
    changes.push_back({from, Alpha::full});
    changes.push_back({from, Alpha::zero});
  } while (std::next_permutation(from.begin(), from.end()));
  return changes;
}

}  // namespace geyser::tool
