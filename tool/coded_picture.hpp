// The pictures of `geyser check`: every bit of every texel follows from the frame's number and the place, so that
// whoever receives one can say of each bit whether it is right.
//
// Word i (0 or 1) of the texel in column x of row y, the highest row being 0, is
//     mix(mix(number) ^ (y << 32 | x << 1 | i)),  mix being the output function of SplitMix64,
// and the texel takes as many of its bytes, lowest first, as its format has; exponents of floats that would make them
// subnormal, infinite or no number are moved by one. Over that lie marks, for people and for read_number(): a square
// of another colour in each corner, an arrow that points up, and 64 black and white cells that spell the number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/layout.hpp>
#include <geyser/stream/frame.hpp>

#include "orientation.hpp"

namespace geyser::tool {

// Red, green, blue and alpha as they are stored, bit for bit; 0 where the format has none.
using TexelBits = std::array<std::uint32_t, 4>;

[[nodiscard]] std::uint64_t mix(std::uint64_t value) noexcept;

class CodedPicture {
 public:
  static constexpr std::uint32_t min_extent = 16;  // each way, for the marks

  // Errors: unsupported (a format that texel.hpp does not know, a size below min_extent, several layers or levels).
  [[nodiscard]] static Result<CodedPicture> create(const TextureDescriptor& descriptor);

  [[nodiscard]] const TextureDescriptor& descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] std::uint32_t width() const noexcept { return descriptor_.extent.width; }
  [[nodiscard]] std::uint32_t height() const noexcept { return descriptor_.extent.height; }
  // Bits of a channel; 0: the format has none such.
  [[nodiscard]] std::uint32_t channel_bits(std::size_t channel) const noexcept { return channels_[channel].bits; }
  [[nodiscard]] bool is_floating() const noexcept { return floating_; }
  // The bits of 1.0, or of all that the channel can hold.
  [[nodiscard]] std::uint32_t full(std::size_t channel) const noexcept { return channels_[channel].full; }

  [[nodiscard]] TexelBits texel(std::uint64_t number, Place at) const noexcept;
  [[nodiscard]] bool is_mark(Place at) const noexcept;
  // The whole picture in host packing (geyser/layout.hpp), its lowest row first where the descriptor says so.
  void write(std::uint64_t number, std::span<std::byte> memory) const;
  // Whether that is what lies in `memory`; padding does not count.
  [[nodiscard]] bool equals(std::span<const std::byte> expected, std::span<const std::byte> memory) const noexcept;

  [[nodiscard]] TexelBits read(std::span<const std::byte> memory, Place at) const noexcept;
  void put(std::span<std::byte> memory, Place at, const TexelBits& bits) const noexcept;
  // The number that the cells spell when the picture in `memory` lies so; nothing when they spell none.
  [[nodiscard]] std::optional<std::uint64_t> read_number(std::span<const std::byte> memory,
                                                         Orientation orientation) const noexcept;

 private:
  struct Channel {
    std::uint32_t bits = 0;
    std::uint32_t word = 0;
    std::uint32_t shift = 0;
    std::uint32_t mask = 0;
    std::uint32_t full = 0;
  };
  struct Mark {
    std::uint32_t left = 0, top = 0, width = 0, height = 0;
    unsigned colour = 0;  // bit 0 red, bit 1 green, bit 2 blue
    [[nodiscard]] bool contains(Place at) const noexcept {
      return at.x - left < width && at.y - top < height;  // what is left of it or above wraps round
    }
  };
  using Words = std::array<std::uint64_t, 2>;

  void lay_out_marks();
  [[nodiscard]] Words noise(std::uint64_t seed, Place at) const noexcept;
  [[nodiscard]] Words words(const TexelBits& bits) const noexcept;
  [[nodiscard]] TexelBits bits(const Words& words) const noexcept;
  [[nodiscard]] TexelBits colour(unsigned rgb) const noexcept;
  [[nodiscard]] std::size_t offset(Place at) const noexcept;

  TextureDescriptor descriptor_;
  HostSubresource rows_;
  std::size_t block_bytes_ = 0;
  bool floating_ = false;
  std::array<Channel, 4> channels_{};
  std::vector<Mark> marks_;
  Mark cells_;
};

// What the feed says of its pictures: straight alpha, the sRGB curve, all values from 0 to 1.
[[nodiscard]] PictureInfo coded_facts(PictureOrigin origin) noexcept;
// What goes with the frame: user bytes that begin with its number, damage that covers the picture in bands, a
// presentation time; all follow from the number. `total`: how many frames there will be; 0: no end.
[[nodiscard]] stream::FrameInfo coded_info(std::uint64_t number, std::uint64_t total, const Extent3D& extent);

struct CodedHeader {
  std::uint64_t number = 0;
  std::uint64_t total = 0;
};
// How the user bytes of a checked frame begin.
[[nodiscard]] std::optional<CodedHeader> read_header(std::span<const std::byte> user_bytes);

}  // namespace geyser::tool
