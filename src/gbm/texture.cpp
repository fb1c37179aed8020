#include "gbm/texture.hpp"

#include <utility>

#include "platform/kernel_fence.hpp"

namespace geyser::gbm {

GbmTexture::GbmTexture(Init init, ApiTextureHandle memory)
    : SharedTexture(std::move(init)), memory_(std::move(memory)) {}

std::unique_ptr<SharedTexture> GbmTexture::create(ApiTextureHandle&& memory, DiagnosticHandler diagnostics) {
  Init init{
      Api::gbm, memory.descriptor, memory.layout, HandleKind::dma_buf, SharePath::zero_copy, std::move(diagnostics)};
  return std::unique_ptr<SharedTexture>(new GbmTexture(std::move(init), std::move(memory)));
}

Result<void> GbmTexture::do_begin(AccessMode, const AccessState&, const SyncPoints& waits) {
  for (const SyncPoint& point : waits) {
    if (auto done = point.fence->wait(point.value, wait_timeout()); !done) return done;
    ++mutable_statistics().host_waits;
  }
  return {};
}

Result<void> GbmTexture::do_end(AccessMode, SharedFence* signal, std::uint64_t value) {
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<ApiTextureHandle> GbmTexture::do_export(HandleKind) { return memory_.duplicate(); }

bool GbmTexture::accepts_signal_fence(const SharedFence& fence) const {
  return fence.kind() == FenceKind::host_timeline || platform::kernel_fence(fence) != nullptr;
}

}  // namespace geyser::gbm
