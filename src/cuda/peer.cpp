#include "cuda/peer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace geyser::cuda {

PeerTexture::PeerTexture(std::shared_ptr<Context> here, std::shared_ptr<Context> there)
    : here_(std::move(here)), there_(std::move(there)) {}

PeerTexture::PeerTexture(PeerTexture&& other) noexcept
    : here_(std::move(other.here_)),
      there_(std::move(other.there_)),
      ready_(std::exchange(other.ready_, nullptr)),
      copied_(std::exchange(other.copied_, nullptr)),
      band_copied_(std::exchange(other.band_copied_, {})),
      sent_(other.sent_),
      layout_(other.layout_),
      rows_(other.rows_),
      image_(std::move(other.image_)),
      memory_(std::move(other.memory_)),
      staging_(std::move(other.staging_)) {}

PeerTexture::~PeerTexture() {
  if (there_ == nullptr) return;
  // What is there is destroyed on the stream there: it has to know of the copies here.
  if (copied_ != nullptr) static_cast<void>(lead());
  const auto destroy = [](Context& context, driver::Event event) {
    auto current = event != nullptr ? Current::open(context) : Result<Current>(fail(ErrorCode::invalid_argument, ""));
    if (current) context.cu().cuEventDestroy_v2(event);
  };
  destroy(*there_, ready_);
  destroy(*here_, copied_);
  for (const driver::Event event : band_copied_) destroy(*here_, event);
}

Result<void> PeerTexture::make_events() {
  const auto make = [](Context& context, driver::Event& event) -> Result<void> {
    auto current = Current::open(context);
    if (!current) return fail(std::move(current.error()));
    return context.check(context.cu().cuEventCreate(&event, driver::event_disable_timing), "cuEventCreate");
  };
  if (auto made = make(*here_, copied_); !made) return made;
  for (driver::Event& event : band_copied_) {
    if (auto made = make(*here_, event); !made) return made;
  }
  return make(*there_, ready_);
}

namespace {

Box box_of(const TextureDescriptor& descriptor, std::uint32_t level) {
  const HostSubresource sub = host_subresource(descriptor, 0, 0, level);
  return {sub.row_bytes, sub.rows, std::max<std::size_t>(sub.slices, descriptor.array_layers)};
}
std::size_t bytes_of(const Box& box) { return box.width_bytes * box.rows * box.depth; }
std::size_t staged_pitch(const Box& box) { return (box.width_bytes + 255) / 256 * 256; }
// Where a level is in the rows; that of the level after the last is their size.
std::size_t staged_offset(const TextureDescriptor& descriptor, std::uint32_t level) {
  std::size_t offset = 0;
  for (std::uint32_t mip = 0; mip < level; ++mip) {
    const Box box = box_of(descriptor, mip);
    offset += staged_pitch(box) * box.rows * box.depth;
  }
  return offset;
}

}  // namespace

Result<void> PeerTexture::make_staging(const TextureDescriptor& descriptor) {
  auto memory = DeviceMemory::create(there_, staged_offset(descriptor, descriptor.mip_levels), here_->device());
  if (!memory) return fail(std::move(memory.error()));
  staging_.emplace(*std::move(memory));
  return {};
}

Place PeerTexture::staged(const TextureDescriptor& descriptor, std::uint32_t level) const {
  const Box box = box_of(descriptor, level);
  Place place;
  place.device = staging_->pointer() + staged_offset(descriptor, level);
  place.pitch = staged_pitch(box);
  place.rows_per_slice = box.rows;
  return place;
}

Result<PeerTexture> PeerTexture::import(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there,
                                        ApiTextureHandle& parcel, bool direct) {
  PeerTexture texture(here, there);
  texture.layout_ = parcel.layout;
  texture.rows_ = host_subresource(parcel.descriptor, 0, 0, 0).rows;
  if (auto made = texture.make_events(); !made) return fail(std::move(made.error()));
  auto current = Current::open(*there);
  if (!current) return fail(std::move(current.error()));
  if (parcel.layout.tiling == Tiling::linear) {
    auto memory =
        DeviceMemory::import(there, parcel.layout, parcel.api == Api::cuda, parcel.handles[0], here->device());
    if (!memory) return fail(std::move(memory.error()));
    texture.memory_.emplace(*std::move(memory));
    return texture;
  }
  // Kinds of arrays are those of this device: a manager probes only its own.
  auto image = ArrayImage::import(there, here->array_kind(parcel.descriptor.format), parcel);
  if (!image) return fail(std::move(image.error()));
  texture.image_.emplace(*std::move(image));
  if (!direct || !makes_device_memory(*there)) return texture;
  if (auto made = texture.make_staging(parcel.descriptor); !made) return fail(std::move(made.error()));
  return texture;
}

Result<PeerTexture> PeerTexture::create(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there,
                                        const TextureDescriptor& descriptor, ArrayKind kind, bool direct) {
  PeerTexture texture(here, there);
  if (auto made = texture.make_events(); !made) return fail(std::move(made.error()));
  auto current = Current::open(*there);
  if (!current) return fail(std::move(current.error()));
  auto image = ArrayImage::create(there, descriptor, kind);
  if (!image) return fail(std::move(image.error()));
  texture.image_.emplace(*std::move(image));
  if (!direct || !makes_device_memory(*there)) return texture;
  if (auto made = texture.make_staging(descriptor); !made) return fail(std::move(made.error()));
  return texture;
}

Place PeerTexture::place(std::uint32_t level) const {
  Place place;
  if (image_) {
    place.array = image_->level(level);
  } else {
    place.device = memory_->pointer() + layout_.planes[0].offset;
    place.pitch = layout_.planes[0].stride;
    place.rows_per_slice = rows_;
  }
  return place;
}

Result<void> PeerTexture::follow() const {
  {
    auto current = Current::open(*there_);
    if (!current) return fail(std::move(current.error()));
    auto marked = there_->check(there_->cu().cuEventRecord(ready_, there_->stream()), "cuEventRecord");
    if (!marked) return marked;
  }
  auto current = Current::open(*here_);
  if (!current) return fail(std::move(current.error()));
  return here_->check(here_->cu().cuStreamWaitEvent(here_->stream(), ready_, 0), "cuStreamWaitEvent");
}

Result<void> PeerTexture::lead() const {
  auto current = Current::open(*there_);
  if (!current) return fail(std::move(current.error()));
  return there_->check(there_->cu().cuStreamWaitEvent(there_->stream(), copied_, 0), "cuStreamWaitEvent");
}

// Some rows of a level, and the event that says when their place in the staging memory is free again.
struct PeerTexture::Band {
  std::size_t number = 0;
  std::uint32_t level = 0;
  std::size_t first = 0;
  std::size_t rows = 0;
};

Result<void> PeerTexture::fetch_band(const TextureDescriptor& descriptor, const Band& band, Place mine) {
  Box box = box_of(descriptor, band.level);
  box.rows = band.rows;
  Place tiled = place(band.level);
  Place rows = staged(descriptor, band.level);
  tiled.y = rows.y = mine.y = band.first;
  {
    auto current = Current::open(*there_);
    if (!current) return fail(std::move(current.error()));
    auto waits = there_->check(there_->cu().cuStreamWaitEvent(there_->stream(), band_copied_[band.number], 0),
                               "cuStreamWaitEvent");
    if (!waits) return waits;
    if (auto queued = queue_copy(*there_, tiled, rows, box); !queued) return queued;
  }
  if (auto following = follow(); !following) return following;
  auto current = Current::open(*here_);
  if (!current) return fail(std::move(current.error()));
  if (auto queued = queue_peer_copy(*here_, *there_, rows, *here_, mine, box); !queued) return queued;
  return here_->check(here_->cu().cuEventRecord(band_copied_[band.number], here_->stream()), "cuEventRecord");
}

Result<std::uint64_t> PeerTexture::fetch_in_bands(const TextureDescriptor& descriptor, const Places& mine) {
  // A band has to be worth its calls of the driver: of 4, 8, 16 and 32 MiB this was the fastest
  // (docs/results/cuda-probes.md).
  constexpr std::size_t least_bytes = std::size_t{8} << 20;
  std::uint64_t total = 0;
  std::size_t number = 0;
  for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
    const Box box = box_of(descriptor, mip);
    const std::size_t left = most_bands - number - (descriptor.mip_levels - mip - 1);
    const std::size_t bands = std::clamp<std::size_t>(bytes_of(box) / least_bytes, 1, std::min(left, box.rows));
    for (std::size_t i = 0; i < bands; ++i) {
      Band band{number++, mip, box.rows * i / bands, 0};
      band.rows = box.rows * (i + 1) / bands - band.first;
      if (auto fetched = fetch_band(descriptor, band, mine(mip)); !fetched) return fail(std::move(fetched.error()));
    }
    total += 2 * bytes_of(box);
  }
  auto current = Current::open(*here_);
  if (!current) return fail(std::move(current.error()));
  auto marked = here_->check(here_->cu().cuEventRecord(copied_, here_->stream()), "cuEventRecord");
  if (!marked) return fail(std::move(marked.error()));
  return total;
}

Result<std::uint64_t> PeerTexture::copy(const TextureDescriptor& descriptor, const Places& mine,
                                        bool toward_here) const {
  auto current = Current::open(*here_);
  if (!current) return fail(std::move(current.error()));
  std::uint64_t total = 0;
  for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
    const Box box = box_of(descriptor, mip);
    auto queued = toward_here ? queue_peer_copy(*here_, *there_, place(mip), *here_, mine(mip), box)
                              : queue_peer_copy(*here_, *here_, mine(mip), *there_, place(mip), box);
    if (!queued) return fail(std::move(queued.error()));
    total += bytes_of(box);
  }
  auto marked = here_->check(here_->cu().cuEventRecord(copied_, here_->stream()), "cuEventRecord");
  if (!marked) return fail(std::move(marked.error()));
  return total;
}

Result<std::uint64_t> PeerTexture::fetch(const TextureDescriptor& descriptor, const Places& mine) {
  if (std::exchange(sent_, false)) {
    if (auto led = lead(); !led) return fail(std::move(led.error()));
  }
  if (staging_) return fetch_in_bands(descriptor, mine);
  if (auto following = follow(); !following) return fail(std::move(following.error()));
  return copy(descriptor, mine, true);
}

Result<std::uint64_t> PeerTexture::send(const TextureDescriptor& descriptor, const Places& mine) {
  sent_ = true;
  return copy(descriptor, mine, false);
}

namespace {

// Bytes of a texture a second, fetched as frames are, after one that wakes the devices up; 0: it failed.
std::uint64_t measure(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there, bool direct) {
  constexpr ArrayKind kind{driver::ArrayFormat::unsigned_int8, 4};
  TextureDescriptor descriptor;
  descriptor.extent = {2048, 2048, 1};
  constexpr int copies = 4;
  auto from = PeerTexture::create(here, there, descriptor, kind, direct);
  if (!from) return 0;
  auto current = Current::open(*here);
  auto to = current ? ArrayImage::create(here, descriptor, kind) : fail(std::move(current.error()));
  if (!to) return 0;
  const auto mine = [&](std::uint32_t level) {
    Place place;
    place.array = to->level(level);
    return place;
  };
  const auto run = [&](int count) {
    for (int i = 0; i < count; ++i) {
      if (!from->fetch(descriptor, mine)) return false;
    }
    return here->finish(default_wait_timeout).has_value();
  };
  if (!run(1)) return 0;
  const auto begin = std::chrono::steady_clock::now();
  if (!run(copies)) return 0;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double bytes = static_cast<double>(bytes_of(box_of(descriptor, 0))) * copies;
  return took.count() > 0 ? static_cast<std::uint64_t>(bytes / took.count()) : 0;
}

}  // namespace

PeerDevice measure_peer(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there) {
  PeerDevice peer;
  peer.identity = there->identity();
  int reaches = 0;
  if (here->cu().cuDeviceCanAccessPeer(&reaches, here->device(), there->device()) == driver::success && reaches != 0) {
    auto current = Current::open(*here);
    const driver::Result enabled =
        current ? here->cu().cuCtxEnablePeerAccess(there->handle(), 0) : driver::Result{driver::invalid_context};
    peer.direct = enabled == driver::success || enabled == driver::peer_access_already_enabled;
  }
  peer.bandwidth = measure(here, there, peer.direct);
  return peer;
}

}  // namespace geyser::cuda
