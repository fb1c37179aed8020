#include "video_writer.hpp"

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <utility>

#include "gstreamer.hpp"
#include "image.hpp"
#include "suggest.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr auto patience = 60s;           // for an encoder that takes nothing
constexpr std::uint64_t max_queued = 6;  // pictures that wait for the encoder

constexpr std::uint32_t smallest = 16;  // width or height, of most containers

// One way to write a file.
struct Recipe {
  const char* extension;
  const char* muxer;
  const char* encoder;
  const char* kind;
  const char* package;    // Debian's, with the encoder
  const char* parser;     // between the two, where they need one
  const char* settings;   // of the encoder
  std::uint32_t largest;  // width or height
};

constexpr const char* x264_settings = "speed-preset=superfast pass=qual quantizer=18 bframes=0 key-int-max=120";
constexpr const char* vp8_settings =
    "deadline=1 cpu-used=6 threads=8 keyframe-max-dist=120 min-quantizer=2 max-quantizer=32";

// For each extension the best first.
constexpr std::array recipes{
    Recipe{".webm", "webmmux", "vp8enc", "VP8 in WebM", "gstreamer1.0-plugins-good", nullptr, vp8_settings, 16382},
    Recipe{".mkv", "matroskamux", "x264enc", "H.264 in Matroska", "gstreamer1.0-plugins-ugly", nullptr, x264_settings,
           16384},
    Recipe{".mkv", "matroskamux", "vp8enc", "VP8 in Matroska", "gstreamer1.0-plugins-good", nullptr, vp8_settings,
           16382},
    Recipe{".mp4", "mp4mux", "x264enc", "H.264 in MP4", "gstreamer1.0-plugins-ugly", nullptr, x264_settings, 16384},
    Recipe{".mp4", "mp4mux", "openh264enc", "H.264 in MP4", "gstreamer1.0-plugins-bad", "h264parse",
           "complexity=low gop-size=120", 3840},
    Recipe{".avi", "avimux", "jpegenc", "Motion JPEG in AVI", "gstreamer1.0-plugins-good", nullptr, "quality=90", 4096},
};

Result<const Recipe*> recipe_for(const std::string& path) {
  std::vector<std::string> packages;
  std::vector<std::string> extensions;
  for (const Recipe& recipe : recipes) {
    if (extensions.empty() || extensions.back() != recipe.extension) extensions.emplace_back(recipe.extension);
    if (!has_extension(path, recipe.extension)) continue;
    if (has_encoder(recipe.encoder) && has_encoder(recipe.muxer)) return &recipe;
    packages.emplace_back(recipe.package);
  }
  if (packages.empty()) {
    return fail(GeyserError(ErrorCode::invalid_argument, "Video cannot be written as [" + path + "].")
                    .suggest("a name that ends in one of " + join(extensions)));
  }
  GeyserError error(ErrorCode::not_available, "GStreamer has no encoder here for a file like [" + path + "].");
  for (const std::string& package : packages) error.suggest("the package " + package);
  return fail(std::move(error));
}

std::string draft_of(const std::string& path) { return path + ".part"; }

Result<void> check_place(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(ErrorCode::operating_system, "Video [" + path + "] cannot be written: there is a directory.");
  }
  const std::string draft = draft_of(path);
  errno = 0;
  const bool can = std::ofstream(draft, std::ios::binary).good();
  const std::string why = errno == 0 ? "the file cannot be made" : std::strerror(errno);
  std::filesystem::remove(draft, error);
  if (can) return {};
  return fail(ErrorCode::operating_system, "Video [" + path + "] cannot be written: " + why + ".");
}

void apply(GstElement* element, const std::string& settings) {
  std::size_t at = 0;
  while (at < settings.size()) {
    const std::size_t end = std::min(settings.find(' ', at), settings.size());
    const std::size_t sign = settings.find('=', at);
    const std::string name = settings.substr(at, sign - at);
    gst_util_set_object_arg(G_OBJECT(element), name.c_str(), settings.substr(sign + 1, end - sign - 1).c_str());
    at = end + 1;
  }
}

// appsrc ! videoconvert ! videoscale ! filter ! encoder ! [parser !] muxer ! filesink
class GstVideoWriter final : public VideoWriter {
 public:
  GstVideoWriter(VideoOptions options, const Recipe& recipe) : options_(std::move(options)), recipe_(recipe) {}
  ~GstVideoWriter() override;

  Result<void> open(std::uint32_t width, std::uint32_t height);
  Result<void> put(Picture&& picture, nanoseconds time) override;
  Result<void> finish(nanoseconds end) override;
  std::uint64_t bytes() const override;
  std::string kind() const override { return recipe_.kind; }

 private:
  Result<void> build(std::uint32_t width, std::uint32_t height);
  GstPtr<GstCaps> input_caps(std::uint32_t width, std::uint32_t height) const;
  GstPtr<GstCaps> output_caps(std::uint32_t width, std::uint32_t height) const;
  Result<void> push(nanoseconds until);
  Result<void> wait_for_room();
  Result<void> send(GstBuffer* picture, GstClockTime time, GstClockTime duration);
  // Of a constant rate.
  std::uint64_t nearest_tick(nanoseconds time) const;
  GstClockTime time_of(std::uint64_t tick) const;
  GeyserError trouble(GstMessage* message) const {
    return pipeline_.error("Video [" + options_.path + "] cannot be written", message);
  }

  VideoOptions options_;
  const Recipe& recipe_;
  std::uint32_t width_ = 0;  // of what was put last
  std::uint32_t height_ = 0;
  GstAppSrc* source_ = nullptr;
  Picture waiting_;  // until it is known how long it is shown
  nanoseconds waiting_time_{0};
  std::uint64_t ticks_ = 0;  // of a constant rate, written so far
  bool finished_ = false;
  Pipeline pipeline_;
};

GstVideoWriter::~GstVideoWriter() {
  if (finished_) return;
  static_cast<void>(pipeline_.set_state(GST_STATE_NULL));
  std::error_code error;
  std::filesystem::remove(draft_of(options_.path), error);
}

GstPtr<GstCaps> GstVideoWriter::input_caps(std::uint32_t width, std::uint32_t height) const {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGBx, width, height);
  info.fps_n = static_cast<int>(options_.rate.numerator);
  info.fps_d = static_cast<int>(options_.rate.denominator);
  info.colorimetry = {GST_VIDEO_COLOR_RANGE_0_255, GST_VIDEO_COLOR_MATRIX_RGB,
                      gst_video_transfer_function_from_iso(options_.info.transfer_characteristics),
                      gst_video_color_primaries_from_iso(options_.info.color_primaries)};
  return GstPtr<GstCaps>(gst_video_info_to_caps(&info));
}

// Players that read no colour facts take the matrix from the size, and JPEG has only one.
GstPtr<GstCaps> GstVideoWriter::output_caps(std::uint32_t width, std::uint32_t height) const {
  const bool jpeg = std::string_view(recipe_.encoder) == "jpegenc";
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, width, height);
  info.fps_n = static_cast<int>(options_.rate.numerator);
  info.fps_d = static_cast<int>(options_.rate.denominator);
  info.colorimetry = {jpeg ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235,
                      jpeg || height < 720 ? GST_VIDEO_COLOR_MATRIX_BT601 : GST_VIDEO_COLOR_MATRIX_BT709,
                      gst_video_transfer_function_from_iso(options_.info.transfer_characteristics),
                      gst_video_color_primaries_from_iso(options_.info.color_primaries)};
  return GstPtr<GstCaps>(gst_video_info_to_caps(&info));
}

Result<void> GstVideoWriter::build(std::uint32_t width, std::uint32_t height) {
  auto source = pipeline_.add("appsrc");
  if (!source) return fail(std::move(source.error()));
  source_ = reinterpret_cast<GstAppSrc*>(*source);
  gst_util_set_object_arg(G_OBJECT(*source), "format", "time");
  g_object_set(*source, "max-bytes", guint64{0}, nullptr);
  for (const char* name : {"videoconvert", "videoscale"}) {
    auto element = pipeline_.add(name);
    if (!element) return fail(std::move(element.error()));
  }
  auto filter = pipeline_.add_filter(output_caps(width, height).get());
  if (!filter) return fail(std::move(filter.error()));
  auto encoder = pipeline_.add(recipe_.encoder);
  if (!encoder) return fail(std::move(encoder.error()));
  apply(*encoder, recipe_.settings);
  const double rate =
      options_.rate.numerator > 0 ? static_cast<double>(options_.rate.numerator) / options_.rate.denominator : 30.0;
  const double bits = std::clamp(0.2 * width * height * rate, 1e6, 1e9);  // a second; enough for sharp text
  if (std::string_view(recipe_.encoder) == "vp8enc")
    g_object_set(*encoder, "target-bitrate", static_cast<int>(bits), nullptr);
  if (std::string_view(recipe_.encoder) == "openh264enc")
    g_object_set(*encoder, "bitrate", static_cast<guint>(bits), nullptr);
  if (recipe_.parser != nullptr) {
    auto parser = pipeline_.add(recipe_.parser);
    if (!parser) return fail(std::move(parser.error()));
  }
  auto muxer = pipeline_.add(recipe_.muxer);
  if (!muxer) return fail(std::move(muxer.error()));
  auto sink = pipeline_.add("filesink");
  if (!sink) return fail(std::move(sink.error()));
  g_object_set(*sink, "location", draft_of(options_.path).c_str(), nullptr);
  gst_util_set_object_arg(G_OBJECT(*sink), "buffer-mode", "unbuffered");  // a full disk is told at once
  return {};
}

Result<void> GstVideoWriter::open(std::uint32_t width, std::uint32_t height) {
  if (std::min(width, height) < smallest || std::max(width, height) > recipe_.largest) {
    return fail(ErrorCode::unsupported, "Pictures of " + std::to_string(width) + "x" + std::to_string(height) +
                                            " cannot be written as " + recipe_.kind + ", whose sides have " +
                                            std::to_string(smallest) + " to " + std::to_string(recipe_.largest) +
                                            " texels.");
  }
  if (auto built = build(width, height); !built) return built;
  if (pipeline_.set_state(GST_STATE_PLAYING)) return {};
  return fail(trouble(pipeline_.wait(GST_MESSAGE_ERROR, 0s).get()));
}

std::uint64_t GstVideoWriter::nearest_tick(nanoseconds time) const {
  return gst_util_uint64_scale_round(static_cast<std::uint64_t>(time.count()), options_.rate.numerator,
                                     GST_SECOND * options_.rate.denominator);
}

GstClockTime GstVideoWriter::time_of(std::uint64_t tick) const {
  return gst_util_uint64_scale(tick, GST_SECOND * options_.rate.denominator, options_.rate.numerator);
}

Result<void> GstVideoWriter::wait_for_room() {
  Clock::time_point end = Clock::now() + patience;
  std::uint64_t before = max_queued;
  for (;;) {
    const std::uint64_t queued = gst_app_src_get_current_level_buffers(source_);
    const bool full = queued >= max_queued;
    if (queued < before) end = Clock::now() + patience;
    before = queued;
    if (const auto message = pipeline_.wait(GST_MESSAGE_ERROR, full ? 5ms : 0ms)) return fail(trouble(message.get()));
    if (!full) return {};
    if (Clock::now() > end) return fail(trouble(nullptr));
  }
}

Result<void> GstVideoWriter::send(GstBuffer* picture, GstClockTime time, GstClockTime duration) {
  if (auto room = wait_for_room(); !room) return room;
  GstBuffer* buffer = gst_buffer_copy(picture);  // with the same texels
  GST_BUFFER_PTS(buffer) = time;
  GST_BUFFER_DURATION(buffer) = duration;
  if (gst_app_src_push_buffer(source_, buffer) == GST_FLOW_OK) return {};
  return fail(trouble(pipeline_.wait(GST_MESSAGE_ERROR, 1s).get()));
}

Result<void> GstVideoWriter::push(nanoseconds until) {
  if (waiting_.width != width_ || waiting_.height != height_) {
    width_ = waiting_.width;
    height_ = waiting_.height;
    gst_app_src_set_caps(source_, input_caps(width_, height_).get());
  }
  auto* bytes = new std::vector<std::uint8_t>(std::move(waiting_.rgba));
  const auto let_go = [](gpointer data) { delete static_cast<std::vector<std::uint8_t>*>(data); };
  const GstPtr<GstBuffer> picture(gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, bytes->data(), bytes->size(), 0,
                                                              bytes->size(), bytes, let_go));
  if (!options_.constant_rate) {
    return send(picture.get(), static_cast<GstClockTime>(waiting_time_.count()),
                static_cast<GstClockTime>((until - waiting_time_).count()));
  }
  for (const std::uint64_t end = nearest_tick(until); ticks_ < end; ++ticks_) {
    const GstClockTime time = time_of(ticks_);
    if (auto sent = send(picture.get(), time, time_of(ticks_ + 1) - time); !sent) return sent;
  }
  return {};
}

Result<void> GstVideoWriter::put(Picture&& picture, nanoseconds time) {
  if (!waiting_.rgba.empty()) {
    if (auto pushed = push(time); !pushed) return pushed;
  }
  waiting_ = std::move(picture);
  waiting_time_ = time;
  return {};
}

Result<void> GstVideoWriter::finish(nanoseconds end) {
  end = std::max(end, waiting_time_ + 1ms);
  if (options_.constant_rate && ticks_ == 0) end = std::max(end, nanoseconds(time_of(1)));
  if (auto pushed = push(end); !pushed) return pushed;
  gst_app_src_end_of_stream(source_);
  constexpr auto types = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  const auto message = pipeline_.wait(types, patience);
  if (message == nullptr || GST_MESSAGE_TYPE(message.get()) != GST_MESSAGE_EOS) return fail(trouble(message.get()));
  static_cast<void>(pipeline_.set_state(GST_STATE_NULL));
  std::error_code error;
  std::filesystem::rename(draft_of(options_.path), options_.path, error);
  if (error) {
    return fail(ErrorCode::operating_system,
                "Video [" + options_.path + "] cannot be written: " + error.message() + ".");
  }
  finished_ = true;
  return {};
}

std::uint64_t GstVideoWriter::bytes() const {
  std::error_code error;
  const auto size = std::filesystem::file_size(finished_ ? options_.path : draft_of(options_.path), error);
  return error ? 0 : size;
}

}  // namespace

Result<void> check_video_path(const std::string& path) {
  if (auto started = start_gstreamer(); !started) return started;
  if (auto recipe = recipe_for(path); !recipe) return fail(std::move(recipe.error()));
  return check_place(path);
}

Result<std::unique_ptr<VideoWriter>> create_video(const VideoOptions& options, std::uint32_t width,
                                                  std::uint32_t height) {
  if (auto checked = check_video_path(options.path); !checked) return fail(std::move(checked.error()));
  auto recipe = recipe_for(options.path);
  if (!recipe) return fail(std::move(recipe.error()));
  VideoOptions own = options;
  // AVI knows no times.
  if (std::string_view((*recipe)->muxer) == "avimux") own.constant_rate = true;
  if (own.constant_rate && own.rate.numerator == 0) own.rate = {30, 1};
  auto writer = std::make_unique<GstVideoWriter>(std::move(own), **recipe);
  if (auto opened = writer->open(width, height); !opened) return fail(std::move(opened.error()));
  return writer;
}

}  // namespace geyser::tool
