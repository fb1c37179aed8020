#include "way.hpp"

namespace bench {

namespace {

class Absent final : public Way {
 public:
  std::unique_ptr<Writer> make_writer(std::string& why) override {
    why = "Built without GStreamer (libgstreamer-plugins-base1.0-dev).";
    return nullptr;
  }
  std::unique_ptr<Reader> make_reader(std::size_t, std::string& why) override {
    why = "Built without GStreamer (libgstreamer-plugins-base1.0-dev).";
    return nullptr;
  }
};

}  // namespace

std::unique_ptr<Way> make_gstreamer(const Ground&) { return std::make_unique<Absent>(); }

}  // namespace bench
