// The Vulkan manager: the front's checks are done, so it only routes.
#pragma once

#include <memory>

#include <geyser/manager.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

class VulkanManager final : public TextureShareManager {
 public:
  explicit VulkanManager(std::shared_ptr<Device> device);
  const std::shared_ptr<Device>& device() const noexcept { return device_; }

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override;
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override;
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override;
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override;
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override;
  bool owns(const SharedTexture& texture) const noexcept override;

  std::shared_ptr<Device> device_;
};

}  // namespace geyser::vulkan
