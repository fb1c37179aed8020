// A build without GStreamer.
#include "frame_source.hpp"

namespace geyser::tool {

Result<std::unique_ptr<FrameSource>> open_video(const std::string& path, bool) {
  return fail(
      GeyserError(ErrorCode::unsupported, "Video [" + path + "] cannot be played: this build is without GStreamer.")
          .suggest("the package libgstreamer-plugins-base1.0-dev when building"));
}

}  // namespace geyser::tool
