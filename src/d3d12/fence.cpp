#include "d3d12/fence.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "d3d12/resource.hpp"
#include "platform/deadline.hpp"
#include "platform/poller.hpp"

namespace geyser::d3d12 {

using detail::text;

namespace {

GeyserError lost() {
  return {ErrorCode::device_lost, "The device is gone: its fences have the largest of all values."};
}

}  // namespace

Result<FenceWait::Armed> FenceWait::take(std::uint64_t value, std::uint64_t now) {
  {
    const std::scoped_lock lock(mutex_);
    auto found = std::find_if(idle_.begin(), idle_.end(), [&](const Armed& one) { return one.value == value; });
    if (found == idle_.end()) {
      found = std::find_if(idle_.begin(), idle_.end(), [&](const Armed& one) { return one.value <= now; });
    }
    if (found != idle_.end()) {
      Armed armed = std::move(*found);
      idle_.erase(found);
      return armed;
    }
  }
  auto event = platform::Event::create();
  if (!event) return fail(std::move(event.error()));
  return Armed{*std::move(event), 0};
}

Result<void> FenceWait::wait(ID3D12Fence& fence, std::uint64_t value, std::chrono::nanoseconds timeout) {
  const auto deadline = platform::Deadline::after(timeout);
  const auto reached = [&] { return fence.GetCompletedValue() >= value; };
  if (!reached() && timeout.count() > 0) {
    auto armed = take(value, fence.GetCompletedValue());
    if (!armed) return fail(std::move(armed.error()));
    auto poller = platform::Poller::create();
    if (!poller) return fail(std::move(poller.error()));
    if (auto added = poller->add(armed->event.native(), 1); !added) return added;
    if (armed->value != value) {
      armed->event.clear();
      if (const HRESULT result = fence.SetEventOnCompletion(value, reinterpret_cast<HANDLE>(armed->event.native()));
          result != S_OK) {
        return fail(dxgi::make_error(result, "ID3D12Fence::SetEventOnCompletion"));
      }
      armed->value = value;
    }
    std::array<std::uint64_t, 1> keys{};
    while (!reached() && deadline.remaining().count() > 0) {
      auto ready = poller->wait(keys, deadline.remaining());
      if (!ready) return fail(std::move(ready.error()));
      if (*ready != 0) armed->event.clear();  // the fence may have set it for a value that it was armed with before
    }
    poller->remove(armed->event.native());
    const std::scoped_lock lock(mutex_);
    idle_.push_back(*std::move(armed));
  }
  const std::uint64_t now = fence.GetCompletedValue();
  if (now == removed_value) return fail(lost());
  if (now >= value) return {};
  return fail(ErrorCode::timeout, text("Fence value [", value, "] is not reached after [",
                                       std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count(),
                                       "] ms; it is at [", now, "]."));
}

D3d12Fence::D3d12Fence(std::shared_ptr<Context> context, FenceId id, std::uint64_t value, Com<ID3D12Fence> fence)
    : SharedFence(FenceKind::d3d12_fence, id, value), context_(std::move(context)), fence_(std::move(fence)) {
  context_->add_fence(*this);
}

// The queue may still have to wait for it, or to signal it.
D3d12Fence::~D3d12Fence() {
  context_->remove_fence(*this);
  context_->release_later(fence_.query<IUnknown>());
}

Result<std::uint64_t> D3d12Fence::do_completed_value() const {
  const std::uint64_t value = fence_->GetCompletedValue();
  if (value == removed_value) return fail(lost());
  return value;
}

Result<void> D3d12Fence::do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  return wait_.wait(*fence_.get(), value, timeout);
}

// A smaller value would be taken, and take the fence back.
Result<void> D3d12Fence::do_signal(std::uint64_t value) {
  const std::uint64_t now = fence_->GetCompletedValue();
  if (now == removed_value) return fail(lost());
  if (value <= now) {
    return fail(ErrorCode::invalid_argument,
                text("Fence value [", value, "] is not larger than the current value [", now, "]."));
  }
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
