// A semaphore of another API, opened in CUDA. CUDA makes none of its own.
#pragma once

#include <memory>
#include <span>
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
  // The same fence on other devices, which lives as long.
  void keep(std::vector<std::shared_ptr<CudaFence>> others) { others_ = std::move(others); }

 private:
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;

  std::shared_ptr<Context> context_;
  driver::ExternalSemaphore semaphore_;
  std::vector<std::shared_ptr<CudaFence>> others_;
};

// Consumes the handle on success; the context must be current.
Result<std::shared_ptr<CudaFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle);
// A fence does not say which device it is on: opens it on each of these that takes it. No context need be current.
// Errors: the first device's.
Result<std::shared_ptr<CudaFence>> import_fence_anywhere(std::span<const std::shared_ptr<Context>> contexts,
                                                         FenceHandle&& handle);

std::vector<FenceCapability> fence_capabilities(const Context& context);

}  // namespace geyser::cuda
