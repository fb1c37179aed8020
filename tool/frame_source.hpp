// Where the frames of `geyser publish` come from.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/stream/feed.hpp>

#include "texel.hpp"

namespace geyser::tool {

class FrameSource {
 public:
  virtual ~FrameSource() = default;
  [[nodiscard]] virtual Extent3D extent() const = 0;
  [[nodiscard]] virtual PictureInfo picture_info() const { return {}; }
  // Its own rate; numerator 0: it has none.
  [[nodiscard]] virtual stream::FrameRate frame_rate() const { return {}; }
  // The picture of frame `number`, from 1; null at the end. Valid until the next call. Errors: operating_system.
  [[nodiscard]] virtual Result<const Picture*> next(std::uint64_t number) = 0;
};

// A moving picture that shows what can go wrong: corners of four colours, an arrow that points up, bars of the
// channels, a ramp, and the frame's number in squares.
[[nodiscard]] std::unique_ptr<FrameSource> make_test_card(std::uint32_t width, std::uint32_t height);
// One picture, still.
[[nodiscard]] Result<std::unique_ptr<FrameSource>> open_picture(const std::string& path);
// The pictures of a directory by name, over and over; all need the first one's size.
[[nodiscard]] Result<std::unique_ptr<FrameSource>> open_pictures(const std::string& directory);
// A video file through GStreamer, over and over with `loop`, upright, with square texels and a regular rate: its own,
// or `fps` when that is not 0. Errors: operating_system (no such file, no video), not_available (a missing codec: the
// package that has it), unsupported (a build without GStreamer).
[[nodiscard]] Result<std::unique_ptr<FrameSource>> open_video(const std::string& path, bool loop, double fps);

}  // namespace geyser::tool
