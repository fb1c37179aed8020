// A shared texture in Vulkan.
#pragma once

#include <memory>
#include <optional>

#include <geyser/texture.hpp>
#include <geyser/vulkan.hpp>

#include "vulkan/commands.hpp"
#include "vulkan/image.hpp"
#include "vulkan/staging.hpp"

namespace geyser::vulkan {

class VulkanTexture final : public SharedTexture {
 public:
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Device>& device,
                                                       const TextureDescriptor& descriptor, const Agreement& agreement,
                                                       TextureUsage supported);
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Device>& device,
                                                       ApiTextureHandle&& parcel, TextureUsage supported);
  static Result<std::unique_ptr<SharedTexture>> adopt(const std::shared_ptr<Device>& device,
                                                      const TextureDescriptor& descriptor, const AdoptInfo& info);

  const std::shared_ptr<Device>& device() const noexcept { return device_; }
  NativeTexture native() const noexcept;

 private:
  VulkanTexture(Init init, std::shared_ptr<Device> device, Image image);
  Result<void> record();
  Result<void> add_staging(OwnedHandle memory);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  std::shared_ptr<Device> device_;
  Image image_;
  VkImageUsageFlags usage_ = 0;
  std::optional<Staging> staging_;
  // Taken from the outside with the contents kept, or discarded; given back.
  Commands acquire_;
  Commands acquire_discard_;
  Commands release_;
  std::uint32_t holders_ = 0;        // open accesses: the first acquires, the last releases
  bool keep_first_ = false;          // an adopted image that has contents and is still ours
  bool private_contents_ = false;    // the copied path's own image has been filled before
  Ticket last_upload_ = 0;
};

}  // namespace geyser::vulkan
