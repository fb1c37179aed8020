// A GStreamer pipeline with an appsrc "in" or none, and an appsink "out"; and dma-bufs as GStreamer's buffers.
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <geyser/texture.hpp>

namespace geyser::test {

struct GstUnref {
  void operator()(GstElement* element) const noexcept { gst_object_unref(element); }
  void operator()(GstBuffer* buffer) const noexcept { gst_buffer_unref(buffer); }
  void operator()(GstSample* sample) const noexcept { gst_sample_unref(sample); }
};
template <typename T>
using GstPtr = std::unique_ptr<T, GstUnref>;

// GST_VIDEO_FORMAT_UNKNOWN where GStreamer has none.
GstVideoFormat to_gst(TextureFormat format);
// "video/x-raw,format=NV12,width=60,height=34,framerate=30/1"
std::string caps_of(const TextureDescriptor& descriptor);

class GstPipe {
 public:
  // Of gst-launch's syntax; null, and the test has failed, when it does not start.
  static std::unique_ptr<GstPipe> start(const std::string& description);
  ~GstPipe();
  GstPipe(const GstPipe&) = delete;
  GstPipe& operator=(const GstPipe&) = delete;

  void push(GstPtr<GstBuffer> buffer);
  // Null, and the test has failed with GStreamer's words, when none comes in time.
  GstPtr<GstSample> pull();

 private:
  GstPipe() = default;
  GstPtr<GstElement> pipeline_;
  GstPtr<GstElement> in_;
  GstPtr<GstElement> out_;
};

// GStreamer's buffer of our memory: nothing is copied, the descriptor is duplicated. Every plane is where the parcel
// says. Of parcels of one handle.
GstPtr<GstBuffer> to_gst(const ApiTextureHandle& parcel);
// A picture in host packing, as GStreamer's own memory in its own layout.
GstPtr<GstBuffer> to_gst(const TextureDescriptor& descriptor, std::span<const std::byte> picture);

// Our parcel of a buffer that is one dma-buf with rows of pixels; the descriptor is duplicated. Where the planes are
// says the buffer's GstVideoMeta, or without one the caps alone. Errors: unsupported (not one dma-buf).
Result<ApiTextureHandle> to_parcel(GstSample* sample, const TextureDescriptor& descriptor);
// What GStreamer itself sees of a sample, in host packing.
std::vector<std::byte> read_sample(GstSample* sample, const TextureDescriptor& descriptor);

}  // namespace geyser::test
