#include "vulkan/manager.hpp"

#include <utility>

#include "common/text.hpp"
#include "vulkan/capabilities.hpp"
#include "vulkan/fence.hpp"
#include "vulkan/format.hpp"
#include "vulkan/texture.hpp"

namespace geyser::vulkan {

using detail::text;

VulkanManager::VulkanManager(std::shared_ptr<Device> device)
    : TextureShareManager(probe_capabilities(*device)), device_(std::move(device)) {}

TextureUsage VulkanManager::usages(const TextureDescriptor& descriptor, HandleKind kind) const {
  for (const TextureCapability& row : capabilities().textures) {
    if (row.format == descriptor.format && row.handle_kind == kind &&
        (row.dimensions & dimension_bit(descriptor.dimension)) != 0) {
      return row.usages;
    }
  }
  return descriptor.usage;
}

Result<std::unique_ptr<SharedTexture>> VulkanManager::do_create(const TextureDescriptor& descriptor,
                                                                const Agreement& agreement) {
  return VulkanTexture::create(device_, descriptor, agreement, usages(descriptor, agreement.handle_kind));
}

Result<std::unique_ptr<SharedTexture>> VulkanManager::do_import(ApiTextureHandle&& parcel) {
  const TextureUsage supported = usages(parcel.descriptor, parcel.kind);
  return VulkanTexture::import(device_, std::move(parcel), supported);
}

Result<std::shared_ptr<SharedFence>> VulkanManager::do_create_fence(FenceKind kind) {
  return vulkan::create_fence(device_, kind);
}

Result<std::shared_ptr<SharedFence>> VulkanManager::do_import_fence(FenceHandle&& handle) {
  return vulkan::import_fence(device_, std::move(handle));
}

bool VulkanManager::owns(const SharedTexture& texture) const noexcept {
  return texture.api() == Api::vulkan && static_cast<const VulkanTexture&>(texture).device() == device_;
}

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  auto device = Device::create(options);
  if (!device) return fail(std::move(device.error()).during("creating a Vulkan manager"));
  return std::make_unique<VulkanManager>(*std::move(device));
}

Result<std::unique_ptr<TextureShareManager>> wrap_device(const WrapOptions& options) {
  auto device = Device::wrap(options);
  if (!device) return fail(std::move(device.error()).during("wrapping a Vulkan device"));
  return std::make_unique<VulkanManager>(*std::move(device));
}

Result<DeviceRequirements> device_requirements(VkInstance instance, VkPhysicalDevice physical_device,
                                               PFN_vkGetInstanceProcAddr get_instance_proc_addr) {
  platform::DynamicLibrary library;
  if (get_instance_proc_addr == nullptr) {
    auto loader = open_loader();
    if (!loader) return fail(std::move(loader.error()));
    library = *std::move(loader);
    get_instance_proc_addr = reinterpret_cast<PFN_vkGetInstanceProcAddr>(library.symbol("vkGetInstanceProcAddr"));
    if (get_instance_proc_addr == nullptr) {
      return fail(ErrorCode::not_available, "The Vulkan loader has no vkGetInstanceProcAddr.");
    }
  }
  auto functions = load_instance(get_instance_proc_addr, instance);
  if (!functions) return fail(std::move(functions.error()));
  VkPhysicalDeviceSamplerYcbcrConversionFeatures ycbcr{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SAMPLER_YCBCR_CONVERSION_FEATURES, nullptr, VK_FALSE};
  VkPhysicalDeviceTimelineSemaphoreFeatures timeline{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
                                                     &ycbcr, VK_FALSE};
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &timeline, {}};
  functions->vkGetPhysicalDeviceFeatures2(physical_device, &features);
  return DeviceRequirements{supported_extensions(*functions, physical_device), timeline.timelineSemaphore == VK_TRUE,
                            ycbcr.samplerYcbcrConversion == VK_TRUE};
}

Result<NativeDevice> native(const TextureShareManager& manager) {
  if (manager.capabilities().api != Api::vulkan) {
    return fail(ErrorCode::invalid_argument,
                text("The manager is of API [", to_string(manager.capabilities().api), "], not [vulkan]."));
  }
  return static_cast<const VulkanManager&>(manager).device()->native();
}

Result<NativeTexture> native(const SharedTexture& texture) {
  if (texture.api() != Api::vulkan) {
    return fail(ErrorCode::invalid_argument,
                text("The texture is of API [", to_string(texture.api()), "], not [vulkan]."));
  }
  return static_cast<const VulkanTexture&>(texture).native();
}

Result<AccessState> submit_access(SharedTexture& texture, AccessMode mode, const AccessState& state,
                                  std::span<const VkCommandBuffer> command_buffers) {
  if (texture.api() != Api::vulkan) {
    return fail(ErrorCode::invalid_argument,
                text("The texture is of API [", to_string(texture.api()), "], not [vulkan]."));
  }
  if (command_buffers.size() > max_access_commands) {
    return fail(
        ErrorCode::invalid_argument,
        text("[", command_buffers.size(), "] command buffers are more than the limit [", max_access_commands, "]."));
  }
  return static_cast<VulkanTexture&>(texture).submit_access(mode, state, command_buffers);
}

Result<std::unique_ptr<SharedTexture>> adopt_image(TextureShareManager& manager, const TextureDescriptor& descriptor,
                                                   const AdoptInfo& info) {
  if (manager.capabilities().api != Api::vulkan) {
    return fail(ErrorCode::invalid_argument,
                text("The manager is of API [", to_string(manager.capabilities().api), "], not [vulkan]."));
  }
  if (auto valid = validate(descriptor); !valid) return fail(std::move(valid.error()));
  if (info.image == VK_NULL_HANDLE || info.memory == VK_NULL_HANDLE || info.allocation_size == 0) {
    return fail(ErrorCode::invalid_argument, "Image, memory and allocation size must all be given.");
  }
  if (info.kind != HandleKind::opaque_fd || info.tiling != VK_IMAGE_TILING_OPTIMAL) {
    return fail(
        GeyserError(ErrorCode::unsupported, text("An image of handle kind [", to_string(info.kind), "] with tiling [",
                                                 static_cast<int>(info.tiling), "] cannot be adopted."))
            .suggest("handle kind [opaque_fd] with VK_IMAGE_TILING_OPTIMAL"));
  }
  return VulkanTexture::adopt(static_cast<VulkanManager&>(manager).device(), descriptor, info);
}

}  // namespace geyser::vulkan
