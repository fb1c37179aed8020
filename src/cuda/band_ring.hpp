// How a texture crosses from one device to another: in bands of its rows, each through a slot of a ring. While one
// crosses, the next is taken from where it is; the slots are of the device that it comes from where the two reach each
// other, else of the host's memory.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <geyser/descriptor.hpp>

#include "cuda/device_memory.hpp"
#include "cuda/host_pages.hpp"
#include "cuda/staging.hpp"

namespace geyser::cuda {

// Gives the place of a level.
using LevelPlaces = std::function<Place(std::uint32_t level)>;

Box box_of(const TextureDescriptor& descriptor, std::uint32_t level);
constexpr std::size_t bytes_of(const Box& box) { return box.width_bytes * box.rows * box.depth; }

class BandRing {
 public:
  // For textures of this description. `direct`: the devices reach each other. The context there must be current.
  static Result<BandRing> create(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there,
                                 const TextureDescriptor& descriptor, bool direct);
  BandRing(BandRing&& other) noexcept;
  BandRing& operator=(BandRing&&) = delete;
  BandRing(const BandRing&) = delete;
  BandRing& operator=(const BandRing&) = delete;
  ~BandRing();

  // Queues a copy of everything, on both streams. That there waits for free slots only, and what comes after on it
  // finds the texture read, whether or not it has arrived. Gives the bytes copied, into slots and out of them.
  Result<std::uint64_t> fetch(const TextureDescriptor& descriptor, const LevelPlaces& from, const LevelPlaces& to);

 private:
  struct Slot {
    driver::Event taken = nullptr;    // of the stream there: the band is in the slot
    driver::Event crossed = nullptr;  // of the stream here: the slot is free again
  };
  // Whole slices of a level, or some rows of one.
  struct Band {
    std::uint32_t level = 0;
    std::size_t z = 0;
    std::size_t y = 0;
    Box box;
  };
  BandRing(std::shared_ptr<Context> here, std::shared_ptr<Context> there);
  Result<void> fetch_band(const Band& band, Place from, Place to);
  Result<void> take(const Slot& slot, const Place& from, const Place& rows, const Box& box);

  static constexpr std::size_t slot_count = 3;
  std::shared_ptr<Context> here_;
  std::shared_ptr<Context> there_;
  std::array<Slot, slot_count> slots_{};
  std::size_t next_ = 0;
  std::size_t slot_bytes_ = 0;
  std::optional<DeviceMemory> memory_;  // one of the two
  std::optional<HostPages> pages_;
};

}  // namespace geyser::cuda
