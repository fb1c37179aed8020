// Where the frames of `geyser record` go.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/stream/feed.hpp>

#include "texel.hpp"

namespace geyser::tool {

struct VideoOptions {
  std::string path;            // its extension says which container
  stream::FrameRate rate;      // as the file states it; numerator 0: not regular
  bool constant_rate = false;  // pictures are repeated and left out to keep to `rate`
  PictureInfo info;            // primaries and transfer
};

// A video file that is being written, under a name of its own: what is not finished is removed.
class VideoWriter {
 public:
  virtual ~VideoWriter() = default;
  // An opaque picture of full range, shown from `time` on until the next one; times rise. One of another size is scaled
  // into the first one's, with bars. Waits while the encoder is behind.
  // Errors: operating_system (what went wrong).
  [[nodiscard]] virtual Result<void> put(Picture&& picture, std::chrono::nanoseconds time) = 0;
  // The last picture is shown until `end`; then the file gets its name.
  [[nodiscard]] virtual Result<void> finish(std::chrono::nanoseconds end) = 0;
  // Written so far.
  [[nodiscard]] virtual std::uint64_t bytes() const = 0;
  // "VP8 in WebM", for people.
  [[nodiscard]] virtual std::string kind() const = 0;
};

// Whether such a file can be written here, before anybody waits for a feed.
// Errors: invalid_argument (the extension), not_available (no encoder: the packages that have one), operating_system
// (the directory), unsupported (a build without GStreamer).
[[nodiscard]] Result<void> check_video_path(const std::string& path);
// Errors: as above; unsupported (a size that the format cannot have).
[[nodiscard]] Result<std::unique_ptr<VideoWriter>> create_video(const VideoOptions& options, std::uint32_t width,
                                                                std::uint32_t height);

}  // namespace geyser::tool
