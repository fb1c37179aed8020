#include "outside/placebo.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace geyser::test {

namespace {

pl_tex_params params_of(pl_gpu gpu, const char* format, Extent3D extent) {
  pl_tex_params params{};
  params.w = static_cast<int>(extent.width);
  params.h = static_cast<int>(extent.height);
  params.format = pl_find_named_fmt(gpu, format);
  params.sampleable = params.host_writable = params.host_readable = true;
  return params;
}

pl_tex_transfer_params transfer_of(pl_tex texture, void* rows, std::size_t pitch) {
  pl_tex_transfer_params transfer{};
  transfer.tex = texture;
  transfer.row_pitch = pitch;
  transfer.ptr = rows;
  return transfer;
}

}  // namespace

Result<std::unique_ptr<Placebo>> Placebo::create(const TextureShareManager& ours, const char* manifest) {
  std::unique_ptr<Placebo> placebo(new Placebo);
  const auto native = vulkan::native(ours);
  if (!native) return fail(GeyserError(native.error()));
  placebo->get_instance_proc_addr_ = native->get_instance_proc_addr;

  pl_log_params log{};
  log.log_level = PL_LOG_WARN;
  log.log_priv = &placebo->messages_;
  log.log_cb = [](void* messages, pl_log_level, const char* message) {
    static_cast<std::vector<std::string>*>(messages)->emplace_back(message);
  };
  placebo->log_ = pl_log_create(PL_API_VER, &log);

  pl_vulkan_params params = pl_vulkan_default_params;
  params.allow_software = true;
  std::ranges::copy(ours.capabilities().identity.device_uuid, params.device_uuid);
  // The loader reads the variable whenever an instance is made.
  if (manifest != nullptr) setenv("VK_DRIVER_FILES", manifest, 1);
  placebo->vulkan_ = pl_vulkan_create(placebo->log_, &params);
  if (manifest != nullptr) unsetenv("VK_DRIVER_FILES");
  if (placebo->vulkan_ == nullptr) {
    return fail(ErrorCode::not_available, "libplacebo makes no device: " + placebo->take_messages());
  }
  placebo->take_messages();  // of formats that the driver lacks
  return placebo;
}

Placebo::~Placebo() {
  if (vulkan_ != nullptr) settle();
  pl_vulkan_destroy(&vulkan_);
  pl_log_destroy(&log_);
}

std::string Placebo::take_messages() {
  std::string all;
  for (const std::string& message : std::exchange(messages_, {})) all += message + "\n";
  return all;
}

pl_tex Placebo::create(const char* format, Extent3D extent, pl_handle_type exported) const {
  pl_tex_params params = params_of(gpu(), format, extent);
  params.export_handle = exported;
  return params.format != nullptr ? pl_tex_create(gpu(), &params) : nullptr;
}

pl_tex Placebo::open(const char* format, Extent3D extent, pl_handle_type kind, const pl_shared_mem& memory) const {
  pl_tex_params params = params_of(gpu(), format, extent);
  params.import_handle = kind;
  params.shared_mem = memory;
  return params.format != nullptr ? pl_tex_create(gpu(), &params) : nullptr;
}

void Placebo::destroy(pl_tex& texture) const {
  settle();
  pl_tex_destroy(gpu(), &texture);
}

void Placebo::settle() const {
  pl_gpu_finish(gpu());
  const auto wait_idle =
      reinterpret_cast<PFN_vkDeviceWaitIdle>(get_instance_proc_addr_(vulkan_->instance, "vkDeviceWaitIdle"));
  wait_idle(vulkan_->device);
}

bool Placebo::fill(pl_tex texture, std::span<const std::byte> rows, std::size_t pitch) const {
  // Of an upload the memory is only read.
  const auto transfer = transfer_of(texture, const_cast<std::byte*>(rows.data()), pitch);
  return pl_tex_upload(gpu(), &transfer);
}

bool Placebo::read(pl_tex texture, std::span<std::byte> rows, std::size_t pitch) const {
  const auto transfer = transfer_of(texture, rows.data(), pitch);
  return pl_tex_download(gpu(), &transfer);
}

pl_vulkan_sem Placebo::create_semaphore() const {
  const auto create_semaphore =
      reinterpret_cast<PFN_vkCreateSemaphore>(get_instance_proc_addr_(vulkan_->instance, "vkCreateSemaphore"));
  const VkSemaphoreTypeCreateInfo timeline{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, nullptr,
                                           VK_SEMAPHORE_TYPE_TIMELINE, 0};
  const VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &timeline, 0};
  pl_vulkan_sem semaphore{VK_NULL_HANDLE, 1};
  create_semaphore(vulkan_->device, &info, nullptr, &semaphore.sem);
  return semaphore;
}

bool Placebo::wait_and_destroy(pl_vulkan_sem semaphore) const {
  const auto wait =
      reinterpret_cast<PFN_vkWaitSemaphores>(get_instance_proc_addr_(vulkan_->instance, "vkWaitSemaphores"));
  const auto destroy_semaphore =
      reinterpret_cast<PFN_vkDestroySemaphore>(get_instance_proc_addr_(vulkan_->instance, "vkDestroySemaphore"));
  const VkSemaphoreWaitInfo info{
      VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO, nullptr, 0, 1, &semaphore.sem, &semaphore.value};
  const bool signalled = wait(vulkan_->device, &info, 10'000'000'000) == VK_SUCCESS;
  settle();
  destroy_semaphore(vulkan_->device, semaphore.sem, nullptr);
  return signalled;
}

bool Placebo::give(pl_tex texture) const {
  const pl_vulkan_sem done = create_semaphore();
  if (done.sem == VK_NULL_HANDLE || !pl_vulkan_hold(gpu(), texture, VK_IMAGE_LAYOUT_GENERAL, done)) return false;
  return wait_and_destroy(done);
}

void Placebo::take_back(pl_tex texture) const {
  pl_vulkan_release(gpu(), texture, VK_IMAGE_LAYOUT_GENERAL, {VK_NULL_HANDLE, 0});
}

bool Placebo::take_opened(pl_tex texture) const {
  const pl_vulkan_sem done = create_semaphore();
  VkImageLayout layout = VK_IMAGE_LAYOUT_UNDEFINED;
  if (done.sem == VK_NULL_HANDLE || !pl_vulkan_hold_raw(gpu(), texture, &layout, done)) return false;
  take_back(texture);
  return wait_and_destroy(done);
}

}  // namespace geyser::test
