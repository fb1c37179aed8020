// A shared texture in CUDA.
#pragma once

#include <memory>
#include <optional>

#include <geyser/cuda.hpp>
#include <geyser/texture.hpp>

#include "cuda/array.hpp"
#include "cuda/context.hpp"
#include "cuda/device_memory.hpp"
#include "cuda/host_pages.hpp"
#include "cuda/peer.hpp"
#include "cuda/staging.hpp"
#include "cuda/views.hpp"

namespace geyser::cuda {

class CudaTexture final : public SharedTexture {
 public:
  // The context must be current for each of these. `agreement`: host memory, packed or linear, or linear opaque memory.
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Context>& context,
                                                       const TextureDescriptor& descriptor, const Agreement& agreement);
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Context>& context,
                                                       ApiTextureHandle&& parcel);
  // Of memory on another device.
  static Result<std::unique_ptr<SharedTexture>> import_from(const std::shared_ptr<Context>& context,
                                                            const std::shared_ptr<Context>& peer, bool direct,
                                                            ApiTextureHandle&& parcel);

  const std::shared_ptr<Context>& context() const noexcept { return context_; }
  NativeTexture native() const noexcept;
  Result<TensorView> tensor() const;
  Result<driver::Object> surface(std::uint32_t level);
  Result<driver::Object> texture(const Sampling& sampling);
  // Queues a copy of the whole of `from`; both are open.
  Result<void> copy_from(const CudaTexture& from);
  // Queues a copy between the whole texture and memory in host packing. Gives the bytes copied.
  Result<std::uint64_t> queue_packed(std::byte* packed, Toward toward) const;

 private:
  CudaTexture(Init init, std::shared_ptr<Context> context);
  // Makes, of memory in one of the two layouts, what the device uses.
  static Result<std::unique_ptr<SharedTexture>> open_host(const std::shared_ptr<Context>& context,
                                                          const TextureDescriptor& descriptor,
                                                          const MemoryLayout& layout, OwnedHandle memory);
  // Its rows, or `level` of its array from `z` on.
  Place place(std::uint32_t level, std::size_t z) const;
  driver::DevicePointer rows() const noexcept;
  // Whose semaphores go with the memory: a peer's, where it is on one.
  const std::shared_ptr<Context>& home() const noexcept { return peer_ ? peer_->there() : context_; }

  // On the home's stream, whose context must be current.
  Result<void> queue_waits(const SyncPoints& waits);
  Result<void> begin_on_peer(bool copies, const SyncPoints& waits);
  Result<void> end_on_peer(AccessMode mode, SharedFence* signal, std::uint64_t value);
  // Waits for the stream on the CPU, then signals.
  Result<void> finish(SharedFence* signal, std::uint64_t value);
  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  std::shared_ptr<Context> context_;
  // Linear rows are pages or memory of the device alone, opaque memory an array alone; the copied path has pages and an
  // array, and what is on a peer rows or an array that copies are in.
  std::optional<HostPages> pages_;
  std::optional<DeviceMemory> memory_;
  std::optional<ArrayImage> image_;
  std::optional<PeerTexture> peer_;
  Views views_;  // of one of the two: it goes first
  std::uint32_t holders_ = 0;
};

}  // namespace geyser::cuda
