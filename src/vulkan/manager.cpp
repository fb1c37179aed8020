#include "vulkan/manager.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/capability_check.hpp"
#include "common/text.hpp"
#include "vulkan/capabilities.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/fence.hpp"
#include "vulkan/format.hpp"
#include "vulkan/texture.hpp"

namespace geyser::vulkan {

using detail::text;

VulkanManager::VulkanManager(std::shared_ptr<Device> device)
    : TextureShareManager(probe_capabilities(*device)), device_(std::move(device)) {}

namespace {

// Every usage that all of the rows in question have, not only those asked for: GL_EXT_memory_object cannot say which
// usages an image was made with, so OpenGL drivers assume each one that the format has, and place the image
// differently otherwise (seen on radeonsi).
TextureUsage common_usages(const Capabilities& capabilities, const TextureDescriptor& descriptor, HandleKind kind,
                           Tiling tiling, std::span<const std::uint64_t> modifiers) {
  TextureUsage usages = all_texture_usages;
  for (const TextureCapability& row : capabilities.textures) {
    if (row.format == descriptor.format && row.handle_kind == kind && row.tiling == tiling &&
        (row.dimensions & dimension_bit(descriptor.dimension)) != 0 &&
        (modifiers.empty() || std::find(modifiers.begin(), modifiers.end(), row.modifier) != modifiers.end())) {
      usages = usages & row.usages;
    }
  }
  return usages;
}

// Of `wanted`, or of all when it is empty.
std::vector<std::uint64_t> exportable_modifiers(const Capabilities& capabilities, const TextureDescriptor& descriptor,
                                                std::span<const std::uint64_t> wanted, bool disjoint) {
  std::vector<std::uint64_t> modifiers;
  for (const TextureCapability& row : capabilities.textures) {
    if (row.format != descriptor.format || row.handle_kind != HandleKind::dma_buf || (disjoint && !row.disjoint) ||
        !detail::missing_in(row, descriptor, detail::Direction::make).empty()) {
      continue;
    }
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), row.modifier) != wanted.end()) {
      modifiers.push_back(row.modifier);
    }
  }
  return modifiers;
}

}  // namespace

Result<std::unique_ptr<SharedTexture>> VulkanManager::do_create(const TextureDescriptor& descriptor,
                                                                const Agreement& agreement) {
  ImageRecipe recipe;
  recipe.external = agreement.handle_kind;
  recipe.dedicated = agreement.dedicated;
  recipe.flags = create_flags_of(descriptor.dimension);
  recipe.linear = agreement.handle_kind == HandleKind::opaque_fd && agreement.tiling == Tiling::linear;
  if (agreement.mutable_format && is_opaque_memory(agreement.handle_kind)) {
    static_assert(vulkan_mutable_format == VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT);
    recipe.flags |= vulkan_mutable_format;
  }
  if (agreement.handle_kind == HandleKind::dma_buf) {
    recipe.disjoint = agreement.disjoint;
    recipe.modifiers = exportable_modifiers(capabilities(), descriptor, agreement.modifiers, agreement.disjoint);
    if (recipe.modifiers.empty()) {
      return fail(ErrorCode::unsupported, text("None of the agreement's modifiers can be exported by this device",
                                               agreement.disjoint ? " with a buffer for each plane." : "."));
    }
  }
  recipe.usage =
      to_vulkan(common_usages(capabilities(), descriptor, agreement.handle_kind, agreement.tiling, recipe.modifiers));
  if (agreement.handle_kind == HandleKind::host_memory && agreement.tiling == Tiling::linear) {
    recipe.in_place = true;
    return VulkanTexture::create_in_place(device_, descriptor, recipe, agreement.row_alignment);
  }
  return VulkanTexture::create(device_, descriptor, recipe);
}

Result<std::unique_ptr<SharedTexture>> VulkanManager::do_import(ApiTextureHandle&& parcel) {
  ImageRecipe recipe;
  recipe.external = parcel.kind;
  recipe.flags = create_flags_of(parcel.descriptor.dimension);
  std::vector<std::uint64_t> modifiers;
  if (parcel.kind == HandleKind::dma_buf) {
    modifiers.push_back(parcel.layout.modifier);
    const auto row = detail::find_row(capabilities(), parcel);
    recipe.disjoint = row && (*row)->disjoint;
    recipe.dedicated = row && (*row)->requires_dedicated;
  }
  if (is_direct3d_memory(parcel.kind)) recipe.direct3d = handle_type_of(parcel);
  recipe.in_place = parcel.kind == HandleKind::host_memory && parcel.layout.tiling == Tiling::linear;
  recipe.usage =
      to_vulkan(common_usages(capabilities(), parcel.descriptor, parcel.kind, parcel.layout.tiling, modifiers));
  if (is_direct3d_memory(parcel.kind)) {
    // What Direct3D allows by flags it was given for; copies and sampling it always does.
    constexpr TextureUsage always =
        TextureUsage::sampled | TextureUsage::transfer_source | TextureUsage::transfer_destination;
    recipe.usage &= to_vulkan(parcel.descriptor.usage | always);
  }
  return VulkanTexture::import(device_, std::move(parcel), recipe);
}

Result<std::shared_ptr<SharedFence>> VulkanManager::do_create_fence(FenceKind kind) {
  return vulkan::create_fence(device_, kind);
}

Result<std::shared_ptr<SharedFence>> VulkanManager::do_import_fence(FenceHandle&& handle) {
  return vulkan::import_fence(device_, std::move(handle));
}

Result<void> VulkanManager::do_copy(SharedTexture& from, SharedTexture& to) {
  return static_cast<VulkanTexture&>(to).copy_from(static_cast<VulkanTexture&>(from));
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

namespace {

Result<void> check_commands(const SharedTexture& texture, std::span<const VkCommandBuffer> command_buffers) {
  if (texture.api() != Api::vulkan) {
    return fail(ErrorCode::invalid_argument,
                text("The texture is of API [", to_string(texture.api()), "], not [vulkan]."));
  }
  if (command_buffers.size() > max_access_commands) {
    return fail(
        ErrorCode::invalid_argument,
        text("[", command_buffers.size(), "] command buffers are more than the limit [", max_access_commands, "]."));
  }
  return {};
}

Result<void> check_recording(const SharedTexture& texture, VkCommandBuffer commands) {
  if (auto good = check_commands(texture, {&commands, 1}); !good) return good;
  if (commands == VK_NULL_HANDLE) return fail(ErrorCode::invalid_argument, "The command buffer is null.");
  return {};
}

Result<void> check_recorded(const SharedTexture& texture, std::span<const VkCommandBuffer> command_buffers) {
  if (auto good = check_commands(texture, command_buffers); !good) return good;
  if (command_buffers.empty()) {
    return fail(ErrorCode::invalid_argument,
                "An access without command buffers has recorded neither acquire nor release.");
  }
  return {};
}

}  // namespace

Result<AccessState> submit_access(SharedTexture& texture, AccessMode mode, const AccessState& state,
                                  std::span<const VkCommandBuffer> command_buffers, const Completion& completion) {
  if (auto good = check_commands(texture, command_buffers); !good) return fail(std::move(good.error()));
  return static_cast<VulkanTexture&>(texture).submit_access(mode, state,
                                                            {command_buffers, Barriers::submitted, completion});
}

Result<void> record_acquire(const SharedTexture& texture, AccessMode mode, VkCommandBuffer commands) {
  if (auto good = check_recording(texture, commands); !good) return good;
  static_cast<const VulkanTexture&>(texture).record_acquire(mode, commands);
  return {};
}

Result<void> record_release(const SharedTexture& texture, VkCommandBuffer commands) {
  if (auto good = check_recording(texture, commands); !good) return good;
  static_cast<const VulkanTexture&>(texture).record_release(commands);
  return {};
}

Result<AccessState> submit_recorded_access(SharedTexture& texture, AccessMode mode, const AccessState& state,
                                           std::span<const VkCommandBuffer> command_buffers,
                                           const Completion& completion) {
  if (auto good = check_recorded(texture, command_buffers); !good) return fail(std::move(good.error()));
  return static_cast<VulkanTexture&>(texture).submit_access(mode, state,
                                                            {command_buffers, Barriers::recorded, completion});
}

Result<void> add_commands(SharedTexture& texture, std::span<const VkCommandBuffer> command_buffers,
                          const Completion& completion) {
  if (auto good = check_commands(texture, command_buffers); !good) return good;
  return static_cast<VulkanTexture&>(texture).add_commands({command_buffers, Barriers::submitted, completion});
}

Result<void> add_recorded_commands(SharedTexture& texture, std::span<const VkCommandBuffer> command_buffers,
                                   const Completion& completion) {
  if (auto good = check_recorded(texture, command_buffers); !good) return good;
  return static_cast<VulkanTexture&>(texture).add_commands({command_buffers, Barriers::recorded, completion});
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
  const bool opaque = is_opaque_memory(info.kind) && info.tiling == VK_IMAGE_TILING_OPTIMAL;
  const bool modifier = info.kind == HandleKind::dma_buf && info.tiling == VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT;
  const bool object = info.kind == HandleKind::metal_shared_texture && info.tiling == VK_IMAGE_TILING_OPTIMAL;
  if (!opaque && !modifier && !object) {
    return fail(
        GeyserError(ErrorCode::unsupported, text("An image of handle kind [", to_string(info.kind), "] with tiling [",
                                                 static_cast<int>(info.tiling), "] cannot be adopted."))
            .suggest("handle kind [opaque_fd] with VK_IMAGE_TILING_OPTIMAL")
            .suggest("handle kind [dma_buf] with VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT"));
  }
  if ((info.create_flags & VK_IMAGE_CREATE_DISJOINT_BIT) != 0) {
    return fail(ErrorCode::unsupported, "A disjoint image has more than one memory and cannot be adopted.");
  }
  if (modifier && !static_cast<VulkanManager&>(manager).device()->extensions().dma_buf) {
    return fail(ErrorCode::unsupported, "The device was made without VK_EXT_image_drm_format_modifier.");
  }
  return VulkanTexture::adopt(static_cast<VulkanManager&>(manager).device(), descriptor, info);
}

}  // namespace geyser::vulkan
