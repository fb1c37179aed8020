// A producer and its consumers of one way, alive and idle until told to run a block of frames.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "process.hpp"
#include "ring_pages.hpp"
#include "way.hpp"

namespace bench {

struct Order {
  std::uint32_t frames = 0;
  // Frames that a consumer reads at once. 0: one, and the producer begins the next when all consumers have read the
  // last: what is measured then is latency.
  std::uint32_t window = 0;
};

struct Block {
  std::vector<double> latencies_us;  // of all consumers: from before produce() to when the frame is read
  std::vector<double> producer_us;   // CPU of produce(), by frame
  std::vector<double> consumer_us;   // CPU of take()
  double seconds = 0;                // from the first produce() to the last frame's being read by all
};

class Crew {
 public:
  // Forks all processes. At most `most_frames` in a block.
  Crew(const Way& way, const Scene& scene, std::uint32_t most_frames);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  // Waits until all are set up. False: why() says why not, and failed() whether that is a failure.
  bool await_ready();
  bool run(const Order& order, Block& block);
  std::string why() const;
  bool failed() const { return mail().unavailable == 0; }
  const std::string& sync() const { return sync_; }

 private:
  struct Cost {
    std::uint32_t latency_ns;
    std::uint32_t cpu_ns;
  };
  Mail& mail() const { return mail_[0]; }
  bool produce(Producer& producer, int control);
  bool consume(Consumer& consumer, std::size_t index, int control);
  template <typename Work>
  bool guard(Work work);
  bool answer_all();

  const Way& way_;
  Scene scene_;
  std::uint32_t most_frames_;
  SharedArray<Mail> mail_;
  SharedArray<RingPages> pages_;
  SharedArray<Cost> costs_;           // the producer's, then each consumer's
  SharedArray<std::uint64_t> times_;  // begin and end of the block
  std::vector<int> controls_;         // the producer's last
  std::vector<Process> processes_;
  std::string sync_;
};

}  // namespace bench
