#include <cstdlib>
#include <cstring>

#include "platform/shared_memory.hpp"
#include "support/end.hpp"
#include "support/system.hpp"
#include "vulkan/manager.hpp"
#include "vulkan/staging.hpp"
#include "vulkan/texture.hpp"

namespace geyser::test {

namespace {

// Pixels go through the copied path's own commands, which the pair host-vulkan proves against plain bytes.
class VulkanEnd final : public End {
 public:
  explicit VulkanEnd(const std::string& name) : End(name) {}
  Result<void> open(Validation validation) {
    vulkan::Options options;
    options.validation = validation == Validation::on && has_validation_layer();
    options.diagnostics = collector();
    options.device.device_uuid = chosen_gpu();
    const OnDriver driver(name());
    auto manager = vulkan::create_manager(options);
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
    expect_misjudged_modifiers(misjudges_modifiers(*manager_));
    return {};
  }
  TextureShareManager& manager() override { return *manager_; }
  void close() override { manager_.reset(); }

  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) override {
    auto copy = stage(texture);
    if (!copy) return fail(std::move(copy.error()));
    std::memcpy(copy->memory.bytes().data(), bytes.data(), bytes.size());
    copy->staging.upload();
    const VkCommandBuffer commands = copy->staging.to_image();
    return finish(copy->device->submit({}, {&commands, 1}, nullptr), *copy->device);
  }

  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    auto copy = stage(texture);
    if (!copy) return fail(std::move(copy.error()));
    const VkCommandBuffer commands = copy->staging.from_image();
    if (auto done = finish(copy->device->submit({}, {&commands, 1}, nullptr), *copy->device); !done) {
      return fail(std::move(done.error()));
    }
    copy->staging.download();
    const auto bytes = copy->memory.bytes();
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  }

  Result<void> settle() override { return settle_vulkan(*manager_); }

 private:
  struct Copy {
    std::shared_ptr<vulkan::Device> device;
    platform::MappedMemory memory;
    vulkan::Staging staging;
  };
  static Result<Copy> stage(SharedTexture& texture) {
    const auto& device = static_cast<vulkan::VulkanTexture&>(texture).device();
    const std::uint64_t size = host_size(texture.descriptor());
    auto handle = platform::create_shared_memory(size);
    if (!handle) return fail(std::move(handle.error()));
    auto memory = platform::map_shared_memory(handle->get(), size);
    if (!memory) return fail(std::move(memory.error()));
    auto native = vulkan::native(texture);
    auto staging = vulkan::Staging::create(device, texture.descriptor(), native->image, *std::move(handle));
    if (!staging) return fail(std::move(staging.error()));
    return Copy{device, *std::move(memory), *std::move(staging)};
  }
  static Result<void> finish(Result<vulkan::Ticket> ticket, const vulkan::Device& device) {
    if (!ticket) return fail(std::move(ticket.error()));
    return device.wait(*ticket, std::chrono::seconds(20));
  }

  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_vulkan_end(const std::string& name, Validation validation) {
  auto end = std::make_unique<VulkanEnd>(name);
  if (auto opened = end->open(validation); !opened) return fail(std::move(opened.error()));
  return end;
}

bool misjudges_modifiers(const TextureShareManager& vulkan) {
  const auto device = vulkan::native(vulkan);
  const auto ask = reinterpret_cast<PFN_vkGetPhysicalDeviceFormatProperties2>(
      device->get_instance_proc_addr(device->instance, "vkGetPhysicalDeviceFormatProperties2"));
  VkDrmFormatModifierPropertiesList2EXT list{VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_2_EXT, nullptr, 0,
                                             nullptr};
  VkFormatProperties2 properties{VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, &list, {}};
  ask(device->physical_device, VK_FORMAT_R8G8B8A8_UNORM, &properties);
  return list.drmFormatModifierCount == 0;
}

Result<void> settle_vulkan(TextureShareManager& manager) {
  auto& device = *static_cast<vulkan::VulkanManager&>(manager).device();
  auto ticket = device.submit({}, {}, nullptr);
  if (!ticket) return fail(std::move(ticket.error()));
  auto done = device.wait(*ticket, std::chrono::seconds(20));
  device.collect_garbage();
  return done;
}

}  // namespace geyser::test
