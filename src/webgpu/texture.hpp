// A shared texture in WebGPU.
#pragma once

#include <memory>
#include <optional>

#include <geyser/texture.hpp>
#include <geyser/webgpu.hpp>

#include "platform/shared_memory.hpp"
#include "webgpu/device.hpp"
#include "webgpu/fence.hpp"
#include "webgpu/staging.hpp"

namespace geyser::webgpu {

class WebGpuTexture final : public SharedTexture {
 public:
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Device>& device,
                                                       const TextureDescriptor& descriptor, TextureUsage usages);
  // `usages`: all that the format has.
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Device>& device, ApiTextureHandle&& parcel,
                                                       TextureUsage usages);
  ~WebGpuTexture() override;

  const std::shared_ptr<Device>& device() const noexcept { return device_; }
  NativeTexture native() const noexcept;
  // Queues a copy of the whole of `from`; both are open.
  Result<void> copy_from(const WebGpuTexture& from);

 private:
  WebGpuTexture(Init init, std::shared_ptr<Device> device);
  // Own storage beside shared memory.
  Result<void> make_copied(OwnedHandle memory, TextureUsage usages);
  // The exporter's memory.
  Result<void> make_imported(const ApiTextureHandle& parcel, TextureUsage usages);

  Result<void> begin_dawn(bool contents_wanted, const SyncPoints& waits);
  Result<void> take_own_signals(const SyncPoints& waits);
  // Brings the image into its published state and gives the fence that says when it is: empty when Dawn gave none, or
  // several.
  Result<LastUse> end_dawn();
  Result<void> settle();
  Result<void> finish(SharedFence* signal, std::uint64_t value);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  std::shared_ptr<Device> device_;
  std::shared_ptr<void> keep_;  // of the memory
  WGPUSharedTextureMemory shared_ = nullptr;
  WGPUTexture texture_ = nullptr;
  WGPUBuffer settling_ = nullptr;  // where the texel goes
  OwnedHandle handle_;
  platform::MappedMemory memory_;
  std::optional<Staging> staging_;
  std::uint32_t holders_ = 0;
};

}  // namespace geyser::webgpu
