// One way to hand a frame from process to process and back. Both processes run the same program; the child is forked
// before any Vulkan call, and the two talk over one socket pair.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Settings {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t frames = 0;
  std::uint32_t warm_up = 0;
  std::uint32_t device_index = 0;
};

// What one run of one method gave, measured in the producer: from before it writes frame n to when it knows that the
// consumer has read it.
struct Outcome {
  std::vector<double> microseconds;  // one round trip each
  std::string sync;                  // how the two waited for each other
};

// Consumers give how many frames had another number than the one written.
// Each runs in a fresh process (its own Vulkan instance) and throws std::runtime_error when it cannot.
Outcome run_producer_floor(const Settings& settings, int socket);
std::uint64_t run_consumer_floor(const Settings& settings, int socket);
Outcome run_producer_geyser(const Settings& settings, int socket);
std::uint64_t run_consumer_geyser(const Settings& settings, int socket);
Outcome run_producer_host_copy(const Settings& settings, int socket);
std::uint64_t run_consumer_host_copy(const Settings& settings, int socket);

}  // namespace bench
