// What a feed is: facts that its publisher states and everyone can list. Values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <geyser/capabilities.hpp>
#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser::stream {

inline constexpr std::size_t max_feed_name_bytes = 128;  // UTF-8, for names of feeds and of applications
inline constexpr std::uint32_t min_ring_size = 2;
inline constexpr std::uint32_t max_ring_size = 16;

// Frames each second as a fraction; numerator 0: not known or not regular.
struct FrameRate {
  std::uint32_t numerator = 0;
  std::uint32_t denominator = 1;
  friend bool operator==(const FrameRate&, const FrameRate&) = default;
};

// HDR10's static metadata in the units of SMPTE ST 2086 and CTA-861.3, as every video API has them.
struct HdrMetadata {
  bool has_mastering_display = false;
  // Red, green, blue, white point: CIE 1931 x and y in steps of 0.00002.
  std::array<std::array<std::uint16_t, 2>, 4> chromaticity{};
  std::uint32_t max_luminance = 0;  // in 0.0001 cd/m2
  std::uint32_t min_luminance = 0;  // in 0.0001 cd/m2
  bool has_content_light = false;
  std::uint16_t max_content_light = 0;        // MaxCLL, cd/m2
  std::uint16_t max_frame_average_light = 0;  // MaxFALL, cd/m2
  friend bool operator==(const HdrMetadata&, const HdrMetadata&) = default;
};

// Orientation, alpha mode, colour primaries, transfer, matrix and range are descriptor.picture.
struct FeedInfo {
  std::string name;         // unique for one user on one machine
  std::string application;  // whose feed it is, for people
  std::uint64_t id = 0;     // random, of this publisher alone: a restarted program has another one
  std::int64_t process_id = 0;
  bool listed = true;  // a private feed is found by its name alone
  Api api = Api::host;
  std::string device;  // for people
  TextureDescriptor descriptor;
  std::uint32_t ring_size = 0;
  FrameRate frame_rate;
  HdrMetadata hdr;
  friend bool operator==(const FeedInfo&, const FeedInfo&) = default;
};

// Errors: invalid_argument (empty, longer than max_feed_name_bytes, a control character, not UTF-8; names the field).
[[nodiscard]] GEYSER_API Result<void> validate_name(std::string_view name, std::string_view field = "name");

// Where the feeds of this user are: $GEYSER_RUNTIME_DIR, else $XDG_RUNTIME_DIR/geyser, else /tmp/geyser-<uid>.
[[nodiscard]] GEYSER_API std::string default_runtime_directory();

}  // namespace geyser::stream
