// A macOS program that receives a feed and hands every frame on as a CVPixelBuffer, as AVAssetWriter, VideoToolbox,
// Vision or Core Image take it: no copy is made. Usage: example-metal-pixel-buffers FEED [FRAMES]
#include <CoreVideo/CoreVideo.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <geyser/core_video.hpp>
#include <geyser/metal.hpp>
#include <geyser/stream/subscriber.hpp>

using namespace geyser;

// Nothing in Geyser throws: every call returns a Result. Here an error ends the program.
template <typename T>
T must(Result<T>&& result) {
  if (result) return static_cast<T>(*std::move(result));
  std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
  std::exit(1);
}

// What takes a picture would be here. It keeps the pixel buffer no longer than the frame, or copies it.
void use(CVPixelBufferRef picture) {
  std::printf("%zux%zu\n", CVPixelBufferGetWidth(picture), CVPixelBufferGetHeight(picture));
}

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: example-metal-pixel-buffers FEED [FRAMES]\n");
    return 2;
  }
  const long frames = count > 2 ? std::strtol(words[2], nullptr, 10) : 100;
  const std::shared_ptr<TextureShareManager> manager = must(metal::create_manager());
  stream::SubscriberOptions options;
  options.feed = words[1];
  auto subscriber = must(stream::Subscriber::create(manager, std::move(options)));
  for (long seen = 0; seen < frames;) {
    auto frame = subscriber.acquire(std::chrono::seconds(1));
    if (!frame && frame.error().code() == ErrorCode::timeout) continue;
    if (!frame) {
      std::fprintf(stderr, "%s\n", frame.error().to_string().c_str());
      return 1;
    }
    // The frame's contents are there: a feed's fences are waited for by this CPU where processes share surfaces.
    auto* picture = static_cast<CVPixelBufferRef>(must(metal::create_pixel_buffer(frame->texture())));
    use(picture);
    CFRelease(picture);
    if (auto released = subscriber.release(*std::move(frame)); !released) return 1;
    ++seen;
  }
  return 0;
}
