// One way to hand a frame from process to process and back. Both processes run the same program; each is forked before
// any Vulkan call, and the two talk over one socket pair.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace bench {

struct Settings {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t device_index = 0;
};

// The producer's or the consumer's end of one method. Frames count from 1. Everything throws std::runtime_error when it
// cannot.
class Side {
 public:
  virtual ~Side() = default;
  // Writes the frame's number, hands it over and returns when the consumer is known to have read it.
  virtual void produce(std::uint32_t frame) = 0;
  // Gives the number read.
  virtual std::uint32_t consume(std::uint32_t frame) = 0;
  // How the two wait for each other.
  virtual std::string sync() const = 0;
};

enum class Role { producer, consumer };
std::unique_ptr<Side> make_floor(const Settings& settings, int socket, Role role);
std::unique_ptr<Side> make_geyser(const Settings& settings, int socket, Role role);
std::unique_ptr<Side> make_geyser_submitted(const Settings& settings, int socket, Role role);
std::unique_ptr<Side> make_host_copy(const Settings& settings, int socket, Role role);

}  // namespace bench
