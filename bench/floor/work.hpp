// The work of a frame in Vulkan, the same for every way: the producer writes a stamp to the last texel, a consumer
// reads it back. Command buffers are recorded once for each image and used in turns.
#pragma once

#include <functional>
#include <vector>

#include "bare_image.hpp"
#include "way.hpp"

namespace bench {

enum class Role { producer, consumer };

class Work {
 public:
  using Record = std::function<void(VkCommandBuffer)>;
  struct Turn {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    VkFence fence = VK_NULL_HANDLE;
    std::uint32_t at = 0;
    std::uint64_t done = 0;  // of done(), once this use of it is complete
  };

  Work(const BareVulkan& vulkan, const Scene& scene, Role role);
  // `before` and `after` record what stands around the work; called when an image is seen for the first time.
  Turn next(VkImage image, const Record& before = nullptr, const Record& after = nullptr);
  // The stamp that the producer's turn writes.
  static std::uint32_t stamp(const Turn& turn) { return (turn.at + 1) * 2654435761U; }
  // What the consumer's turn has read, when it is done.
  std::uint32_t read(std::uint32_t at) const { return buffer_.words[std::size_t{2} * at]; }
  // A timeline, signalled with each turn's number by whatever submits it.
  VkSemaphore done() const { return done_; }
  // Waits for the turn at this place, which was submitted so.
  void await(std::uint32_t at) const;

 private:
  static constexpr std::uint32_t uses = 4;  // of an image, until a stamp comes again
  struct Image {
    VkImage image;
    std::uint32_t used;
  };
  const BareVulkan& vulkan_;
  Scene scene_;
  Role role_;
  HostBuffer buffer_;
  std::vector<Image> images_;
  VkSemaphore done_ = VK_NULL_HANDLE;
  std::uint64_t turn_count_ = 0;
  std::vector<Turn> turns_;
};

}  // namespace bench
