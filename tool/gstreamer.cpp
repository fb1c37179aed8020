#include "gstreamer.hpp"

#include <gst/pbutils/pbutils.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace geyser::tool {

namespace {

using namespace std::chrono_literals;

struct Packaged {
  std::string_view what;  // an element, or the beginning of a media type
  std::string_view package;
};

// Where Debian and Ubuntu have what GStreamer may miss here. The first that fits.
constexpr std::array packages{
    Packaged{"appsrc", "gstreamer1.0-plugins-base"},           Packaged{"appsink", "gstreamer1.0-plugins-base"},
    Packaged{"decodebin", "gstreamer1.0-plugins-base"},        Packaged{"videoconvert", "gstreamer1.0-plugins-base"},
    Packaged{"videorate", "gstreamer1.0-plugins-base"},        Packaged{"videoscale", "gstreamer1.0-plugins-base"},
    Packaged{"x264enc", "gstreamer1.0-plugins-ugly"},          Packaged{"openh264enc", "gstreamer1.0-plugins-bad"},
    Packaged{"h264parse", "gstreamer1.0-plugins-bad"},         Packaged{"application/ogg", "gstreamer1.0-plugins-base"},
    Packaged{"video/x-theora", "gstreamer1.0-plugins-base"},   Packaged{"video/x-vp8", "gstreamer1.0-plugins-good"},
    Packaged{"video/x-vp9", "gstreamer1.0-plugins-good"},      Packaged{"video/x-dv", "gstreamer1.0-plugins-good"},
    Packaged{"video/x-matroska", "gstreamer1.0-plugins-good"}, Packaged{"video/webm", "gstreamer1.0-plugins-good"},
    Packaged{"video/quicktime", "gstreamer1.0-plugins-good"},  Packaged{"video/x-msvideo", "gstreamer1.0-plugins-good"},
    Packaged{"video/x-flv", "gstreamer1.0-plugins-good"},      Packaged{"image/", "gstreamer1.0-plugins-good"},
    Packaged{"video/mpegts", "gstreamer1.0-plugins-bad"},      Packaged{"video/x-av1", "gstreamer1.0-plugins-bad"},
    Packaged{"video/x-ms-asf", "gstreamer1.0-plugins-ugly"},   Packaged{"video/", "gstreamer1.0-libav"},
};

std::string package_of(std::string_view what, std::string_view otherwise) {
  const auto found =
      std::find_if(packages.begin(), packages.end(), [&](const Packaged& one) { return what.starts_with(one.what); });
  return std::string(found == packages.end() ? otherwise : found->package);
}

std::string take(char* text) {
  std::string copy = text == nullptr ? "" : text;
  g_free(text);
  return copy;
}

// "Disk full." -> "Disk full", to go on with.
std::string without_stop(std::string text) {
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

Result<void> start_gstreamer() {
  GError* error = nullptr;
  if (gst_init_check(nullptr, nullptr, &error) != FALSE) return {};
  const std::string why = error == nullptr ? "it does not say why" : error->message;
  g_clear_error(&error);
  return fail(ErrorCode::not_available, "GStreamer does not start: " + without_stop(why) + ".");
}

bool has_encoder(const char* name) {
  GstElementFactory* factory = gst_element_factory_find(name);
  if (factory == nullptr) return false;
  const guint rank = gst_plugin_feature_get_rank(GST_PLUGIN_FEATURE(factory));
  gst_object_unref(factory);
  return rank > GST_RANK_NONE;
}

Pipeline::Pipeline() : pipeline_(gst_pipeline_new(nullptr)), bus_(gst_element_get_bus(pipeline_.get())) {}

Pipeline::~Pipeline() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

Result<GstElement*> Pipeline::add_apart(const char* name) {
  GstElement* element = gst_element_factory_make(name, nullptr);
  if (element == nullptr) {
    return fail(GeyserError(ErrorCode::not_available, "GStreamer has no element [" + std::string(name) + "] here.")
                    .suggest("the package " + package_of(name, "gstreamer1.0-plugins-good")));
  }
  gst_bin_add(GST_BIN(pipeline_.get()), element);
  last_ = element;
  return element;
}

Result<GstElement*> Pipeline::add(const char* name) {
  GstElement* before = last_;
  auto element = add_apart(name);
  if (!element || before == nullptr || gst_element_link(before, *element) != FALSE) return element;
  return fail(ErrorCode::not_available, "GStreamer's elements [" + take(gst_element_get_name(before)) + "] and [" +
                                            std::string(name) + "] do not fit together.");
}

Result<GstElement*> Pipeline::add_filter(const GstCaps* caps) {
  auto filter = add("capsfilter");
  if (filter) g_object_set(*filter, "caps", caps, nullptr);
  return filter;
}

bool Pipeline::set_state(GstState state) {
  return gst_element_set_state(pipeline_.get(), state) != GST_STATE_CHANGE_FAILURE;
}

GstPtr<GstMessage> Pipeline::wait(GstMessageType types, std::chrono::nanoseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  const auto wanted = static_cast<GstMessageType>(types | GST_MESSAGE_ELEMENT);
  for (;;) {
    const std::chrono::nanoseconds left = std::max(0ns, end - std::chrono::steady_clock::now());
    GstPtr<GstMessage> message(gst_bus_timed_pop_filtered(bus_.get(), static_cast<GstClockTime>(left.count()), wanted));
    if (message == nullptr || GST_MESSAGE_TYPE(message.get()) != GST_MESSAGE_ELEMENT) return message;
    if (gst_is_missing_plugin_message(message.get()) == FALSE) continue;
    // "gstreamer|1.0|program|VP8 decoder|decoder-video/x-vp8, ..."
    const std::string detail = take(gst_missing_plugin_message_get_installer_detail(message.get()));
    std::string kind = detail.substr(detail.rfind('|') + 1);
    kind = kind.substr(kind.find('-') + 1);
    missing_.push_back({take(gst_missing_plugin_message_get_description(message.get())),
                        package_of(kind, "gstreamer1.0-plugins-bad")});
  }
}

GeyserError Pipeline::error(const std::string& what, GstMessage* message) const {
  if (!missing_.empty()) {
    std::string sentence = what + ": GStreamer has no [" + missing_.front().what + "] here.";
    return GeyserError(ErrorCode::not_available, sentence).suggest("the package " + missing_.front().package);
  }
  std::string why = "GStreamer does not say why";
  if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    why = without_stop(error->message);
    if (g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_TYPE_NOT_FOUND) != FALSE ||
        g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE) != FALSE) {
      why = "it is no video that GStreamer knows";
    }
    // With nothing reported missing: every stream was left out as none that is wanted.
    if (g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) != FALSE) why = "it has no pictures";
    g_clear_error(&error);
  }
  return {ErrorCode::operating_system, what + ": " + why + "."};
}

}  // namespace geyser::tool
