// Pictures that say which frame they are: a number, a checksum, and a body that follows from the number. One that is
// made of two frames has neither's checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include <geyser/descriptor.hpp>

namespace geyser::test {

// Rows of 256 bytes: no packing of any API pads them.
inline TextureDescriptor coded_picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {64, 32, 1};
  return descriptor;
}
inline constexpr std::size_t coded_bytes = std::size_t{64} * 32 * 4;

inline std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ hash >> 29U;
}

// Any number of bytes from 16 on; what is left over after whole words of 8 is not touched.
inline void write_code(std::span<std::byte> bytes, std::uint64_t number) noexcept {
  std::uint64_t hash = mix(0, number);
  for (std::size_t at = 16; at + 8 <= bytes.size(); at += 8) {
    const std::uint64_t word = mix(number, at);
    std::memcpy(bytes.data() + at, &word, 8);
    hash = mix(hash, word);
  }
  std::memcpy(bytes.data(), &number, 8);
  std::memcpy(bytes.data() + 8, &hash, 8);
}

// The number; nothing when the checksum is another.
inline std::optional<std::uint64_t> read_code(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < 16) return std::nullopt;
  std::uint64_t number = 0;
  std::uint64_t checksum = 0;
  std::memcpy(&number, bytes.data(), 8);
  std::memcpy(&checksum, bytes.data() + 8, 8);
  std::uint64_t hash = mix(0, number);
  for (std::size_t at = 16; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    hash = mix(hash, word);
  }
  if (hash != checksum) return std::nullopt;
  return number;
}

}  // namespace geyser::test
