// What the commands that play and write video share of GStreamer. Only they start it: that takes a moment.
#pragma once

#include <gst/gst.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <geyser/error.hpp>

namespace geyser::tool {

struct GstUnref {
  void operator()(GstElement* element) const noexcept { gst_object_unref(element); }
  void operator()(GstBus* bus) const noexcept { gst_object_unref(bus); }
  void operator()(GstPad* pad) const noexcept { gst_object_unref(pad); }
  void operator()(GstCaps* caps) const noexcept { gst_caps_unref(caps); }
  void operator()(GstBuffer* buffer) const noexcept { gst_buffer_unref(buffer); }
  void operator()(GstMessage* message) const noexcept { gst_message_unref(message); }
  void operator()(GstSample* sample) const noexcept { gst_sample_unref(sample); }
};
template <typename T>
using GstPtr = std::unique_ptr<T, GstUnref>;

// Errors: not_available (no working GStreamer, and why).
[[nodiscard]] Result<void> start_gstreamer();
// Installed, and not switched off by $GST_PLUGIN_FEATURE_RANK.
[[nodiscard]] bool has_encoder(const char* name);

// A pipeline that stops when it goes out of scope.
class Pipeline {
 public:
  Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline();

  // Makes an element and links it behind the last one that has been added.
  // Errors: not_available (it is not installed: the package that has it).
  [[nodiscard]] Result<GstElement*> add(const char* name);
  // As add(), not linked to what is there: the next one follows it.
  [[nodiscard]] Result<GstElement*> add_apart(const char* name);
  // Lets nothing pass but `caps`.
  [[nodiscard]] Result<GstElement*> add_filter(const GstCaps* caps);

  [[nodiscard]] bool set_state(GstState state);
  // The next message of these types within the time limit; codecs that are reported missing are noted on the way.
  [[nodiscard]] GstPtr<GstMessage> wait(GstMessageType types, std::chrono::nanoseconds timeout);
  // What stopped the pipeline, in one sentence that begins with `what` ("Video [x] cannot be played"). `message` may be
  // null: nobody said.
  // Codes: not_available for missing codecs, with their packages; else operating_system.
  [[nodiscard]] GeyserError error(const std::string& what, GstMessage* message) const;
  [[nodiscard]] GstElement* element() const noexcept { return pipeline_.get(); }

 private:
  struct Missing {
    std::string what;
    std::string package;
  };
  GstPtr<GstElement> pipeline_;
  GstPtr<GstBus> bus_;
  GstElement* last_ = nullptr;
  std::vector<Missing> missing_;
};

}  // namespace geyser::tool
