#include "vulkan/sync_file.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "vulkan/device.hpp"
#include "vulkan/error.hpp"

namespace geyser::vulkan {

namespace {

constexpr auto sync_fd = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT;

Result<VkSemaphore> create(const Device& device, bool exportable) {
  const VkExportSemaphoreCreateInfo export_info{VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO, nullptr, sync_fd};
  const VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, exportable ? &export_info : nullptr, 0};
  VkSemaphore semaphore = VK_NULL_HANDLE;
  if (const VkResult result = device.functions().vkCreateSemaphore(device.handle(), &info, nullptr, &semaphore);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkCreateSemaphore"));
  }
  return semaphore;
}

}  // namespace

SyncFiles::~SyncFiles() {
  for (const Kind* kind : {&opened_, &made_}) {
    for (const VkSemaphore semaphore : kind->idle) {
      device_.functions().vkDestroySemaphore(device_.handle(), semaphore, nullptr);
    }
    for (const Kind::Queued& queued : kind->queued) {
      device_.functions().vkDestroySemaphore(device_.handle(), queued.semaphore, nullptr);
    }
  }
}

Result<VkSemaphore> SyncFiles::take(Kind& kind) {
  const std::lock_guard lock(mutex_);
  if (kind.idle.empty() && !kind.queued.empty()) {
    const std::uint64_t done = device_.completed();
    const auto pending = std::find_if(kind.queued.begin(), kind.queued.end(),
                                      [done](const Kind::Queued& queued) { return queued.ticket > done; });
    for (auto queued = kind.queued.begin(); queued != pending; ++queued) kind.idle.push_back(queued->semaphore);
    kind.queued.erase(kind.queued.begin(), pending);
  }
  if (kind.idle.empty()) return create(device_, kind.exportable);
  const VkSemaphore semaphore = kind.idle.back();
  kind.idle.pop_back();
  return semaphore;
}

Result<VkSemaphore> SyncFiles::make() { return take(made_); }

Result<VkSemaphore> SyncFiles::open(OwnedHandle& sync_file) {
  auto semaphore = take(opened_);
  if (!semaphore) return semaphore;
  const VkImportSemaphoreFdInfoKHR info{VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,
                                        nullptr,
                                        *semaphore,
                                        VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
                                        sync_fd,
                                        static_cast<int>(sync_file.get())};
  if (const VkResult result = device_.functions().vkImportSemaphoreFdKHR(device_.handle(), &info);
      result != VK_SUCCESS) {
    const std::lock_guard lock(mutex_);
    opened_.idle.push_back(*semaphore);
    return fail(make_error(result, "vkImportSemaphoreFdKHR").during("opening a sync file"));
  }
  static_cast<void>(sync_file.detach());  // the driver's now
  return semaphore;
}

Result<OwnedHandle> SyncFiles::export_from(VkSemaphore semaphore) {
  const VkSemaphoreGetFdInfoKHR info{VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR, nullptr, semaphore, sync_fd};
  int fd = -1;
  if (const VkResult result = device_.functions().vkGetSemaphoreFdKHR(device_.handle(), &info, &fd);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetSemaphoreFdKHR").during("exporting a sync file"));
  }
  return fd < 0 ? OwnedHandle() : OwnedHandle::adopt(HandleKind::sync_file, fd);
}

void SyncFiles::opened_is_queued(VkSemaphore semaphore, std::uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  opened_.queued.push_back({semaphore, ticket});
}

void SyncFiles::made_is_queued(VkSemaphore semaphore, std::uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  made_.queued.push_back({semaphore, ticket});
}

void SyncFiles::discard(VkSemaphore semaphore) {
  device_.destroy_later(
      [device = &device_, semaphore] { device->functions().vkDestroySemaphore(device->handle(), semaphore, nullptr); });
}

FenceCapability probe_sync_files(Device& device) {
  FenceCapability capability{FenceKind::sync_file, false, false, true};
  SyncFiles* const sync_files = device.sync_files();
  if (sync_files == nullptr) return capability;
  const VkPhysicalDeviceExternalSemaphoreInfo info{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO, nullptr,
                                                   sync_fd};
  VkExternalSemaphoreProperties properties{VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES, nullptr, 0, 0, 0};
  device.instance_functions().vkGetPhysicalDeviceExternalSemaphoreProperties(device.native().physical_device, &info,
                                                                             &properties);
  constexpr VkExternalSemaphoreFeatureFlags both =
      VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT;
  if ((properties.externalSemaphoreFeatures & both) != both) return capability;
  auto made = sync_files->make();
  if (!made) return capability;
  const SemaphoreUse signal{*made, 0};
  auto first = device.submit({}, {}, &signal);
  auto exported = first ? sync_files->export_from(*made) : fail(GeyserError(first.error()));
  if (!exported) {
    sync_files->discard(*made);
    return capability;
  }
  sync_files->made_is_queued(*made, *first);
  // Empty, as Vulkan's -1, is a sync file as well.
  auto opened = sync_files->open(*exported);
  if (!opened) return capability;
  const SemaphoreUse wait{*opened, 0};
  const auto second = device.submit({&wait, 1}, {}, nullptr);
  if (!second) {
    sync_files->discard(*opened);
    return capability;
  }
  sync_files->opened_is_queued(*opened, *second);
  const bool works = device.wait(*second, std::chrono::seconds(1)).has_value();
  device.set_sync_files_work(works);
  capability.exportable = capability.importable = works;
  return capability;
}

}  // namespace geyser::vulkan
