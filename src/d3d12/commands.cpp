#include "d3d12/commands.hpp"

#include <utility>

namespace geyser::d3d12 {

Result<Commands> Commands::record(const std::shared_ptr<Context>& context, const Write& write) {
  Commands commands(context);
  if (const HRESULT result = context->device().CreateCommandAllocator(
          context->list_type(), __uuidof(ID3D12CommandAllocator), commands.allocator_.receive());
      result != S_OK) {
    return fail(context->error(result, "ID3D12Device::CreateCommandAllocator"));
  }
  if (const HRESULT result = context->device().CreateCommandList(
          context->identity().node_mask, context->list_type(), commands.allocator_.get(), nullptr,
          __uuidof(ID3D12GraphicsCommandList), commands.list_.receive());
      result != S_OK) {
    return fail(context->error(result, "ID3D12Device::CreateCommandList"));
  }
  write(*commands.list_.get());
  if (const HRESULT result = commands.list_->Close(); result != S_OK) {
    return fail(context->error(result, "ID3D12GraphicsCommandList::Close"));
  }
  return commands;
}

Commands::~Commands() {
  if (!context_ || is_idle()) return;
  context_->release_later(list_.query<IUnknown>());
  context_->release_later(allocator_.query<IUnknown>());
}

Result<Ticket> Commands::submit() {
  auto ticket = context_->submit(list_.get());
  if (ticket) last_ = *ticket;
  return ticket;
}

D3D12_RESOURCE_BARRIER transition(ID3D12Resource& resource, D3D12_RESOURCE_STATES before,
                                  D3D12_RESOURCE_STATES after) noexcept {
  D3D12_RESOURCE_BARRIER barrier{};
  barrier.Type = D3D12_RESOURCE_BARRIER_TYPE_TRANSITION;
  barrier.Transition.pResource = &resource;
  barrier.Transition.Subresource = D3D12_RESOURCE_BARRIER_ALL_SUBRESOURCES;
  barrier.Transition.StateBefore = before;
  barrier.Transition.StateAfter = after;
  return barrier;
}

}  // namespace geyser::d3d12
