// The two processes.
#pragma once

#include <string>

#include <geyser/channel.hpp>

namespace demo {

struct Settings {
  std::string picture;
  std::string output = "demo.png";
  std::string from = "vulkan";
  std::string to = "opengl";
  std::string fence;  // force this kind
  std::uint64_t frames = 300;
  bool json = false;
};

// Exit status for the process; the reason of a failure is on standard error.
int produce(geyser::Channel channel, const Settings& settings);
int consume(geyser::Channel channel, const Settings& settings);

}  // namespace demo
