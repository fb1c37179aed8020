// A build without GStreamer.
#include "frame_source.hpp"
#include "video_writer.hpp"

namespace geyser::tool {

namespace {

GeyserError missing(const std::string& what) {
  return GeyserError(ErrorCode::unsupported, what + ": this build is without GStreamer.")
      .suggest("the package libgstreamer-plugins-base1.0-dev when building");
}

}  // namespace

Result<std::unique_ptr<FrameSource>> open_video(const std::string& path, bool, double) {
  return fail(missing("Video [" + path + "] cannot be played"));
}

Result<void> check_video_path(const std::string& path) {
  return fail(missing("Video [" + path + "] cannot be written"));
}

Result<std::unique_ptr<VideoWriter>> create_video(const VideoOptions& options, std::uint32_t, std::uint32_t) {
  return fail(missing("Video [" + options.path + "] cannot be written"));
}

}  // namespace geyser::tool
