// A device with its queue, and the fences that are known on it.
#pragma once

#include <d3d12.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <geyser/d3d12.hpp>
#include <geyser/identity.hpp>

#include "dxgi/com.hpp"
#include "dxgi/fence_wait.hpp"

namespace geyser::d3d12 {

using dxgi::Com;

class D3d12Fence;

// What the queue can be waited for with: a value of the context's own fence.
using Ticket = std::uint64_t;

class Context {
 public:
  static Result<std::shared_ptr<Context>> create(const Options& options);
  static Result<std::shared_ptr<Context>> wrap(const WrapOptions& options);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ID3D12Device& device() const noexcept { return *device_.get(); }
  ID3D12CommandQueue& queue() const noexcept { return *queue_.get(); }
  D3D12_COMMAND_LIST_TYPE list_type() const noexcept { return list_type_; }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }

  // What `call` has answered; of a device that is gone with the reason that it gives.
  GeyserError error(HRESULT result, const char* call) const;
  GeyserError error(HRESULT result, const char* call, ErrorCode otherwise) const;

  // Queued on the device.
  Result<void> queue_wait(ID3D12Fence& fence, std::uint64_t value) const;
  Result<void> queue_signal(ID3D12Fence& fence, std::uint64_t value) const;
  // Executes `commands`, or nothing when it is null, and signals the ticket.
  Result<Ticket> submit(ID3D12CommandList* commands);
  // Blocks until that is done. Errors: timeout, device_lost.
  Result<void> wait(Ticket ticket, std::chrono::nanoseconds timeout);
  bool is_done(Ticket ticket) const noexcept { return fence_->GetCompletedValue() >= ticket; }

  // Lets go of `object` once everything queued so far is done: Direct3D 12 keeps nothing alive that a queue still uses.
  // `keep` goes after it: the events that a fence may set as long as it is there.
  void release_later(Com<IUnknown> object, std::shared_ptr<void> keep = nullptr);
  // Another one with each call.
  std::uint64_t next_number() noexcept { return ++numbers_; }

  // Fences by id; both are D3d12Fence's.
  void add_fence(const D3d12Fence& fence);
  void remove_fence(const D3d12Fence& fence) noexcept;
  // Null when it is none of this device's.
  Com<ID3D12Fence> find_fence(const SharedFence& fence) const;

 private:
  Context() = default;
  Result<void> initialize();
  void collect_garbage();

  Com<ID3D12Device> device_;
  Com<ID3D12CommandQueue> queue_;
  D3D12_COMMAND_LIST_TYPE list_type_ = D3D12_COMMAND_LIST_TYPE_DIRECT;
  DeviceIdentity identity_;
  DiagnosticHandler diagnostics_;
  std::atomic<std::uint64_t> numbers_{0};

  std::mutex queue_mutex_;  // tickets are signalled in their order
  dxgi::FenceWait fence_wait_;
  Com<ID3D12Fence> fence_;
  Ticket last_ticket_ = 0;

  struct Garbage {
    Ticket ticket = 0;
    std::shared_ptr<void> keep;
    Com<IUnknown> object;  // goes first
  };
  std::mutex garbage_mutex_;
  std::vector<Garbage> garbage_;

  mutable std::mutex fences_mutex_;
  std::unordered_map<FenceId, const D3d12Fence*> fences_;
};

}  // namespace geyser::d3d12
