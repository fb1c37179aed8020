#include "cuda/texture.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "cuda/fence.hpp"
#include "cuda/format.hpp"

namespace geyser::cuda {

using detail::text;

CudaTexture::CudaTexture(Init init, std::shared_ptr<Context> context)
    : SharedTexture(std::move(init)), context_(std::move(context)), views_(context_) {}

Result<std::unique_ptr<SharedTexture>> CudaTexture::create(const std::shared_ptr<Context>& context,
                                                           const TextureDescriptor& descriptor,
                                                           const Agreement& agreement) {
  if (agreement.handle_kind == HandleKind::opaque_fd) {
    if (agreement.dedicated) {
      return fail(ErrorCode::unsupported, "CUDA makes no memory that is dedicated to one image.");
    }
    MemoryLayout rows = host_linear_layout(descriptor, agreement.row_alignment);
    rows.memory_type = any_memory_type;
    auto made = DeviceMemory::create(context, rows.allocation_size);
    if (!made) return fail(std::move(made.error()));
    rows.allocation_size = made->size();
    Init init{Api::cuda, descriptor, rows, HandleKind::opaque_fd, SharePath::zero_copy, context->diagnostics()};
    std::unique_ptr<CudaTexture> texture(new CudaTexture(std::move(init), context));
    texture->memory_.emplace(*std::move(made));
    return texture;
  }
  const MemoryLayout layout = agreement.tiling == Tiling::linear
                                  ? host_linear_layout(descriptor, agreement.row_alignment)
                                  : host_layout(descriptor);
  auto memory = platform::create_shared_memory(layout.allocation_size);
  if (!memory) return fail(std::move(memory.error()));
  return open_host(context, descriptor, layout, *std::move(memory));
}

Result<std::unique_ptr<SharedTexture>> CudaTexture::open_host(const std::shared_ptr<Context>& context,
                                                              const TextureDescriptor& descriptor,
                                                              const MemoryLayout& layout, OwnedHandle memory) {
  const bool copied = layout.tiling == Tiling::host;
  Init init{Api::cuda,
            descriptor,
            layout,
            HandleKind::host_memory,
            copied ? SharePath::host_copy : SharePath::zero_copy,
            context->diagnostics()};
  std::unique_ptr<CudaTexture> texture(new CudaTexture(std::move(init), context));
  auto pages = HostPages::open(context, std::move(memory), layout.allocation_size, !copied);
  if (!pages) return fail(std::move(pages.error()));
  texture->pages_.emplace(*std::move(pages));
  if (!copied) return texture;
  auto image = ArrayImage::create(context, descriptor, context->array_kind(descriptor.format));
  if (!image) return fail(std::move(image.error()));
  texture->image_.emplace(*std::move(image));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> CudaTexture::import(const std::shared_ptr<Context>& context,
                                                           ApiTextureHandle&& parcel) {
  if (parcel.kind == HandleKind::host_memory) {
    if (parcel.layout.tiling == Tiling::host && parcel.layout != host_layout(parcel.descriptor)) {
      return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
    }
    return open_host(context, parcel.descriptor, parcel.layout, std::move(parcel.handles[0]));
  }
  Init init{Api::cuda, parcel.descriptor, parcel.layout, parcel.kind, SharePath::zero_copy, context->diagnostics()};
  std::unique_ptr<CudaTexture> texture(new CudaTexture(std::move(init), context));
  if (parcel.layout.tiling == Tiling::linear) {
    auto memory = DeviceMemory::import(context, parcel.layout, parcel.api == Api::cuda, parcel.handles[0]);
    if (!memory) return fail(std::move(memory.error()));
    texture->memory_.emplace(*std::move(memory));
    return texture;
  }
  auto image = ArrayImage::import(context, context->array_kind(parcel.descriptor.format), parcel);
  if (!image) return fail(std::move(image.error()));
  texture->image_.emplace(*std::move(image));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> CudaTexture::import_from(const std::shared_ptr<Context>& context,
                                                                const std::shared_ptr<Context>& peer, bool direct,
                                                                ApiTextureHandle&& parcel) {
  auto remote = PeerTexture::import(context, peer, parcel, direct);
  if (!remote) return fail(std::move(remote.error()));
  MemoryLayout layout = parcel.layout;
  Init init{Api::cuda, parcel.descriptor, layout, parcel.kind, SharePath::gpu_copy, context->diagnostics()};
  std::unique_ptr<CudaTexture> texture(new CudaTexture(std::move(init), context));
  texture->peer_.emplace(*std::move(remote));
  if (layout.tiling == Tiling::linear) {
    auto memory = DeviceMemory::create(context, layout.allocation_size);
    if (!memory) return fail(std::move(memory.error()));
    texture->memory_.emplace(*std::move(memory));
    return texture;
  }
  auto image = ArrayImage::create(context, parcel.descriptor, context->array_kind(parcel.descriptor.format));
  if (!image) return fail(std::move(image.error()));
  texture->image_.emplace(*std::move(image));
  return texture;
}

driver::DevicePointer CudaTexture::rows() const noexcept {
  return (memory_ ? memory_->pointer() : pages_->pointer()) + layout().planes[0].offset;
}

NativeTexture CudaTexture::native() const noexcept {
  NativeTexture native;
  const ArrayKind kind = image_ ? image_->kind() : context_->array_kind(descriptor().format);
  native.array_format = static_cast<int>(kind.format);
  native.channels = kind.channels;
  if (image_) {
    native.array = image_->level(0);
    native.mipmapped_array = image_->mipmapped_array();
  } else {
    native.pointer = rows();
    native.pitch = layout().planes[0].stride;
  }
  return native;
}

Result<TensorView> CudaTexture::tensor() const {
  if (image_) {
    return fail(GeyserError(ErrorCode::unsupported, "The texture is an array, which has no rows in memory.")
                    .suggest("tiling [linear]"));
  }
  const FormatInfo& info = format_info(descriptor().format);
  if (info.format_class != FormatClass::color) {
    return fail(ErrorCode::unsupported, text("Texels of format [", info.name, "] are no channels of whole bytes."));
  }
  const NativeTexture rows = native();
  TensorView view;
  view.pointer = rows.pointer;
  view.pitch = rows.pitch;
  view.device = context_->device();
  view.type_bits = info.channel_bits[0];
  const bool is_signed = info.numeric == NumericKind::sint || info.numeric == NumericKind::snorm;
  view.type_code = static_cast<std::uint8_t>(info.numeric == NumericKind::floating ? 2 : is_signed ? 0 : 1);
  const std::uint64_t element = view.type_bits / 8U;
  if (rows.pitch % element != 0 || rows.pointer % element != 0) {
    return fail(ErrorCode::unsupported,
                text("Rows are [", rows.pitch, "] bytes apart, no whole number of elements of [", element, "] bytes."));
  }
  const auto channels = static_cast<std::int64_t>(info.channels.size());
  view.shape = {descriptor().extent.height, descriptor().extent.width, channels};
  view.strides = {static_cast<std::int64_t>(rows.pitch / element), channels, 1};
  return view;
}

Result<driver::Object> CudaTexture::surface(std::uint32_t level) {
  if (!image_) {
    return fail(GeyserError(ErrorCode::unsupported, "CUDA has no surfaces of linear rows.").suggest("the pointer"));
  }
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  return views_.surface(descriptor(), *image_, level);
}

Result<driver::Object> CudaTexture::texture(const Sampling& sampling) {
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  driver::Resource resource;
  if (image_) {
    const bool levels = descriptor().mip_levels > 1;
    resource.type = levels ? driver::ResourceType::mipmapped_array : driver::ResourceType::array;
    if (levels) {
      resource.mipmapped_array = image_->mipmapped_array();
    } else {
      resource.array = image_->level(0);
    }
    return views_.texture(descriptor(), image_->kind().format, resource, sampling);
  }
  // Rows are sampled by the plain integer's name, whatever an array's is.
  const CudaFormat known = to_cuda(descriptor().format);
  const driver::ArrayFormat name = known.names[1] != driver::ArrayFormat::none ? known.names[1] : known.names[0];
  const NativeTexture rows = native();
  const std::uint32_t alignment = context_->attribute(driver::Attribute::texture_pitch_alignment);
  if (name == driver::ArrayFormat::none || format_info(descriptor().format).is_compressed()) {
    return fail(ErrorCode::unsupported,
                text("CUDA cannot sample rows of format [", to_string(descriptor().format), "]."));
  }
  if (alignment != 0 && rows.pitch % alignment != 0) {
    return fail(ErrorCode::unsupported, text("Rows are [", rows.pitch,
                                             "] bytes apart, but the device samples multiples of [", alignment, "]."));
  }
  resource.type = driver::ResourceType::pitched;
  resource.pitched = {rows.pointer, name, known.channels, descriptor().extent.width, descriptor().extent.height,
                      rows.pitch};
  return views_.texture(descriptor(), name, resource, sampling);
}

Place CudaTexture::place(std::uint32_t level, std::size_t z) const {
  Place place;
  if (image_) {
    place.array = image_->level(level);
    place.z = z;
  } else {
    place.device = rows();
    place.pitch = layout().planes[0].stride;
    place.rows_per_slice = host_subresource(descriptor(), 0, 0, 0).rows;
  }
  return place;
}

Result<void> CudaTexture::copy_from(const CudaTexture& from) {
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  for (std::uint32_t mip = 0; mip < descriptor().mip_levels; ++mip) {
    const HostSubresource sub = host_subresource(descriptor(), 0, 0, mip);
    const Box box{sub.row_bytes, sub.rows, std::max<std::size_t>(sub.slices, descriptor().array_layers)};
    if (auto queued = queue_copy(*context_, from.place(mip, 0), place(mip, 0), box); !queued) return queued;
  }
  return {};
}

Result<std::uint64_t> CudaTexture::queue_packed(std::byte* packed, Toward toward) const {
  if (image_) return queue_packed_copy(*context_, descriptor(), *image_, packed, toward);
  const HostSubresource sub = host_subresource(descriptor(), 0, 0, 0);
  Place rows;
  rows.host = packed + sub.offset;
  rows.pitch = sub.row_stride;
  rows.rows_per_slice = sub.rows;
  const Box box{sub.row_bytes, sub.rows, 1};
  auto queued = toward == Toward::device ? queue_copy(*context_, rows, place(0, 0), box)
                                         : queue_copy(*context_, place(0, 0), rows, box);
  if (!queued) return fail(std::move(queued.error()));
  return sub.row_stride * sub.rows;
}

bool CudaTexture::accepts_signal_fence(const SharedFence& fence) const {
  return fence.kind() == FenceKind::host_timeline || home()->find_fence(fence) != nullptr;
}

// What can fail comes first: it then leaves nothing queued.
Result<void> CudaTexture::queue_waits(const SyncPoints& waits) {
  std::array<driver::ExternalSemaphore, max_sync_points> semaphores{};
  std::array<driver::SemaphoreUse, max_sync_points> uses{};
  unsigned count = 0;
  for (const SyncPoint& point : waits) {
    if (const CudaFence* fence = home()->find_fence(*point.fence)) {
      if (tier_of(point.fence->kind()) != SyncTier::binary_semaphore) uses.at(count).value = point.value;
      semaphores.at(count++) = fence->semaphore();
      continue;
    }
    if (point.fence->kind() != FenceKind::host_timeline) {
      return fail(GeyserError(ErrorCode::unsupported,
                              text("A fence of kind [", to_string(point.fence->kind()),
                                   "] is not known to this CUDA context; import it with import_fence()."))
                      .suggest("fence kind [host_timeline]"));
    }
    if (auto done = point.fence->wait(point.value, wait_timeout()); !done) return done;
    ++mutable_statistics().host_waits;
  }
  if (count == 0) return {};
  auto queued =
      home()->check(home()->cu().cuWaitExternalSemaphoresAsync(semaphores.data(), uses.data(), count, home()->stream()),
                    "cuWaitExternalSemaphoresAsync");
  if (queued) mutable_statistics().gpu_waits += count;
  return queued;
}

Result<void> CudaTexture::do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) {
  const bool contents_wanted = state.initialized && mode != AccessMode::discard;
  if (peer_) return begin_on_peer(contents_wanted && (holders_ == 0 || is_later(state)), waits);
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  if (auto queued = queue_waits(waits); !queued) return queued;
  if (pages_ && image_ && contents_wanted && (holders_ == 0 || is_later(state))) {
    auto copied = queue_packed(pages_->data(), Toward::device);
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  }
  ++holders_;
  return {};
}

Result<void> CudaTexture::begin_on_peer(bool copies, const SyncPoints& waits) {
  {
    auto current = Current::open(*home());
    if (!current) return fail(std::move(current.error()));
    if (auto queued = queue_waits(waits); !queued) return queued;
  }
  if (!copies) {
    if (auto following = peer_->follow(); !following) return following;
  } else {
    auto copied = peer_->fetch(descriptor(), [this](std::uint32_t level) { return place(level, 0); });
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  }
  ++holders_;
  return {};
}

// Whoever waits for the fence waits until the memory there has been taken or written, not for what this device does.
Result<void> CudaTexture::end_on_peer(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  if (is_write(mode)) {
    auto copied = peer_->send(descriptor(), [this](std::uint32_t level) { return place(level, 0); });
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  }
  const CudaFence* fence = signal != nullptr ? home()->find_fence(*signal) : nullptr;
  if (fence == nullptr) {
    auto current = Current::open(*context_);
    if (!current) return fail(std::move(current.error()));
    return finish(signal, value);
  }
  if (auto led = peer_->lead(); !led) return led;
  auto current = Current::open(*home());
  if (!current) return fail(std::move(current.error()));
  return fence->queue_signal(value);
}

Result<void> CudaTexture::finish(SharedFence* signal, std::uint64_t value) {
  if (auto done = context_->finish(wait_timeout()); !done) return done;
  ++mutable_statistics().host_waits;
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<void> CudaTexture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  if (peer_) return end_on_peer(mode, signal, value);
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  const CudaFence* fence = signal != nullptr ? context_->find_fence(*signal) : nullptr;
  if (pages_ && image_ && is_write(mode)) {
    auto copied = queue_packed(pages_->data(), Toward::host);
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  } else if (fence != nullptr) {
    return fence->queue_signal(value);
  }
  if (fence == nullptr) return finish(signal, value);
  if (auto done = finish(nullptr, 0); !done) return done;
  return fence->queue_signal(value);
}

Result<ApiTextureHandle> CudaTexture::do_export(HandleKind kind) {
  if (peer_ || (!pages_ && !memory_)) {
    return fail(GeyserError(ErrorCode::unsupported, "CUDA cannot export memory that it has imported.")
                    .suggest("exporting it again where it was made"));
  }
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  auto copy = memory_ ? memory_->share() : pages_->handle().duplicate();
  if (!copy) return fail(std::move(copy.error()));
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = context_->identity();
  parcel.api = Api::cuda;
  parcel.kind = kind;
  parcel.handle_count = 1;
  parcel.handles[0] = *std::move(copy);
  return parcel;
}

}  // namespace geyser::cuda
