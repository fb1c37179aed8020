#include "d3d12/fence.hpp"

#include <utility>

#include "d3d12/resource.hpp"

namespace geyser::d3d12 {

D3d12Fence::D3d12Fence(std::shared_ptr<Context> context, FenceId id, std::uint64_t value, Com<ID3D12Fence> fence)
    : SharedFence(FenceKind::d3d12_fence, id, value), context_(std::move(context)), fence_(std::move(fence)) {
  context_->add_fence(*this);
}

// The queue may still have to wait for it, or to signal it.
D3d12Fence::~D3d12Fence() {
  context_->remove_fence(*this);
  context_->release_later(fence_.query<IUnknown>(), wait_);
}

Result<std::uint64_t> D3d12Fence::do_completed_value() const {
  return dxgi::checked_value(fence_->GetCompletedValue());
}

Result<void> D3d12Fence::do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  return wait_->wait(*fence_.get(), value, timeout);
}

Result<void> D3d12Fence::do_signal(std::uint64_t value) {
  if (auto grows = dxgi::check_growth(fence_->GetCompletedValue(), value); !grows) return grows;
  if (const HRESULT result = fence_->Signal(value); result != S_OK) {
    return fail(context_->error(result, "ID3D12Fence::Signal"));
  }
  return {};
}

Result<FenceHandle> D3d12Fence::do_export() const {
  auto handle = export_object(*context_, *fence_.get());
  if (!handle) return fail(std::move(handle.error()));
  FenceHandle exported;
  exported.kind = kind();
  exported.id = id();
  exported.handle = *std::move(handle);
  return exported;
}

// For Dawn, which signals only its own fence.
Result<void> D3d12Fence::do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) {
  const OwnedHandle owned = std::move(after);
  auto theirs = open_object<ID3D12Fence>(*context_, owned);
  if (!theirs) return fail(std::move(theirs.error()));
  if (auto waits = context_->queue_wait(*theirs->get(), after_value); !waits) return waits;
  auto signalled = context_->queue_signal(*fence_.get(), value);
  context_->release_later(theirs->query<IUnknown>());
  return signalled;
}

namespace {

Result<Com<ID3D12Fence>> make(const Context& context) {
  Com<ID3D12Fence> fence;
  if (const HRESULT result =
          context.device().CreateFence(0, D3D12_FENCE_FLAG_SHARED, __uuidof(ID3D12Fence), fence.receive());
      result != S_OK) {
    return fail(context.error(result, "ID3D12Device::CreateFence"));
  }
  return fence;
}

}  // namespace

Result<std::shared_ptr<SharedFence>> create_fence(const std::shared_ptr<Context>& context) {
  auto fence = make(*context);
  if (!fence) return fail(std::move(fence.error()));
  return std::make_shared<D3d12Fence>(context, 0, 0, *std::move(fence));
}

Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle) {
  auto fence = open_object<ID3D12Fence>(*context, handle.handle);
  if (!fence) return fail(std::move(fence.error()));
  return std::make_shared<D3d12Fence>(context, handle.id, handle.value, *std::move(fence));
}

Result<void> try_fence(const Context& context) {
  auto fence = make(context);
  if (!fence) return fail(std::move(fence.error()));
  auto handle = export_object(context, *fence->get());
  if (!handle) return fail(std::move(handle.error()));
  return {};
}

}  // namespace geyser::d3d12
