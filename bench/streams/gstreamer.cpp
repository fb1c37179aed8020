// GStreamer's own way between two processes: appsrc ! shmsink in one, shmsrc ! appsink in each other. shmsink copies
// what it is given into its shared memory; shmsrc's buffers lie in that memory.
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <cstring>
#include <filesystem>
#include <vector>

#include "clock.hpp"
#include "way.hpp"

namespace bench {

namespace {

constexpr GstClockTime patience = 100 * GST_MSECOND;

class Pipeline {
 public:
  Pipeline(const std::string& description, const char* end) {
    GError* error = nullptr;
    pipeline_ = gst_parse_launch(description.c_str(), &error);
    if (error != nullptr) {
      why_ = error->message;
      g_clear_error(&error);
    } else {
      end_ = gst_bin_get_by_name(GST_BIN(pipeline_), end);
    }
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline() {
    stop();
    if (end_ != nullptr) gst_object_unref(end_);
    if (pipeline_ != nullptr) gst_object_unref(pipeline_);
  }
  bool play() { return gst_element_set_state(pipeline_, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE; }
  void stop() {
    if (pipeline_ != nullptr) gst_element_set_state(pipeline_, GST_STATE_NULL);
  }
  GstElement* end() const { return end_; }
  const std::string& why() const { return why_; }

 private:
  GstElement* pipeline_ = nullptr;
  GstElement* end_ = nullptr;  // the application's
  std::string why_;
};

std::string caps_of(const Ground& ground) {
  return "video/x-raw,format=RGBA,width=" + std::to_string(ground.width) + ",height=" + std::to_string(ground.height) +
         ",framerate=60/1";
}

class GStreamerWriter final : public Writer {
 public:
  explicit GStreamerWriter(const Ground& ground)
      : own_(ground.bytes()),
        pipeline_("appsrc name=end is-live=true format=time caps=" + caps_of(ground) +
                      " ! shmsink socket-path=" + ground.directory + "/gstreamer sync=false wait-for-connection=false" +
                      " shm-size=" + std::to_string(4 * ground.bytes()),
                  "end") {}
  Pipeline& pipeline() { return pipeline_; }
  bool prepare(std::uint64_t number) override {
    std::memcpy(own_.data(), &number, sizeof(number));
    return true;
  }
  bool send(std::uint64_t) override {
    // Borrowed: it is copied before the next frame, and shmsink has it no longer.
    GstBuffer* buffer = gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, own_.data(), own_.size(), 0, own_.size(),
                                                    nullptr, nullptr);
    return gst_app_src_push_buffer(GST_APP_SRC(pipeline_.end()), buffer) == GST_FLOW_OK;
  }

 private:
  std::vector<std::byte> own_;
  Pipeline pipeline_;
};

class GStreamerReader final : public Reader {
 public:
  explicit GStreamerReader(const Ground& ground) : ground_(ground) {}
  Received receive() override {
    if (pipeline_ == nullptr) connect();
    if (pipeline_ == nullptr) return {};
    sample_ = gst_app_sink_try_pull_sample(GST_APP_SINK(pipeline_->end()), patience);
    if (sample_ == nullptr) {
      if (gst_app_sink_is_eos(GST_APP_SINK(pipeline_->end()))) pipeline_.reset();
      return {};
    }
    Received received;
    GstMapInfo map{};
    GstBuffer* buffer = gst_sample_get_buffer(sample_);
    if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
      received.at_ns = now_ns();
      if (map.size >= sizeof(received.number)) std::memcpy(&received.number, map.data, sizeof(received.number));
      gst_buffer_unmap(buffer, &map);
    }
    return received;
  }
  bool done() override {
    if (sample_ != nullptr) gst_sample_unref(sample_);
    sample_ = nullptr;
    return true;
  }

 private:
  // shmsrc does not wait for its shmsink.
  void connect() {
    const std::string socket = ground_.directory + "/gstreamer";
    if (std::filesystem::exists(socket)) {
      pipeline_ = std::make_unique<Pipeline>("shmsrc is-live=true socket-path=" + socket + " ! " + caps_of(ground_) +
                                                 " ! appsink name=end sync=false max-buffers=2 drop=true",
                                             "end");
      if (pipeline_->end() != nullptr && pipeline_->play()) return;
      pipeline_.reset();
    }
    sleep_until_ns(now_ns() + 5'000'000);
  }

  Ground ground_;
  std::unique_ptr<Pipeline> pipeline_;
  GstSample* sample_ = nullptr;
};

class GStreamer final : public Way {
 public:
  explicit GStreamer(const Ground& ground) : ground_(ground) {}
  std::unique_ptr<Writer> make_writer(std::string& why) override {
    gst_init(nullptr, nullptr);
    auto writer = std::make_unique<GStreamerWriter>(ground_);
    why = writer->pipeline().why();
    if (why.empty() && !writer->pipeline().play()) why = "The pipeline with shmsink does not start.";
    if (!why.empty()) return nullptr;
    return writer;
  }
  std::unique_ptr<Reader> make_reader(std::size_t, std::string&) override {
    gst_init(nullptr, nullptr);
    // shmsrc complains of itself when its shmsink does not listen yet; it is started again.
    g_log_set_default_handler([](const gchar*, GLogLevelFlags, const gchar*, gpointer) {}, nullptr);
    return std::make_unique<GStreamerReader>(ground_);
  }

 private:
  Ground ground_;
};

}  // namespace

std::unique_ptr<Way> make_gstreamer(const Ground& ground) { return std::make_unique<GStreamer>(ground); }

}  // namespace bench
