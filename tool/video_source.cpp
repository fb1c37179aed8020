#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "context.hpp"
#include "frame_source.hpp"
#include "gstreamer.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto patience = 30s;     // for a file that neither gives a picture nor fails
constexpr double fastest = 240;    // rates above are clock rates that some files state
constexpr int fallback_rate = 60;  // of files without a regular rate

// filesrc ! decodebin ! videorate ! rate ! videoflip ! videoconvert ! videoscale ! RGBA ! appsink
class VideoSource final : public FrameSource {
 public:
  VideoSource(std::string path, bool loop, double fps) : path_(std::move(path)), loop_(loop), fps_(fps) {}

  Result<void> open();
  Extent3D extent() const override { return {picture_.width, picture_.height, 1}; }
  PictureInfo picture_info() const override { return info_; }
  stream::FrameRate frame_rate() const override { return rate_; }
  Result<const Picture*> next(std::uint64_t number) override;

 private:
  static void on_pad(GstElement* decoder, GstPad* pad, gpointer self);
  static void on_all_pads(GstElement* decoder, gpointer self);

  Result<void> build();
  Result<void> first_picture();
  Result<void> rewind();
  void take_facts(const GstVideoInfo& video);
  Result<void> take(GstSample* sample);
  std::string what() const { return "Video [" + path_ + "] cannot be played"; }

  std::string path_;
  bool loop_;
  double fps_;
  GstElement* rate_filter_ = nullptr;
  GstElement* size_filter_ = nullptr;
  GstElement* head_ = nullptr;  // what the decoder is linked to
  GstAppSink* sink_ = nullptr;
  // Written by GStreamer's thread until the first picture is there.
  stream::FrameRate rate_;
  bool has_alpha_ = false;

  Picture picture_;
  PictureInfo info_;
  std::uint64_t since_start_ = 0;  // pictures since the beginning of the file
  Pipeline pipeline_;              // stops before the rest goes
};

Result<void> VideoSource::build() {
  auto file = pipeline_.add("filesrc");
  if (!file) return fail(std::move(file.error()));
  g_object_set(*file, "location", path_.c_str(), nullptr);
  auto decoder = pipeline_.add("decodebin");
  if (!decoder) return fail(std::move(decoder.error()));
  // Sound and subtitles are left alone, whatever they would need.
  const GstPtr<GstCaps> raw(gst_caps_from_string("video/x-raw(ANY)"));
  g_object_set(*decoder, "caps", raw.get(), "expose-all-streams", FALSE, nullptr);
  g_signal_connect(*decoder, "pad-added", G_CALLBACK(on_pad), this);
  g_signal_connect(*decoder, "no-more-pads", G_CALLBACK(on_all_pads), this);

  auto head = pipeline_.add_apart("videorate");
  if (!head) return fail(std::move(head.error()));
  head_ = *head;
  // A hole in the file stays a jump; nothing fills hours with the same picture.
  g_object_set(head_, "skip-to-first", TRUE, "max-duplication-time", guint64{10} * GST_SECOND, nullptr);
  const GstPtr<GstCaps> any(gst_caps_new_any());
  auto filter = pipeline_.add_filter(any.get());
  if (!filter) return fail(std::move(filter.error()));
  rate_filter_ = *filter;
  for (const char* name : {"videoflip", "videoconvert", "videoscale"}) {
    auto element = pipeline_.add(name);
    if (!element) return fail(std::move(element.error()));
    if (std::string_view(name) == "videoflip") gst_util_set_object_arg(G_OBJECT(*element), "video-direction", "auto");
  }
  const GstPtr<GstCaps> rgba(gst_caps_from_string("video/x-raw,format=RGBA,pixel-aspect-ratio=1/1"));
  filter = pipeline_.add_filter(rgba.get());
  if (!filter) return fail(std::move(filter.error()));
  size_filter_ = *filter;
  auto sink = pipeline_.add("appsink");
  if (!sink) return fail(std::move(sink.error()));
  sink_ = reinterpret_cast<GstAppSink*>(*sink);
  g_object_set(*sink, "sync", FALSE, "max-buffers", 4U, nullptr);
  return {};
}

// In GStreamer's thread.
void VideoSource::on_pad(GstElement*, GstPad* pad, gpointer self) {
  auto& source = *static_cast<VideoSource*>(self);
  const GstPtr<GstPad> head(gst_element_get_static_pad(source.head_, "sink"));
  const GstPtr<GstCaps> caps(gst_pad_get_current_caps(pad));
  if (caps == nullptr || gst_pad_is_linked(head.get()) != FALSE) return;
  const GstStructure* facts = gst_caps_get_structure(caps.get(), 0);
  if (gst_structure_has_name(facts, "video/x-raw") == FALSE) return;
  int numerator = 0;
  int denominator = 1;
  gst_structure_get_fraction(facts, "framerate", &numerator, &denominator);
  if (numerator <= 0 || denominator <= 0 || static_cast<double>(numerator) / denominator > fastest) {
    numerator = fallback_rate;
    denominator = 1;
  }
  if (source.fps_ > 0) gst_util_double_to_fraction(source.fps_, &numerator, &denominator);
  source.rate_ = {static_cast<std::uint32_t>(numerator), static_cast<std::uint32_t>(denominator)};
  const char* format = gst_structure_get_string(facts, "format");
  const GstVideoFormat known = format == nullptr ? GST_VIDEO_FORMAT_UNKNOWN : gst_video_format_from_string(format);
  source.has_alpha_ =
      known != GST_VIDEO_FORMAT_UNKNOWN &&
      (GST_VIDEO_FORMAT_INFO_FLAGS(gst_video_format_get_info(known)) & GST_VIDEO_FORMAT_FLAG_ALPHA) != 0;
  const GstPtr<GstCaps> rate(
      gst_caps_new_simple("video/x-raw", "framerate", GST_TYPE_FRACTION, numerator, denominator, nullptr));
  g_object_set(source.rate_filter_, "caps", rate.get(), nullptr);
  gst_pad_link(pad, head.get());
}

// In GStreamer's thread.
void VideoSource::on_all_pads(GstElement*, gpointer self) {
  auto& source = *static_cast<VideoSource*>(self);
  const GstPtr<GstPad> head(gst_element_get_static_pad(source.head_, "sink"));
  if (gst_pad_is_linked(head.get()) != FALSE) return;
  GstElement* pipeline = source.pipeline_.element();
  gst_element_post_message(pipeline,
                           gst_message_new_application(GST_OBJECT(pipeline), gst_structure_new_empty("no-video")));
}

Result<void> VideoSource::first_picture() {
  constexpr auto types = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_ASYNC_DONE | GST_MESSAGE_EOS |
                                                     GST_MESSAGE_APPLICATION);
  if (!pipeline_.set_state(GST_STATE_PAUSED)) {
    return fail(pipeline_.error(what(), pipeline_.wait(GST_MESSAGE_ERROR, 0s).get()));
  }
  const Clock::time_point end = Clock::now() + patience;
  GstPtr<GstMessage> message;
  while (message == nullptr && Clock::now() < end && !interrupted()) message = pipeline_.wait(types, 100ms);
  if (message == nullptr) {
    return fail(ErrorCode::timeout, what() + (interrupted() ? ": interrupted." : ": it gives no picture in time."));
  }
  if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_APPLICATION) {
    // What is missing is told after the last stream has been found.
    const auto later = pipeline_.wait(GST_MESSAGE_ERROR, 200ms);
    GeyserError error = pipeline_.error(what(), later.get());
    if (error.code() == ErrorCode::not_available) return fail(std::move(error));
    return fail(ErrorCode::operating_system, what() + ": it has no pictures.");
  }
  if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR) return fail(pipeline_.error(what(), message.get()));
  const GstPtr<GstSample> sample(gst_app_sink_try_pull_preroll(sink_, GST_SECOND));
  if (sample == nullptr) {
    return fail(ErrorCode::operating_system, what() + ": it has no picture that can be decoded.");
  }
  return take(sample.get());
}

void VideoSource::take_facts(const GstVideoInfo& video) {
  picture_.width = static_cast<std::uint32_t>(video.width);
  picture_.height = static_cast<std::uint32_t>(video.height);
  picture_.rgba.resize(std::size_t{picture_.width} * picture_.height * 4);
  info_.alpha = has_alpha_ ? AlphaMode::straight : AlphaMode::opaque;
  info_.range = video.colorimetry.range == GST_VIDEO_COLOR_RANGE_16_235 ? ColorRange::limited : ColorRange::full;
  info_.color_primaries = static_cast<std::uint8_t>(gst_video_color_primaries_to_iso(video.colorimetry.primaries));
  info_.transfer_characteristics =
      static_cast<std::uint8_t>(gst_video_transfer_function_to_iso(video.colorimetry.transfer));
  info_.matrix_coefficients = 0;  // RGB
}

Result<void> VideoSource::take(GstSample* sample) {
  GstVideoInfo video;
  GstVideoFrame frame;
  const GstCaps* caps = gst_sample_get_caps(sample);
  if (caps == nullptr || gst_video_info_from_caps(&video, caps) == FALSE ||
      gst_video_frame_map(&frame, &video, gst_sample_get_buffer(sample), GST_MAP_READ) == FALSE) {
    return fail(ErrorCode::operating_system, what() + ": a picture cannot be read.");
  }
  if (picture_.rgba.empty()) take_facts(video);
  const std::size_t row = std::size_t{picture_.width} * 4;
  const bool fits = static_cast<std::uint32_t>(video.width) == picture_.width &&
                    static_cast<std::uint32_t>(video.height) == picture_.height;
  const auto* from = static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0));
  const auto stride = static_cast<std::size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0));
  for (std::size_t y = 0; fits && y < picture_.height; ++y) {
    std::memcpy(&picture_.rgba[y * row], from + y * stride, row);
  }
  gst_video_frame_unmap(&frame);
  if (!fits) return fail(ErrorCode::operating_system, what() + ": its pictures differ in size.");
  return {};
}

Result<void> VideoSource::open() {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path_, error)) {
    return fail(ErrorCode::operating_system, "Video [" + path_ + "] is not there, or is no file.");
  }
  if (auto built = build(); !built) return built;
  if (auto first = first_picture(); !first) return first;
  // Should the size change in the file, later pictures are scaled into the first one's.
  const GstPtr<GstCaps> fixed(gst_caps_new_simple(
      "video/x-raw", "format", G_TYPE_STRING, "RGBA", "width", G_TYPE_INT, static_cast<int>(picture_.width), "height",
      G_TYPE_INT, static_cast<int>(picture_.height), "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, nullptr));
  g_object_set(size_filter_, "caps", fixed.get(), nullptr);
  if (!pipeline_.set_state(GST_STATE_PLAYING)) return fail(pipeline_.error(what(), nullptr));
  return {};
}

Result<void> VideoSource::rewind() {
  since_start_ = 0;
  constexpr auto how = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT);
  if (gst_element_seek_simple(pipeline_.element(), GST_FORMAT_TIME, how, 0) != FALSE) return {};
  // A container without an index is opened again.
  if (pipeline_.set_state(GST_STATE_READY) && pipeline_.set_state(GST_STATE_PLAYING)) return {};
  return fail(pipeline_.error(what() + " again", nullptr));
}

Result<const Picture*> VideoSource::next(std::uint64_t) {
  const Clock::time_point end = Clock::now() + patience;
  while (!interrupted()) {
    const GstPtr<GstSample> sample(gst_app_sink_try_pull_sample(sink_, 20 * GST_MSECOND));
    if (sample != nullptr) {
      if (auto taken = take(sample.get()); !taken) return fail(std::move(taken.error()));
      ++since_start_;
      return &picture_;
    }
    if (const auto message = pipeline_.wait(GST_MESSAGE_ERROR, 0s)) {
      return fail(pipeline_.error(what() + (since_start_ > 0 ? " further" : ""), message.get()));
    }
    if (gst_app_sink_is_eos(sink_) != FALSE) {
      if (!loop_ || since_start_ == 0) return nullptr;
      if (auto again = rewind(); !again) return fail(std::move(again.error()));
    }
    if (Clock::now() > end) return fail(pipeline_.error(what() + " further", nullptr));
  }
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<FrameSource>> open_video(const std::string& path, bool loop, double fps) {
  if (auto started = start_gstreamer(); !started) return fail(std::move(started.error()));
  auto source = std::make_unique<VideoSource>(path, loop, fps);
  if (auto opened = source->open(); !opened) return fail(std::move(opened.error()));
  return source;
}

}  // namespace geyser::tool
