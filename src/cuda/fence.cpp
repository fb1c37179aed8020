#include "cuda/fence.hpp"

#include <optional>
#include <utility>

#include "common/text.hpp"
#include "cuda/external_handle.hpp"

namespace geyser::cuda {

using detail::text;

namespace {

tl::unexpected<GeyserError> refuse(const SharedFence& fence, const char* what) {
  return fail(GeyserError(ErrorCode::unsupported,
                          text("CUDA cannot ", what, " a fence of kind [", to_string(fence.kind()), "] from the CPU."))
                  .suggest("fence kind [host_timeline]"));
}

}  // namespace

std::vector<FenceCapability> fence_capabilities(const Context& context) {
  std::vector<FenceCapability> capabilities;
  const bool timelines = context.attribute(driver::Attribute::timeline_semaphore_interop_supported) != 0;
  for (const FenceKind kind : external_fence_kinds()) {
    const bool opaque_timeline = kind == FenceKind::opaque_fd_timeline || kind == FenceKind::opaque_win32_timeline;
    const bool known = kind == FenceKind::d3d12_fence ? context.identity().has_luid : context.identity().has_uuids;
    if (known && (timelines || !opaque_timeline)) capabilities.push_back({kind, false, true, true, false});
  }
  capabilities.push_back({FenceKind::host_timeline, true, true, false});
  return capabilities;
}

CudaFence::CudaFence(std::shared_ptr<Context> context, FenceKind kind, FenceId id, std::uint64_t value,
                     driver::ExternalSemaphore semaphore)
    : SharedFence(kind, id, value), context_(std::move(context)), semaphore_(semaphore) {
  context_->add_fence(*this);
}

CudaFence::~CudaFence() {
  context_->remove_fence(*this);
  auto current = Current::open(*context_);
  if (!current) return;
  // What the stream still waits for or signals must be there.
  context_->destroy_later(
      [context = context_.get(), semaphore = semaphore_] { context->cu().cuDestroyExternalSemaphore(semaphore); });
}

Result<void> CudaFence::queue_signal(std::uint64_t value) const {
  driver::SemaphoreUse use;
  if (tier_of(kind()) != SyncTier::binary_semaphore) use.value = value;
  return context_->check(context_->cu().cuSignalExternalSemaphoresAsync(&semaphore_, &use, 1, context_->stream()),
                         "cuSignalExternalSemaphoresAsync");
}

Result<std::uint64_t> CudaFence::do_completed_value() const { return refuse(*this, "read"); }
Result<void> CudaFence::do_wait(std::uint64_t, std::chrono::nanoseconds) const { return refuse(*this, "wait for"); }
Result<void> CudaFence::do_signal(std::uint64_t) { return refuse(*this, "signal"); }
Result<FenceHandle> CudaFence::do_export() const { return refuse(*this, "export"); }

Result<std::shared_ptr<CudaFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle) {
  const driver::ExternalSemaphoreHandle description = describe_semaphore(handle.kind, handle.handle);
  driver::ExternalSemaphore semaphore = nullptr;
  auto imported =
      context->check(context->cu().cuImportExternalSemaphore(&semaphore, &description), "cuImportExternalSemaphore");
  if (!imported) return fail(std::move(imported.error()));
  settle_imported(handle.handle);
  return std::make_shared<CudaFence>(context, handle.kind, handle.id, handle.value, semaphore);
}

Result<std::shared_ptr<CudaFence>> import_fence_anywhere(std::span<const std::shared_ptr<Context>> contexts,
                                                         FenceHandle&& handle) {
  if (contexts.size() == 1) {
    auto current = Current::open(*contexts.front());
    if (!current) return fail(std::move(current.error()));
    return import_fence(contexts.front(), std::move(handle));
  }
  std::vector<std::shared_ptr<CudaFence>> opened;
  std::optional<GeyserError> first;
  for (const auto& context : contexts) {
    auto copy = handle.handle.duplicate();
    if (!copy) return fail(std::move(copy.error()));
    auto current = Current::open(*context);
    if (!current) return fail(std::move(current.error()));
    auto fence = import_fence(context, {handle.kind, handle.id, handle.value, *std::move(copy)});
    if (fence) {
      opened.push_back(*std::move(fence));
    } else if (!first) {
      first = std::move(fence.error());
    }
  }
  if (opened.empty()) return fail(*std::move(first));
  std::shared_ptr<CudaFence> fence = std::move(opened.front());
  opened.erase(opened.begin());
  fence->keep(std::move(opened));
  return fence;
}

}  // namespace geyser::cuda
