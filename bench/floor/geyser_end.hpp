// One end of a way through Geyser: a manager, and the work of a frame inside an open access.
#pragma once

#include <memory>
#include <string>

#include <geyser/geyser.hpp>
#include <geyser/vulkan.hpp>

#include "way.hpp"
#include "work.hpp"

namespace bench {

template <typename T>
T must(geyser::Result<T>&& result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class GeyserEnd {
 public:
  virtual ~GeyserEnd() = default;
  virtual const std::shared_ptr<geyser::TextureShareManager>& manager() const = 0;
  // Queues the work on a texture that is open; gives the turn's place.
  virtual std::uint32_t work(geyser::SharedTexture& texture) = 0;
  // Of the producer's turns: the stamp that is written. Of a consumer's: waits for it, and gives what was read.
  virtual std::uint32_t stamp(std::uint32_t place) = 0;
  virtual std::uint32_t finish(std::uint32_t place) = 0;
};

class VulkanEnd final : public GeyserEnd {
 public:
  VulkanEnd(const Scene& scene, Role role);
  const std::shared_ptr<geyser::TextureShareManager>& manager() const override { return manager_; }
  std::uint32_t work(geyser::SharedTexture& texture) override;
  std::uint32_t stamp(std::uint32_t place) override { return Work::stamp({VK_NULL_HANDLE, VK_NULL_HANDLE, place}); }
  std::uint32_t finish(std::uint32_t place) override;
  // One whole access in one submission, acquire and release being recorded in it.
  geyser::AccessState access(geyser::SharedTexture& texture, const geyser::AccessState& state, std::uint32_t& place);
  // For an access that was begun deferred: the same in the submission that ends it.
  std::uint32_t add(geyser::SharedTexture& texture);
  std::uint32_t read(std::uint32_t place) const { return work_.read(place); }

 private:
  Role role_;
  std::shared_ptr<geyser::TextureShareManager> manager_;
  BareVulkan vulkan_;
  Work work_;
};

// Throws Unavailable where there is no CUDA. An allocator is a Vulkan manager of the scene's device.
enum class Allocator { none, vulkan };
std::unique_ptr<GeyserEnd> make_cuda_end(const Scene& scene, Allocator allocator);

geyser::TextureDescriptor descriptor_of(const Scene& scene);

}  // namespace bench
