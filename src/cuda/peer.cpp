#include "cuda/peer.hpp"

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
      layout_(other.layout_),
      rows_(other.rows_),
      image_(std::move(other.image_)),
      memory_(std::move(other.memory_)),
      bands_(std::move(other.bands_)) {}

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
}

Result<void> PeerTexture::make_events() {
  const auto make = [](Context& context, driver::Event& event) -> Result<void> {
    auto current = Current::open(context);
    if (!current) return fail(std::move(current.error()));
    return context.check(context.cu().cuEventCreate(&event, driver::event_disable_timing), "cuEventCreate");
  };
  if (auto made = make(*here_, copied_); !made) return made;
  return make(*there_, ready_);
}

Result<void> PeerTexture::make_bands(const TextureDescriptor& descriptor, bool direct) {
  if (direct && !makes_device_memory(*there_)) return {};
  auto made = BandRing::create(here_, there_, descriptor, direct);
  if (!made) return fail(std::move(made.error()));
  bands_.emplace(*std::move(made));
  return {};
}

Result<PeerTexture> PeerTexture::import(const std::shared_ptr<Context>& here, const std::shared_ptr<Context>& there,
                                        ApiTextureHandle& parcel, bool direct) {
  PeerTexture texture(here, there);
  texture.layout_ = parcel.layout;
  texture.rows_ = host_subresource(parcel.descriptor, 0, 0, 0).rows;
  if (auto made = texture.make_events(); !made) return fail(std::move(made.error()));
  auto current = Current::open(*there);
  if (!current) return fail(std::move(current.error()));
  const bool rows = parcel.layout.tiling == Tiling::linear;
  if (!rows || !direct) {
    if (auto made = texture.make_bands(parcel.descriptor, direct); !made) return fail(std::move(made.error()));
  }
  if (rows) {
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
  if (auto made = texture.make_bands(descriptor, direct); !made) return fail(std::move(made.error()));
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

Result<std::uint64_t> PeerTexture::copy(const TextureDescriptor& descriptor, const LevelPlaces& mine,
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

Result<std::uint64_t> PeerTexture::fetch(const TextureDescriptor& descriptor, const LevelPlaces& mine) {
  if (bands_)
    return bands_->fetch(
        descriptor, [this](std::uint32_t level) { return place(level); }, mine);
  if (auto following = follow(); !following) return fail(std::move(following.error()));
  return copy(descriptor, mine, true);
}

Result<std::uint64_t> PeerTexture::send(const TextureDescriptor& descriptor, const LevelPlaces& mine) {
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
