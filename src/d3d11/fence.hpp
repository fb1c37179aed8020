// ID3D11Fence as a timeline: the same object as a fence of Direct3D 12.
#pragma once

#include <memory>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/fence.hpp>

#include "d3d11/context.hpp"
#include "dxgi/fence_wait.hpp"

namespace geyser::d3d11 {

// d3d12_fence where one can be made, exported and opened again. What refuses is told to `context.diagnostics()`.
std::vector<FenceCapability> probe_fences(const Context& context);

class D3d11Fence final : public SharedFence {
 public:
  // id 0: draw a new one.
  D3d11Fence(std::shared_ptr<Context> context, FenceId id, std::uint64_t value, Com<ID3D11Fence> fence);
  ~D3d11Fence() override;
  const Com<ID3D11Fence>& native() const noexcept { return fence_; }

 private:
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;
  Result<void> do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) override;

  // A removed device says why.
  GeyserError explained(GeyserError&& error) const;

  std::shared_ptr<Context> context_;
  mutable dxgi::FenceWait wait_;
  Com<ID3D11Fence> fence_;
};

Result<std::shared_ptr<SharedFence>> create_fence(const std::shared_ptr<Context>& context);
// Errors: invalid_handle (no fence's, or one of another adapter).
Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle);

}  // namespace geyser::d3d11
