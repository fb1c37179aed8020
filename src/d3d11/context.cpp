#include "d3d11/context.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "common/text.hpp"
#include "d3d11/fence.hpp"
#include "dxgi/adapter.hpp"
#include "dxgi/error.hpp"
#include "platform/deadline.hpp"

namespace geyser::d3d11 {

using detail::text;

Result<std::shared_ptr<Context>> Context::wrap(ID3D11Device* device, DiagnosticHandler diagnostics) {
  if (device == nullptr) return fail(ErrorCode::invalid_argument, "The device is null.");
  auto context = std::make_shared<Context>();
  const auto given = Com<ID3D11Device>::share(device);
  HRESULT result = S_OK;
  context->device_ = given.query<ID3D11Device1>(&result);
  if (!context->device_) return fail(dxgi::make_error(result, "ID3D11Device1", ErrorCode::not_available));
  const auto dxgi_device = given.query<IDXGIDevice>(&result);
  if (!dxgi_device) return fail(dxgi::make_error(result, "IDXGIDevice", ErrorCode::not_available));
  Com<IDXGIAdapter> adapter;
  result = dxgi_device->GetAdapter(adapter.put());
  if (result != S_OK) return fail(dxgi::make_error(result, "IDXGIDevice::GetAdapter", ErrorCode::not_available));
  auto identity = dxgi::identify(*adapter.get());
  if (!identity) return fail(std::move(identity.error()));
  context->identity_ = *std::move(identity);
  context->diagnostics_ = std::move(diagnostics);
  device->GetImmediateContext(context->immediate_.put());
  // Both or neither: a fence that no context waits for is of no use.
  context->fence_device_ = given.query<ID3D11Device5>();
  context->fence_context_ = context->immediate_.query<ID3D11DeviceContext4>();
  if (!context->fence_device_ || !context->fence_context_) {
    context->fence_device_.reset();
    context->fence_context_.reset();
  }
  if (auto alive = context->check_alive(); !alive) return fail(std::move(alive.error()));
  D3D11_QUERY_DESC query{D3D11_QUERY_EVENT, 0};
  result = device->CreateQuery(&query, context->done_.put());
  if (result != S_OK) return fail(context->make_error(result, "CreateQuery", ErrorCode::not_available));
  return context;
}

Result<void> Context::check_alive() const {
  const HRESULT reason = device_->GetDeviceRemovedReason();
  if (reason == S_OK) return {};
  return fail(GeyserError(ErrorCode::device_lost, text("The device [", identity_.device_name, "] is removed."),
                          dxgi::make_error(reason, "").native()));
}

GeyserError Context::make_error(HRESULT result, const char* call, ErrorCode otherwise) const {
  if (auto alive = check_alive(); !alive) return std::move(alive.error()).during(text("calling ", call));
  return dxgi::make_error(result, call, otherwise);
}

// GetData of an event has no time-out of its own. The first polls are close together, for what is nearly done.
Result<void> Context::finish(std::chrono::nanoseconds timeout) {
  const auto deadline = platform::Deadline::after(timeout);
  immediate_->End(done_.get());
  immediate_->Flush();
  for (auto pause = std::chrono::microseconds(0);;
       pause = std::min(pause + std::chrono::microseconds(20), std::chrono::microseconds(1000))) {
    BOOL done = FALSE;
    const HRESULT result = immediate_->GetData(done_.get(), &done, sizeof(done), 0);
    if (result == S_OK) return check_alive();
    if (result != S_FALSE) return fail(make_error(result, "ID3D11DeviceContext::GetData", ErrorCode::operating_system));
    if (auto alive = check_alive(); !alive) return alive;
    if (deadline.remaining() == std::chrono::nanoseconds(0)) {
      return fail(ErrorCode::timeout,
                  text("The device is not done in [",
                       std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count(), "] ms."));
    }
    std::this_thread::sleep_for(pause);
  }
}

void Context::add_fence(const D3d11Fence& fence) {
  const std::scoped_lock lock(mutex_);
  fences_[fence.id()] = &fence;
}

void Context::remove_fence(const D3d11Fence& fence) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = fences_.find(fence.id());
  if (found != fences_.end() && found->second == &fence) fences_.erase(found);
}

Com<ID3D11Fence> Context::find_fence(const SharedFence& fence) const {
  const std::scoped_lock lock(mutex_);
  const auto found = fences_.find(fence.id());
  return found != fences_.end() ? found->second->native() : Com<ID3D11Fence>();
}

}  // namespace geyser::d3d11
