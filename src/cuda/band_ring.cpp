#include "cuda/band_ring.hpp"

#include <algorithm>
#include <utility>

#include "platform/shared_memory.hpp"

namespace geyser::cuda {

namespace {

// What was fastest and no more, of the device's memory and of the host's (docs/results/cuda-probes.md).
constexpr std::size_t device_slot_bytes = std::size_t{32} << 20;
constexpr std::size_t host_slot_bytes = std::size_t{8} << 20;

std::size_t pitch_of(const Box& box) { return (box.width_bytes + 255) / 256 * 256; }

// What a slot holds: a whole texture where that is small.
std::size_t slot_bytes_for(const TextureDescriptor& descriptor, std::size_t most) {
  std::size_t largest = 0;
  for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
    const Box box = box_of(descriptor, mip);
    largest = std::max(largest, std::clamp(most, pitch_of(box), pitch_of(box) * box.rows * box.depth));
  }
  return largest;
}

}  // namespace

Box box_of(const TextureDescriptor& descriptor, std::uint32_t level) {
  const HostSubresource sub = host_subresource(descriptor, 0, 0, level);
  return {sub.row_bytes, sub.rows, std::max<std::size_t>(sub.slices, descriptor.array_layers)};
}

BandRing::BandRing(std::shared_ptr<Context> here, std::shared_ptr<Context> there)
    : here_(std::move(here)), there_(std::move(there)) {}

BandRing::BandRing(BandRing&& other) noexcept
    : here_(std::move(other.here_)),
      there_(std::move(other.there_)),
      slots_(std::exchange(other.slots_, {})),
      next_(other.next_),
      slot_bytes_(other.slot_bytes_),
      memory_(std::move(other.memory_)),
      pages_(std::move(other.pages_)) {}

BandRing::~BandRing() {
  if (there_ == nullptr) return;
  // The slots are freed when the stream there is done: it has to know of the copies out of them.
  if (auto current = Current::open(*there_)) {
    for (const Slot& slot : slots_) {
      if (slot.crossed != nullptr) there_->cu().cuStreamWaitEvent(there_->stream(), slot.crossed, 0);
      if (slot.taken != nullptr) there_->cu().cuEventDestroy_v2(slot.taken);
    }
  }
  if (auto current = Current::open(*here_)) {
    for (const Slot& slot : slots_) {
      if (slot.crossed != nullptr) here_->cu().cuEventDestroy_v2(slot.crossed);
    }
  }
}

Result<BandRing> BandRing::create(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there,
                                  const TextureDescriptor& descriptor, bool direct) {
  BandRing ring(here, there);
  const auto make = [](Context& context, driver::Event& event) {
    return context.check(context.cu().cuEventCreate(&event, driver::event_disable_timing), "cuEventCreate");
  };
  for (Slot& slot : ring.slots_) {
    if (auto made = make(*there, slot.taken); !made) return fail(std::move(made.error()));
  }
  ring.slot_bytes_ = slot_bytes_for(descriptor, direct ? device_slot_bytes : host_slot_bytes);
  const std::uint64_t size = ring.slot_bytes_ * slot_count;
  if (direct) {
    auto memory = DeviceMemory::create(there, size, here->device());
    if (!memory) return fail(std::move(memory.error()));
    ring.memory_.emplace(*std::move(memory));
  } else {
    auto memory = platform::create_shared_memory(size);
    if (!memory) return fail(std::move(memory.error()));
    auto pages = HostPages::open(there, *std::move(memory), size, false);
    if (!pages) return fail(std::move(pages.error()));
    ring.pages_.emplace(*std::move(pages));
  }
  auto current = Current::open(*here);
  if (!current) return fail(std::move(current.error()));
  for (Slot& slot : ring.slots_) {
    if (auto made = make(*here, slot.crossed); !made) return fail(std::move(made.error()));
  }
  return ring;
}

Result<void> BandRing::take(const Slot& slot, const Place& from, const Place& rows, const Box& box) {
  auto current = Current::open(*there_);
  if (!current) return fail(std::move(current.error()));
  const Functions& cu = there_->cu();
  auto free = there_->check(cu.cuStreamWaitEvent(there_->stream(), slot.crossed, 0), "cuStreamWaitEvent");
  if (!free) return free;
  if (auto queued = queue_copy(*there_, from, rows, box); !queued) return queued;
  return there_->check(cu.cuEventRecord(slot.taken, there_->stream()), "cuEventRecord");
}

Result<void> BandRing::fetch_band(const Band& band, Place from, Place to) {
  const std::size_t number = next_++ % slot_count;
  const Slot& slot = slots_.at(number);
  Place rows;
  if (memory_) {
    rows.device = memory_->pointer() + number * slot_bytes_;
  } else {
    rows.host = pages_->data() + number * slot_bytes_;
  }
  rows.pitch = pitch_of(band.box);
  rows.rows_per_slice = band.box.rows;
  from.y = to.y = band.y;
  from.z = to.z = band.z;
  if (auto taken = take(slot, from, rows, band.box); !taken) return taken;
  auto current = Current::open(*here_);
  if (!current) return fail(std::move(current.error()));
  const Functions& cu = here_->cu();
  auto waits = here_->check(cu.cuStreamWaitEvent(here_->stream(), slot.taken, 0), "cuStreamWaitEvent");
  if (!waits) return waits;
  auto queued =
      memory_ ? queue_peer_copy(*here_, *there_, rows, *here_, to, band.box) : queue_copy(*here_, rows, to, band.box);
  if (!queued) return queued;
  return here_->check(cu.cuEventRecord(slot.crossed, here_->stream()), "cuEventRecord");
}

Result<std::uint64_t> BandRing::fetch(const TextureDescriptor& descriptor, const LevelPlaces& from,
                                      const LevelPlaces& to) {
  std::uint64_t total = 0;
  for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
    const Box box = box_of(descriptor, mip);
    const std::size_t rows_held = slot_bytes_ / pitch_of(box);
    const std::size_t slices = std::clamp<std::size_t>(rows_held / box.rows, 1, box.depth);
    const std::size_t bands = slices > 1 ? 1 : (box.rows + rows_held - 1) / rows_held;
    for (std::size_t z = 0; z < box.depth; z += slices) {
      for (std::size_t i = 0; i < bands; ++i) {
        Band band{mip, z, box.rows * i / bands, box};
        band.box.rows = box.rows * (i + 1) / bands - band.y;
        band.box.depth = std::min(slices, box.depth - z);
        if (auto fetched = fetch_band(band, from(mip), to(mip)); !fetched) return fail(std::move(fetched.error()));
      }
    }
    total += 2 * bytes_of(box);
  }
  return total;
}

}  // namespace geyser::cuda
