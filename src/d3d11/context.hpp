// A device with its immediate context, and the fences that are known on it.
#pragma once

#include <d3d11_4.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include <geyser/d3d11.hpp>
#include <geyser/fence.hpp>
#include <geyser/identity.hpp>

#include "dxgi/com.hpp"

namespace geyser::d3d11 {

using dxgi::Com;

class D3d11Fence;

class Context {
 public:
  // Errors: invalid_argument (null), not_available, device_lost.
  static Result<std::shared_ptr<Context>> wrap(ID3D11Device* device, DiagnosticHandler diagnostics);

  ID3D11Device1& device() const noexcept { return *device_.get(); }
  ID3D11DeviceContext& immediate() const noexcept { return *immediate_.get(); }
  // Null where the device has no fences.
  ID3D11Device5* fence_device() const noexcept { return fence_device_.get(); }
  ID3D11DeviceContext4* fence_context() const noexcept { return fence_context_.get(); }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }

  // Direct3D drops the commands of a device that is gone without a word. Errors: device_lost, with the reason.
  Result<void> check_alive() const;
  // As dxgi::make_error(); a device that is gone is told, whatever the call answered.
  GeyserError make_error(HRESULT result, const char* call, ErrorCode otherwise) const;
  // Submits what has been recorded and waits until the device is done with it. Errors: timeout, device_lost.
  Result<void> finish(std::chrono::nanoseconds timeout);

  // Fences by id.
  void add_fence(const D3d11Fence& fence);
  void remove_fence(const D3d11Fence& fence) noexcept;
  // Null when it is none of this device's.
  Com<ID3D11Fence> find_fence(const SharedFence& fence) const;

 private:
  Com<ID3D11Device1> device_;
  Com<ID3D11DeviceContext> immediate_;
  Com<ID3D11Device5> fence_device_;
  Com<ID3D11DeviceContext4> fence_context_;
  Com<ID3D11Query> done_;  // reused by finish()
  DeviceIdentity identity_;
  DiagnosticHandler diagnostics_;
  mutable std::mutex mutex_;  // of what follows
  std::map<FenceId, const D3d11Fence*> fences_;
};

}  // namespace geyser::d3d11
