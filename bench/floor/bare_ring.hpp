// How the hand-written ways set their ring up: images and semaphores through a socket.
#pragma once

#include <vector>

#include "bare_image.hpp"
#include "way.hpp"

namespace bench {

struct RingSetUp {
  VkDeviceSize size = 0;
  std::uint32_t memory_type = 0;
  std::uint32_t timeline = 0;  // 0: no semaphores come, CPUs wait
  std::array<std::uint8_t, 16> uuid{};
};

struct ReceivedRing {
  RingSetUp setup;
  std::vector<int> images;
  int handed = -1;  // the producer's timeline: frame n is written
  int taken = -1;   // this consumer's: frame n is read
};
ReceivedRing receive_ring(int socket, const Scene& scene);

inline VkFormat format_of(const Scene& scene) {
  return scene.wide ? VK_FORMAT_R16G16B16A16_SFLOAT : VK_FORMAT_R8G8B8A8_UNORM;
}

}  // namespace bench
