#include "vulkan/fence.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/drm_syncobj.hpp"
#include "platform/kernel_fence.hpp"
#include "vulkan/error.hpp"
#include "vulkan/external_semaphore.hpp"
#include "vulkan/sync_file.hpp"

namespace geyser::vulkan {

using detail::text;

namespace {

bool is_semaphore(FenceKind kind) noexcept { return is_timeline(kind) || tier_of(kind) == SyncTier::binary_semaphore; }

// The deferred destruction must not keep the device alive: the device runs it at the latest in its destructor.
void destroy_later(Device& owner, VkSemaphore semaphore) {
  owner.destroy_later(
      [device = &owner, semaphore] { device->functions().vkDestroySemaphore(device->handle(), semaphore, nullptr); });
}

}  // namespace

bool is_timeline(FenceKind kind) noexcept {
  return kind == FenceKind::opaque_fd_timeline || kind == FenceKind::opaque_win32_timeline ||
         kind == FenceKind::d3d12_fence || kind == FenceKind::metal_shared_event;
}

Result<VkSemaphore> make_semaphore(const Device& device, FenceKind kind, std::uint64_t value, const void* next) {
  const VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, next,
                                       is_timeline(kind) ? VK_SEMAPHORE_TYPE_TIMELINE : VK_SEMAPHORE_TYPE_BINARY,
                                       value};
  const VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type, 0};
  VkSemaphore semaphore = VK_NULL_HANDLE;
  if (const VkResult result = device.functions().vkCreateSemaphore(device.handle(), &info, nullptr, &semaphore);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkCreateSemaphore"));
  }
  return semaphore;
}

std::vector<FenceCapability> fence_capabilities(Device& device) {
  std::vector<FenceCapability> capabilities;
  for (const FenceKind kind : semaphore_fence_kinds()) {
    if (!device.extensions().external_semaphore) break;
    const FenceCapability capability = probe_semaphores(device, kind);
    if (capability.exportable || capability.importable) capabilities.push_back(capability);
  }
  if (const FenceCapability capability = probe_sync_files(device); capability.exportable) {
    // Its points come and go as sync files.
    if (platform::has_drm_syncobjs()) capabilities.push_back({FenceKind::drm_syncobj, true, true, true});
    capabilities.push_back(capability);
  }
  capabilities.push_back({FenceKind::host_timeline, true, true, false});
  return capabilities;
}

VulkanFence::VulkanFence(std::shared_ptr<Device> device, FenceKind kind, FenceId id, std::uint64_t value,
                         VkSemaphore semaphore)
    : SharedFence(kind, id, value), device_(std::move(device)), semaphore_(semaphore) {
  device_->add_fence(*this);
}

VulkanFence::~VulkanFence() {
  device_->remove_fence(*this);
  destroy_later(*device_, semaphore_);
}

Result<std::uint64_t> VulkanFence::do_completed_value() const {
  if (!is_timeline(kind())) {
    return fail(ErrorCode::unsupported, text("A fence of kind [", to_string(kind()), "] has no readable value."));
  }
  std::uint64_t value = 0;
  if (const VkResult result = device_->functions().vkGetSemaphoreCounterValue(device_->handle(), semaphore_, &value);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetSemaphoreCounterValue"));
  }
  return value;
}

Result<void> VulkanFence::do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  if (!is_timeline(kind())) {
    return fail(ErrorCode::unsupported, text("A CPU cannot wait for a fence of kind [", to_string(kind()), "]."));
  }
  const VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, nullptr, 0, 1, &semaphore_, &value};
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
  const VkResult result = device_->functions().vkWaitSemaphores(device_->handle(), &info, limit);
  if (result == VK_TIMEOUT) {
    return fail(ErrorCode::timeout,
                text("Fence value [", value, "] is not signalled after [", limit / 1000000, "] ms."));
  }
  if (result != VK_SUCCESS) return fail(make_error(result, "vkWaitSemaphores"));
  return {};
}

Result<void> VulkanFence::do_signal(std::uint64_t value) {
  if (is_timeline(kind())) {
    const VkSemaphoreSignalInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, nullptr, semaphore_, value};
    if (const VkResult result = device_->functions().vkSignalSemaphore(device_->handle(), &info);
        result != VK_SUCCESS) {
      return fail(make_error(result, "vkSignalSemaphore"));
    }
    return {};
  }
  const SemaphoreUse use{semaphore_, value};
  if (auto ticket = device_->submit({}, {}, &use); !ticket) return fail(std::move(ticket.error()));
  return {};
}

Result<FenceHandle> VulkanFence::do_export() const {
  auto exported = export_semaphore(*device_, kind(), semaphore_);
  if (!exported) return fail(std::move(exported.error()));
  FenceHandle handle;
  handle.kind = kind();
  handle.id = id();
  handle.handle = *std::move(exported);
  return handle;
}

Result<void> VulkanFence::do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t) {
  if (after.kind() != HandleKind::opaque_fd) {
    return fail(GeyserError(ErrorCode::unsupported,
                            text("A handle of kind [", to_string(after.kind()), "] cannot be waited for here."))
                    .suggest("handle kind [opaque_fd]"));
  }
  auto semaphore = import_semaphore(*device_, FenceKind::opaque_fd_binary, after);
  if (!semaphore) return fail(std::move(semaphore.error()));
  const SemaphoreUse wait{*semaphore, 0};
  const SemaphoreUse signal{semaphore_, value};
  auto ticket = device_->submit({&wait, 1}, {}, &signal);
  destroy_later(*device_, *semaphore);
  if (!ticket) return fail(std::move(ticket.error()));
  return {};
}

Result<OwnedHandle> VulkanFence::do_forward(std::uint64_t value) const {
  auto semaphore = create_external_semaphore(*device_, FenceKind::opaque_fd_binary);
  if (!semaphore) return fail(std::move(semaphore.error()));
  const SemaphoreUse wait{semaphore_, value};
  const SemaphoreUse signal{*semaphore, 0};
  auto ticket = device_->submit({&wait, 1}, {}, &signal);
  // Its payload lives on in the handle.
  auto handle =
      ticket ? export_semaphore(*device_, FenceKind::opaque_fd_binary, *semaphore) : fail(std::move(ticket.error()));
  destroy_later(*device_, *semaphore);
  return handle;
}

Result<std::shared_ptr<SharedFence>> create_fence(const std::shared_ptr<Device>& device, FenceKind kind) {
  if (!is_semaphore(kind)) return platform::create_platform_fence(kind);
  auto semaphore = create_external_semaphore(*device, kind);
  if (!semaphore) return fail(std::move(semaphore.error()));
  return std::make_shared<VulkanFence>(device, kind, 0, 0, *semaphore);
}

Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Device>& device, FenceHandle&& handle) {
  if (!is_semaphore(handle.kind)) return platform::import_platform_fence(std::move(handle));
  auto semaphore = import_semaphore(*device, handle.kind, handle.handle);
  if (!semaphore) return fail(std::move(semaphore.error()));
  return std::make_shared<VulkanFence>(device, handle.kind, handle.id, handle.value, *semaphore);
}

}  // namespace geyser::vulkan
