// ID3D12Fence as a timeline.
#pragma once

#include <d3d12.h>

#include <memory>

#include <geyser/capabilities.hpp>
#include <geyser/fence.hpp>

#include "d3d12/context.hpp"

namespace geyser::d3d12 {

class D3d12Fence final : public SharedFence {
 public:
  // id 0: draw a new one.
  D3d12Fence(std::shared_ptr<Context> context, FenceId id, std::uint64_t value, Com<ID3D12Fence> fence);
  ~D3d12Fence() override;
  const Com<ID3D12Fence>& fence() const noexcept { return fence_; }

 private:
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;
  Result<void> do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) override;

  std::shared_ptr<Context> context_;
  std::shared_ptr<dxgi::FenceWait> wait_ = std::make_shared<dxgi::FenceWait>();  // as long as the queue has the fence
  Com<ID3D12Fence> fence_;
};

Result<std::shared_ptr<SharedFence>> create_fence(const std::shared_ptr<Context>& context);
// Errors: invalid_handle (no fence, or a handle without the right to signal it).
Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle);
// Whether fences of this device can be exported: it is tried. The error is what the device says.
Result<void> try_fence(const Context& context);

}  // namespace geyser::d3d12
