// A texture on another device: the memory there, opened in that device's context, and the copies between it and this
// device's own, on this device's stream. The two streams wait for each other on the devices.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include <geyser/texture.hpp>

#include "cuda/array.hpp"
#include "cuda/device_memory.hpp"
#include "cuda/staging.hpp"

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
  // `mine` gives this device's place of a level.
  using Places = std::function<Place(std::uint32_t level)>;

  // This device's stream goes on when the other's has done what it was told so far.
  Result<void> follow() const;
  // Queue a copy of everything on this device's stream. Give the bytes copied. fetch() follows; where the devices reach
  // each other it first takes tiled memory to rows of CUDA's there, in bands: while one crosses, the next is taken.
  // Fetching Vulkan's array without ran at 36 GB/s where plain copies did at 388 (two H100, driver 580).
  Result<std::uint64_t> fetch(const TextureDescriptor& descriptor, const Places& mine);
  Result<std::uint64_t> send(const TextureDescriptor& descriptor, const Places& mine);
  // The other device's stream goes on when the last copy is done.
  Result<void> lead() const;

 private:
  PeerTexture(std::shared_ptr<Context> here, std::shared_ptr<Context> there);
  Result<void> make_events();
  // The context there must be current.
  Result<void> make_staging(const TextureDescriptor& descriptor);
  Place place(std::uint32_t level) const;
  Place staged(const TextureDescriptor& descriptor, std::uint32_t level) const;
  struct Band;
  Result<void> fetch_band(const TextureDescriptor& descriptor, const Band& band, Place mine);
  Result<std::uint64_t> fetch_in_bands(const TextureDescriptor& descriptor, const Places& mine);
  Result<std::uint64_t> copy(const TextureDescriptor& descriptor, const Places& mine, bool toward_here) const;

  std::shared_ptr<Context> here_;
  std::shared_ptr<Context> there_;
  driver::Event ready_ = nullptr;   // of the other device's stream
  driver::Event copied_ = nullptr;  // of this device's
  static constexpr std::size_t most_bands = 16;
  std::array<driver::Event, most_bands> band_copied_{};  // of this device's: the rows of a band are free again
  bool sent_ = false;                                    // since the last fetch
  MemoryLayout layout_;
  std::uint32_t rows_ = 0;
  std::optional<ArrayImage> image_;  // one of the two
  std::optional<DeviceMemory> memory_;
  std::optional<DeviceMemory> staging_;  // level after level
};

// Lets this device reach the other's memory where it can, and measures a copy from there.
PeerDevice measure_peer(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there);

}  // namespace geyser::cuda
