// What an access waits for and signals, as semaphores of one submission.
#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/fence.hpp"
#include "vulkan/sync_file.hpp"
#include "vulkan/texture.hpp"

namespace geyser::vulkan {

using detail::text;

void VulkanTexture::discard_sync_files(Submission& next) const {
  for (std::size_t i = 0; i < next.sync_file_count; ++i) device_->sync_files()->discard(next.sync_files[i]);
  next = {};
}

Result<void> VulkanTexture::add_wait(Submission& next, const SyncPoint& point) {
  if (const VulkanFence* fence = device_->find_fence(*point.fence)) {
    next.waits[next.wait_count++] = {fence->semaphore(), point.value};
    return {};
  }
  if (point.fence->kind() == FenceKind::host_timeline) {
    ++mutable_statistics().host_waits;
    return point.fence->wait(point.value, wait_timeout());
  }
  if (const auto* kernel = platform::kernel_fence(*point.fence); kernel != nullptr && device_->has_sync_files()) {
    auto sync_file = platform::sync_file_of(*kernel, point.value, wait_timeout(), mutable_statistics().host_waits);
    if (!sync_file) return fail(std::move(sync_file.error()));
    if (!sync_file->has_value()) return {};  // signalled already
    auto semaphore = device_->sync_files()->open(*sync_file);
    if (!semaphore) return fail(std::move(semaphore.error()));
    next.sync_files[next.sync_file_count++] = *semaphore;
    next.waits[next.wait_count++] = {*semaphore, 0};
    return {};
  }
  return fail(
      GeyserError(ErrorCode::unsupported, text("A fence of kind [", to_string(point.fence->kind()),
                                               "] is not known to this Vulkan device; import it with import_fence()."))
          .suggest("fence kind [host_timeline]"));
}

Result<void> VulkanTexture::add_waits(Submission& next, const SyncPoints& waits) {
  for (const SyncPoint& point : waits) {
    if (auto added = add_wait(next, point); !added) {
      discard_sync_files(next);
      return added;
    }
  }
  return {};
}

Result<Ticket> VulkanTexture::flush(const SemaphoreUse* signal) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait_timeout()).count();
  const KeyedMutexUse mutex{image_.memories().empty() ? VK_NULL_HANDLE : image_.memories()[0],
                            submission_.acquires_mutex, submission_.releases_mutex,
                            static_cast<std::uint32_t>(std::clamp<std::int64_t>(milliseconds, 0, 0x7fffffff))};
  auto ticket = device_->submit({submission_.waits.data(), submission_.wait_count},
                                {submission_.commands.data(), submission_.command_count}, signal,
                                mutex.acquire || mutex.release ? &mutex : nullptr, submission_.completion);
  if (!ticket) {
    discard_sync_files(submission_);
    return ticket;
  }
  for (std::size_t i = 0; i < submission_.sync_file_count; ++i) {
    device_->sync_files()->opened_is_queued(submission_.sync_files[i], *ticket);
  }
  submission_ = {};
  return ticket;
}

Result<void> VulkanTexture::flush(platform::KernelFence& fence, std::uint64_t value) {
  SyncFiles& sync_files = *device_->sync_files();
  auto semaphore = sync_files.make();
  if (!semaphore) {
    discard_sync_files(submission_);
    return fail(std::move(semaphore.error()));
  }
  const SemaphoreUse use{*semaphore, 0};
  auto ticket = flush(&use);
  if (!ticket) {
    sync_files.discard(*semaphore);
    return fail(std::move(ticket.error()));
  }
  last_upload_ = *ticket;
  auto sync_file = sync_files.export_from(*semaphore);
  if (sync_file) {
    sync_files.made_is_queued(*semaphore, *ticket);
    return fence.put(value, *std::move(sync_file));
  }
  // The commands are queued: what remains is to see them done.
  report(sync_file.error());
  sync_files.discard(*semaphore);
  if (auto done = device_->wait(*ticket, wait_timeout()); !done) return done;
  ++mutable_statistics().host_waits;
  return fence.signal(value);
}

}  // namespace geyser::vulkan
