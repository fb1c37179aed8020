// A texture on another device: the memory there, opened in that device's context, and the copies between it and this
// device's own, on this device's stream. The two streams wait for each other on the devices.
#pragma once

#include <memory>
#include <optional>

#include <geyser/texture.hpp>

#include "cuda/array.hpp"
#include "cuda/band_ring.hpp"
#include "cuda/device_memory.hpp"

namespace geyser::cuda {

class PeerTexture {
 public:
  // Consumes the parcel's handle on success, or takes a reference of its own. `direct`: the devices reach each other.
  static Result<PeerTexture> import(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there,
                                    ApiTextureHandle& parcel, bool direct);
  // An array of CUDA's there, to measure with.
  static Result<PeerTexture> create(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there,
                                    const TextureDescriptor& descriptor, ArrayKind kind, bool direct);
  PeerTexture(PeerTexture&& other) noexcept;
  PeerTexture& operator=(PeerTexture&&) = delete;
  PeerTexture(const PeerTexture&) = delete;
  PeerTexture& operator=(const PeerTexture&) = delete;
  ~PeerTexture();

  // Where semaphores of the memory are waited for and signalled.
  const std::shared_ptr<Context>& there() const noexcept { return there_; }
  // This device's stream goes on when the other's has done what it was told so far.
  Result<void> follow() const;
  // Queue a copy of everything on this device's stream. Give the bytes copied. `mine` is this device's. fetch()
  // follows; all but rows that this device reaches goes by a ring of bands. Without it, fetching Vulkan's array ran at
  // 36 GB/s where plain copies did at 388 (two H100, driver 580).
  Result<std::uint64_t> fetch(const TextureDescriptor& descriptor, const LevelPlaces& mine);
  // What was sent has to lead() before anything else is done with it there.
  Result<std::uint64_t> send(const TextureDescriptor& descriptor, const LevelPlaces& mine);
  // The other device's stream goes on when the last copy is done that went straight between memory there and here. Of
  // what bands have taken it knows by itself: whoever wrote it may do so again while they still cross.
  Result<void> lead() const;

 private:
  PeerTexture(std::shared_ptr<Context> here, std::shared_ptr<Context> there);
  Result<void> make_events();
  // The context there must be current.
  Result<void> make_bands(const TextureDescriptor& descriptor, bool direct);
  Place place(std::uint32_t level) const;
  Result<std::uint64_t> copy(const TextureDescriptor& descriptor, const LevelPlaces& mine, bool toward_here) const;

  std::shared_ptr<Context> here_;
  std::shared_ptr<Context> there_;
  driver::Event ready_ = nullptr;   // of the other device's stream
  driver::Event copied_ = nullptr;  // of this device's, after a copy without bands
  MemoryLayout layout_;
  std::uint32_t rows_ = 0;
  std::optional<ArrayImage> image_;  // one of the two
  std::optional<DeviceMemory> memory_;
  std::optional<BandRing> bands_;
};

// Lets this device reach the other's memory where it can, and measures a copy from there.
PeerDevice measure_peer(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there);

}  // namespace geyser::cuda
