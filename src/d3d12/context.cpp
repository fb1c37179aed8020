#include "d3d12/context.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "d3d12/fence.hpp"
#include "d3d12/loader.hpp"
#include "dxgi/adapter.hpp"
#include "dxgi/error.hpp"

namespace geyser::d3d12 {

using detail::text;

Result<std::shared_ptr<Context>> Context::create(const Options& options) {
  auto device = create_device(options.luid);
  if (!device) return fail(std::move(device.error()));
  return wrap({device->get(), nullptr, options.diagnostics});
}

Result<std::shared_ptr<Context>> Context::wrap(const WrapOptions& options) {
  if (options.device == nullptr) return fail(ErrorCode::invalid_argument, "No device is given.");
  std::shared_ptr<Context> context(new Context());
  context->device_ = Com<ID3D12Device>::share(options.device);
  context->queue_ = Com<ID3D12CommandQueue>::share(options.queue);
  context->diagnostics_ = options.diagnostics;
  if (auto done = context->initialize(); !done) return fail(std::move(done.error()));
  return context;
}

Result<void> Context::initialize() {
  if (const HRESULT reason = device_->GetDeviceRemovedReason(); reason != S_OK) {
    return fail(error(reason, "ID3D12Device::GetDeviceRemovedReason", ErrorCode::device_lost));
  }
  if (!queue_) {
    D3D12_COMMAND_QUEUE_DESC desc{};
    desc.Type = D3D12_COMMAND_LIST_TYPE_DIRECT;
    if (const HRESULT result = device_->CreateCommandQueue(&desc, __uuidof(ID3D12CommandQueue), queue_.receive());
        result != S_OK) {
      return fail(error(result, "ID3D12Device::CreateCommandQueue"));
    }
  } else {
    Com<ID3D12Device> owner;
    // Two interfaces of one object may differ in their address, IUnknown's may not.
    if (queue_->GetDevice(__uuidof(ID3D12Device), owner.receive()) != S_OK ||
        owner.query<IUnknown>().get() != device_.query<IUnknown>().get()) {
      return fail(ErrorCode::invalid_argument, "The command queue belongs to another device.");
    }
  }
  const D3D12_COMMAND_QUEUE_DESC queue = queue_->GetDesc();
  list_type_ = queue.Type;
  if (list_type_ != D3D12_COMMAND_LIST_TYPE_DIRECT && list_type_ != D3D12_COMMAND_LIST_TYPE_COMPUTE) {
    return fail(ErrorCode::invalid_argument, text("The command queue is of type [", static_cast<int>(list_type_),
                                                  "], neither DIRECT [0] nor COMPUTE [2]."));
  }
  const LUID luid = device_->GetAdapterLuid();
  identity_.has_luid = true;
  identity_.luid = dxgi::luid_bytes(luid);
  // Its name, where the system still lists it.
  if (auto adapter = dxgi::find_adapter(identity_.luid)) {
    if (auto named = dxgi::identify(*adapter->get())) identity_ = *std::move(named);
  }
  identity_.node_mask = queue.NodeMask != 0 ? queue.NodeMask : 1;
  if (const HRESULT result = device_->CreateFence(0, D3D12_FENCE_FLAG_NONE, __uuidof(ID3D12Fence), fence_.receive());
      result != S_OK) {
    return fail(error(result, "ID3D12Device::CreateFence"));
  }
  return {};
}

Context::~Context() {
  if (garbage_.empty()) return;
  // A peer that never signals must not hang us: what is left then is leaked, and said so.
  if (auto done = wait(last_ticket_, default_wait_timeout); done || done.error().code() == ErrorCode::device_lost)
    return;
  if (diagnostics_) {
    diagnostics_(GeyserError(ErrorCode::timeout,
                             text("Direct3D 12's work is still pending; [", garbage_.size(), "] objects are leaked."))
                     .during("destroying the device"));
  }
  for (Garbage& garbage : garbage_) {
    garbage.object->AddRef();
    if (garbage.keep) ::new std::shared_ptr<void>(std::move(garbage.keep));
  }
}

GeyserError Context::error(HRESULT result, const char* call, ErrorCode otherwise) const {
  if (!dxgi::is_device_lost(result)) return dxgi::make_error(result, call, otherwise);
  // The call says that the device is gone, the device why.
  const HRESULT reason = device_->GetDeviceRemovedReason();
  return std::move(dxgi::make_error(result, call, ErrorCode::device_lost))
      .during(text("asking the device, which says [", dxgi::result_name(reason), "]"));
}

GeyserError Context::error(HRESULT result, const char* call) const {
  return error(result, call, ErrorCode::operating_system);
}

Result<void> Context::queue_wait(ID3D12Fence& fence, std::uint64_t value) const {
  if (const HRESULT result = queue_->Wait(&fence, value); result != S_OK) {
    return fail(error(result, "ID3D12CommandQueue::Wait"));
  }
  return {};
}

Result<void> Context::queue_signal(ID3D12Fence& fence, std::uint64_t value) const {
  if (const HRESULT result = queue_->Signal(&fence, value); result != S_OK) {
    return fail(error(result, "ID3D12CommandQueue::Signal"));
  }
  return {};
}

Result<Ticket> Context::submit(ID3D12CommandList* commands) {
  Ticket ticket = 0;
  {
    const std::scoped_lock lock(queue_mutex_);
    if (commands != nullptr) queue_->ExecuteCommandLists(1, &commands);
    ticket = last_ticket_ + 1;
    if (auto signalled = queue_signal(*fence_.get(), ticket); !signalled) return fail(std::move(signalled.error()));
    last_ticket_ = ticket;
  }
  collect_garbage();
  return ticket;
}

Result<void> Context::wait(Ticket ticket, std::chrono::nanoseconds timeout) {
  auto done = fence_wait_.wait(*fence_.get(), ticket, timeout);
  if (!done && done.error().code() == ErrorCode::device_lost) {
    return fail(
        error(device_->GetDeviceRemovedReason(), "ID3D12Device::GetDeviceRemovedReason", ErrorCode::device_lost));
  }
  return done;
}

void Context::release_later(Com<IUnknown> object, std::shared_ptr<void> keep) {
  auto ticket = submit(nullptr);
  // Of a device that is gone nothing is in use.
  if (!ticket) return;
  {
    const std::scoped_lock lock(garbage_mutex_);
    garbage_.push_back({*ticket, std::move(keep), std::move(object)});
  }
  collect_garbage();
}

void Context::collect_garbage() {
  const std::uint64_t done = fence_->GetCompletedValue();
  std::vector<Garbage> free;  // let go of without the lock
  const std::scoped_lock lock(garbage_mutex_);
  const auto first = std::stable_partition(garbage_.begin(), garbage_.end(),
                                           [&](const Garbage& garbage) { return garbage.ticket > done; });
  std::move(first, garbage_.end(), std::back_inserter(free));
  garbage_.erase(first, garbage_.end());
}

void Context::add_fence(const D3d12Fence& fence) {
  const std::scoped_lock lock(fences_mutex_);
  fences_[fence.id()] = &fence;
}

void Context::remove_fence(const D3d12Fence& fence) noexcept {
  const std::scoped_lock lock(fences_mutex_);
  const auto found = fences_.find(fence.id());
  if (found != fences_.end() && found->second == &fence) fences_.erase(found);
}

Com<ID3D12Fence> Context::find_fence(const SharedFence& fence) const {
  const std::scoped_lock lock(fences_mutex_);
  const auto found = fences_.find(fence.id());
  return found != fences_.end() && fence.kind() == FenceKind::d3d12_fence ? found->second->fence() : Com<ID3D12Fence>();
}

}  // namespace geyser::d3d12
