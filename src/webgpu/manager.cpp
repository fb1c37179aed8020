// The WebGPU manager: the front's checks are done, so it only routes.
#include <geyser/webgpu.hpp>

#include <utility>

#include "common/text.hpp"
#include "platform/kernel_fence.hpp"
#include "webgpu/capabilities.hpp"
#include "webgpu/device.hpp"
#include "webgpu/external_fence.hpp"
#include "webgpu/fence.hpp"
#include "webgpu/texture.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

class WebGpuManager final : public TextureShareManager {
 public:
  explicit WebGpuManager(std::shared_ptr<Device> device)
      : TextureShareManager(probe_capabilities(*device)), device_(std::move(device)) {}
  const std::shared_ptr<Device>& device() const noexcept { return device_; }

 private:
  // All that the format has: its first row is this device's own.
  TextureUsage usages_of(TextureFormat format) const {
    for (const TextureCapability& row : capabilities().textures) {
      if (row.format == format) return row.usages;
    }
    return TextureUsage::none;
  }
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor, const Agreement&) override {
    return WebGpuTexture::create(device_, descriptor, usages_of(descriptor.format));
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    const TextureUsage usages = usages_of(parcel.descriptor.format);
    return WebGpuTexture::import(device_, std::move(parcel), usages);
  }
  // The front lets only exportable kinds through: host_timeline and sync_file.
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    return platform::create_platform_fence(kind);
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    const bool platforms = handle.kind == FenceKind::host_timeline || handle.kind == FenceKind::sync_file;
    return platforms ? platform::import_platform_fence(std::move(handle))
                     : webgpu::import_fence(device_, std::move(handle));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override {
    return static_cast<WebGpuTexture&>(to).copy_from(static_cast<WebGpuTexture&>(from));
  }
  bool relays(FenceKind kind) const noexcept override { return relays_fences(*device_, kind); }
  bool owns(const SharedTexture& texture) const noexcept override {
    return static_cast<const WebGpuTexture&>(texture).device() == device_;
  }

  std::shared_ptr<Device> device_;
};

tl::unexpected<GeyserError> wrong_api(const char* what, Api api) {
  return fail(ErrorCode::invalid_argument, text("The ", what, " is of API [", to_string(api), "], not [webgpu]."));
}

}  // namespace

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  auto device = Device::create(options);
  if (!device) return fail(std::move(device.error()).during("creating a WebGPU manager"));
  return std::make_unique<WebGpuManager>(*std::move(device));
}

Result<std::unique_ptr<TextureShareManager>> wrap_device(const WrapOptions& options) {
  auto device = Device::wrap(options);
  if (!device) return fail(std::move(device.error()).during("wrapping a WebGPU device"));
  return std::make_unique<WebGpuManager>(*std::move(device));
}

Result<std::vector<WGPUFeatureName>> device_requirements(WGPUAdapter adapter, GetProcAddress get_proc_address) {
  if (adapter == nullptr) return fail(ErrorCode::invalid_argument, "The adapter is null.");
  auto loader = load(get_proc_address);
  if (!loader) return fail(std::move(loader.error()));
  return wanted_features(loader->functions, adapter);
}

Result<NativeDevice> native(const TextureShareManager& manager) {
  if (manager.capabilities().api != Api::webgpu) return wrong_api("manager", manager.capabilities().api);
  return static_cast<const WebGpuManager&>(manager).device()->native();
}

Result<NativeTexture> native(const SharedTexture& texture) {
  if (texture.api() != Api::webgpu) return wrong_api("texture", texture.api());
  return static_cast<const WebGpuTexture&>(texture).native();
}

WGPUProc get_procedure(const TextureShareManager& manager, const char* name) {
  if (manager.capabilities().api != Api::webgpu) return nullptr;
  return static_cast<const WebGpuManager&>(manager).device()->get_proc_address()({name, WGPU_STRLEN});
}

}  // namespace geyser::webgpu
