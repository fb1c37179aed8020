#include "d3d11/fence.hpp"

#include <utility>

#include "dxgi/error.hpp"

namespace geyser::d3d11 {

namespace {

Result<Com<ID3D11Fence>> make(const Context& context) {
  Com<ID3D11Fence> fence;
  const HRESULT result =
      context.fence_device()->CreateFence(0, D3D11_FENCE_FLAG_SHARED, __uuidof(ID3D11Fence), fence.receive());
  if (result != S_OK) {
    return fail(context.make_error(result, "ID3D11Device5::CreateFence", ErrorCode::operating_system));
  }
  return fence;
}

Result<OwnedHandle> share(const Context& context, ID3D11Fence& fence) {
  HANDLE handle = nullptr;
  const HRESULT result = fence.CreateSharedHandle(nullptr, GENERIC_ALL, nullptr, &handle);
  if (result != S_OK) {
    return fail(context.make_error(result, "ID3D11Fence::CreateSharedHandle", ErrorCode::operating_system));
  }
  return OwnedHandle::adopt(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(handle));
}

// The handle stays the caller's.
Result<Com<ID3D11Fence>> open(const Context& context, const OwnedHandle& handle) {
  Com<ID3D11Fence> fence;
  const HRESULT result = context.fence_device()->OpenSharedFence(reinterpret_cast<HANDLE>(handle.get()),
                                                                 __uuidof(ID3D11Fence), fence.receive());
  if (result != S_OK) {
    return fail(context.make_error(result, "ID3D11Device5::OpenSharedFence", ErrorCode::invalid_handle));
  }
  return fence;
}

Result<void> try_fence(const Context& context) {
  if (context.fence_device() == nullptr) {
    return fail(dxgi::make_error(E_NOINTERFACE, "ID3D11Device5"));
  }
  auto fence = make(context);
  if (!fence) return fail(std::move(fence.error()));
  auto handle = share(context, *fence->get());
  if (!handle) return fail(std::move(handle.error()));
  auto opened = open(context, *handle);
  if (!opened) return fail(std::move(opened.error()));
  return {};
}

}  // namespace

std::vector<FenceCapability> probe_fences(const Context& context) {
  std::vector<FenceCapability> fences;
  if (auto works = try_fence(context); works) {
    fences.push_back({FenceKind::d3d12_fence, true, true, true});
  } else if (context.diagnostics()) {
    context.diagnostics()(std::move(works.error()).during("asking for shared fences, which this device does without"));
  }
  fences.push_back({FenceKind::host_timeline, true, true, false});
  return fences;
}

D3d11Fence::D3d11Fence(std::shared_ptr<Context> context, FenceId id, std::uint64_t value, Com<ID3D11Fence> fence)
    : SharedFence(FenceKind::d3d12_fence, id, value), context_(std::move(context)), fence_(std::move(fence)) {
  context_->add_fence(*this);
}

D3d11Fence::~D3d11Fence() { context_->remove_fence(*this); }

GeyserError D3d11Fence::explained(GeyserError&& error) const {
  if (error.code() == ErrorCode::device_lost) {
    if (auto alive = context_->check_alive(); !alive) return std::move(alive.error());
  }
  return std::move(error);
}

Result<std::uint64_t> D3d11Fence::do_completed_value() const {
  auto value = dxgi::checked_value(fence_->GetCompletedValue());
  if (!value) return fail(explained(std::move(value.error())));
  return value;
}

Result<void> D3d11Fence::do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  auto waited = wait_.wait(*fence_.get(), value, timeout);
  if (!waited) return fail(explained(std::move(waited.error())));
  return {};
}

// Direct3D 11 signals from the device alone: the value is reached when the commands before it are done.
Result<void> D3d11Fence::do_signal(std::uint64_t value) {
  if (auto grows = dxgi::check_growth(fence_->GetCompletedValue(), value); !grows) {
    return fail(explained(std::move(grows.error())));
  }
  const HRESULT result = context_->fence_context()->Signal(fence_.get(), value);
  if (result != S_OK) {
    return fail(context_->make_error(result, "ID3D11DeviceContext4::Signal", ErrorCode::operating_system));
  }
  context_->immediate().Flush();
  return {};
}

Result<FenceHandle> D3d11Fence::do_export() const {
  auto value = do_completed_value();
  if (!value) return fail(std::move(value.error()));
  auto handle = share(*context_, *fence_.get());
  if (!handle) return fail(std::move(handle.error()));
  return FenceHandle{kind(), id(), *value, *std::move(handle)};
}

// For Dawn, which signals only its own fence.
Result<void> D3d11Fence::do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) {
  const OwnedHandle owned = std::move(after);
  auto theirs = open(*context_, owned);
  if (!theirs) return fail(std::move(theirs.error()));
  if (const HRESULT result = context_->fence_context()->Wait(theirs->get(), after_value); result != S_OK) {
    return fail(context_->make_error(result, "ID3D11DeviceContext4::Wait", ErrorCode::operating_system));
  }
  if (const HRESULT result = context_->fence_context()->Signal(fence_.get(), value); result != S_OK) {
    return fail(context_->make_error(result, "ID3D11DeviceContext4::Signal", ErrorCode::operating_system));
  }
  context_->immediate().Flush();
  return {};
}

Result<std::shared_ptr<SharedFence>> create_fence(const std::shared_ptr<Context>& context) {
  auto fence = make(*context);
  if (!fence) return fail(std::move(fence.error()));
  return std::make_shared<D3d11Fence>(context, 0, 0, *std::move(fence));
}

Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle) {
  const FenceHandle owned = std::move(handle);
  auto fence = open(*context, owned.handle);
  if (!fence) return fail(std::move(fence.error()));
  return std::make_shared<D3d11Fence>(context, owned.id, owned.value, *std::move(fence));
}

}  // namespace geyser::d3d11
