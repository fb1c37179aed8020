// A semaphore of another API, opened in CUDA. CUDA makes none of its own.
#pragma once

#include <memory>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/fence.hpp>

#include "cuda/context.hpp"

namespace geyser::cuda {

class CudaFence final : public SharedFence {
 public:
  // Takes `semaphore` over.
  CudaFence(std::shared_ptr<Context> context, FenceKind kind, FenceId id, std::uint64_t value,
            driver::ExternalSemaphore semaphore);
  ~CudaFence() override;

  driver::ExternalSemaphore semaphore() const noexcept { return semaphore_; }
  // On the stream. The context must be current.
  Result<void> queue_signal(std::uint64_t value) const;

 private:
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;

  std::shared_ptr<Context> context_;
  driver::ExternalSemaphore semaphore_;
};

// Consumes the handle on success; the context must be current.
Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle);

std::vector<FenceCapability> fence_capabilities(const Context& context);

}  // namespace geyser::cuda
