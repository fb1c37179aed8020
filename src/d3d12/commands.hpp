// A recorded command list, executed as often as is wanted.
#pragma once

#include <d3d12.h>

#include <functional>
#include <memory>

#include "d3d12/context.hpp"

namespace geyser::d3d12 {

class Commands {
 public:
  using Write = std::function<void(ID3D12GraphicsCommandList&)>;
  static Result<Commands> record(const std::shared_ptr<Context>& context, const Write& write);
  Commands(Commands&&) noexcept = default;
  Commands& operator=(Commands&&) = delete;
  ~Commands();

  // Drivers may patch a list while it is executed, so it must be done before it is executed again
  // (ExecuteCommandLists).
  bool is_idle() const noexcept { return context_->is_done(last_); }
  Result<Ticket> submit();

 private:
  explicit Commands(std::shared_ptr<Context> context) : context_(std::move(context)) {}

  std::shared_ptr<Context> context_;
  Com<ID3D12CommandAllocator> allocator_;
  Com<ID3D12GraphicsCommandList> list_;
  Ticket last_ = 0;
};

D3D12_RESOURCE_BARRIER transition(ID3D12Resource& resource, D3D12_RESOURCE_STATES before,
                                  D3D12_RESOURCE_STATES after) noexcept;

}  // namespace geyser::d3d12
