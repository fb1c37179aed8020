#include "webgpu/texture.hpp"

#include <array>
#include <utility>

#include "common/text.hpp"
#include "platform/sync_file_fence.hpp"
#include "webgpu/error.hpp"
#include "webgpu/external_fence.hpp"
#include "webgpu/external_memory.hpp"
#include "webgpu/format.hpp"

namespace geyser::webgpu {

using detail::text;

WebGpuTexture::WebGpuTexture(Init init, std::shared_ptr<Device> device)
    : SharedTexture(std::move(init)), device_(std::move(device)) {}

WebGpuTexture::~WebGpuTexture() {
  const Functions& wgpu = device_->functions();
  if (settling_ != nullptr) wgpu.wgpuBufferRelease(settling_);
  if (texture_ != nullptr) wgpu.wgpuTextureRelease(texture_);
  if (shared_ != nullptr) wgpu.wgpuSharedTextureMemoryRelease(shared_);
}

Result<std::unique_ptr<SharedTexture>> WebGpuTexture::create(const std::shared_ptr<Device>& device,
                                                             const TextureDescriptor& descriptor, TextureUsage usages) {
  auto memory = platform::create_shared_memory(host_size(descriptor));
  if (!memory) return fail(std::move(memory.error()));
  Init init{Api::webgpu,          descriptor,           host_layout(descriptor), HandleKind::host_memory,
            SharePath::host_copy, device->diagnostics()};
  std::unique_ptr<WebGpuTexture> texture(new WebGpuTexture(std::move(init), device));
  if (auto made = texture->make_copied(*std::move(memory), usages); !made) return fail(std::move(made.error()));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> WebGpuTexture::import(const std::shared_ptr<Device>& device,
                                                             ApiTextureHandle&& parcel, TextureUsage usages) {
  const bool copied = parcel.kind == HandleKind::host_memory;
  if (copied && parcel.layout != host_layout(parcel.descriptor)) {
    return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
  }
  Init init{Api::webgpu,
            parcel.descriptor,
            parcel.layout,
            parcel.kind,
            copied ? SharePath::host_copy : SharePath::zero_copy,
            device->diagnostics()};
  std::unique_ptr<WebGpuTexture> texture(new WebGpuTexture(std::move(init), device));
  auto made =
      copied ? texture->make_copied(std::move(parcel.handles[0]), usages) : texture->make_imported(parcel, usages);
  if (!made) return fail(std::move(made.error()));
  return texture;
}

Result<void> WebGpuTexture::make_copied(OwnedHandle memory, TextureUsage usages) {
  auto mapped = platform::map_shared_memory(memory.get(), host_size(descriptor()));
  if (!mapped) return fail(std::move(mapped.error()));
  memory_ = *std::move(mapped);
  handle_ = std::move(memory);
  const TextureDescriptor& d = descriptor();
  WGPUTextureDescriptor info = WGPU_TEXTURE_DESCRIPTOR_INIT;
  info.label = {d.label.data(), d.label.size()};
  info.usage = to_webgpu(usages);
  info.dimension = dimension_of(d.dimension);
  info.size = size_of(d);
  info.format = to_webgpu(d.format).native;
  info.mipLevelCount = d.mip_levels;
  auto made = device_->check("wgpuDeviceCreateTexture", [&] {
    texture_ = device_->functions().wgpuDeviceCreateTexture(device_->handle(), &info);
  });
  if (!made) return made;
  auto staging = Staging::create(device_, d, texture_);
  if (!staging) return fail(std::move(staging.error()));
  staging_.emplace(*std::move(staging));
  return {};
}

namespace {

// Where the memory says itself what it is, Dawn tells.
Result<void> check_properties(const WGPUSharedTextureMemoryProperties& found, const TextureDescriptor& d) {
  const auto differs = [](const char* what, std::uint64_t is, std::uint64_t said) {
    return fail(ErrorCode::incompatible_layout, text("Dawn says that the memory's ", what, " is [", is,
                                                     "], but the descriptor makes it [", said, "]."));
  };
  if (found.size.width != d.extent.width) return differs("width", found.size.width, d.extent.width);
  if (found.size.height != d.extent.height) return differs("height", found.size.height, d.extent.height);
  const WGPUTextureFormat format = to_webgpu(d.format).native;
  if (found.format != format) return differs("WGPUTextureFormat", found.format, format);
  const WGPUTextureUsage usage = to_webgpu(d.usage);
  if ((found.usage & usage) != usage) return differs("set of WGPUTextureUsage", found.usage, usage);
  return {};
}

}  // namespace

Result<void> WebGpuTexture::make_imported(const ApiTextureHandle& parcel, TextureUsage usages) {
  const Functions& wgpu = device_->functions();
  const TextureDescriptor& d = descriptor();
  ImportedMemory imported;
  auto opened = import_memory(*device_, parcel, usages, imported);
  shared_ = imported.memory;
  keep_ = std::move(imported.keep);
  if (!opened) return opened;
  WGPUSharedTextureMemoryProperties properties = WGPU_SHARED_TEXTURE_MEMORY_PROPERTIES_INIT;
  if (wgpu.wgpuSharedTextureMemoryGetProperties(shared_, &properties) != WGPUStatus_Success) {
    return fail(make_status_error("wgpuSharedTextureMemoryGetProperties"));
  }
  if (auto meant = check_properties(properties, d); !meant) return meant;
  WGPUTextureDescriptor info = WGPU_TEXTURE_DESCRIPTOR_INIT;
  info.label = {d.label.data(), d.label.size()};
  info.usage = properties.usage;
  info.size = properties.size;
  info.format = properties.format;
  WGPUBufferDescriptor buffer = WGPU_BUFFER_DESCRIPTOR_INIT;
  buffer.usage = WGPUBufferUsage_CopyDst;
  buffer.size = 256;
  return device_->check("wgpuSharedTextureMemoryCreateTexture", [&] {
    texture_ = wgpu.wgpuSharedTextureMemoryCreateTexture(shared_, &info);
    settling_ = wgpu.wgpuDeviceCreateBuffer(device_->handle(), &buffer);
  });
}

NativeTexture WebGpuTexture::native() const noexcept {
  return {texture_, to_webgpu(descriptor().format).native, device_->functions().wgpuTextureGetUsage(texture_)};
}

bool WebGpuTexture::accepts_signal_fence(const SharedFence& fence) const {
  if (fence.kind() == FenceKind::sync_file) return device_->has(WGPUFeatureName_SharedFenceSyncFD);
  return fence.kind() == FenceKind::host_timeline || device_->find_fence(fence) != nullptr;
}

Result<void> WebGpuTexture::begin_dawn(bool contents_wanted, const SyncPoints& waits) {
  std::vector<NativeWait> natives;
  for (const SyncPoint& point : waits) {
    if (const WebGpuFence* fence = device_->find_fence(*point.fence)) {
      auto native = fence->wait_for(point.value);
      if (!native) return fail(std::move(native.error()));
      natives.push_back(*std::move(native));
    } else if (point.fence->kind() == FenceKind::sync_file) {
      auto handle = static_cast<const platform::SyncFileFence&>(*point.fence).get(point.value);
      if (!handle) return fail(std::move(handle.error()));
      if (!handle->has_value()) continue;  // reached
      auto native = import_native(*device_, *handle);
      if (!native) return fail(std::move(native.error()));
      natives.push_back({*std::move(native), native_value(FenceKind::sync_file, point.value)});
    }
  }
  std::array<WGPUSharedFence, max_sync_points> fences{};
  std::array<std::uint64_t, max_sync_points> values{};
  for (std::size_t i = 0; i < natives.size(); ++i) {
    fences[i] = natives[i].fence.get();
    values[i] = natives[i].value;
  }
  WGPUSharedTextureMemoryBeginAccessDescriptor descriptor = WGPU_SHARED_TEXTURE_MEMORY_BEGIN_ACCESS_DESCRIPTOR_INIT;
  // Dawn would clear what nobody has written, and clears nothing of several planes.
  const bool planes = format_info(this->descriptor().format).is_multi_planar();
  descriptor.initialized = contents_wanted || planes ? WGPU_TRUE : WGPU_FALSE;
  descriptor.fenceCount = descriptor.signaledValueCount = natives.size();
  descriptor.fences = fences.data();
  descriptor.signaledValues = values.data();
  WGPUStatus status = WGPUStatus_Error;
  auto begun = device_->check("wgpuSharedTextureMemoryBeginAccess", [&] {
    with_begin_state(descriptor, [&] {
      status = device_->functions().wgpuSharedTextureMemoryBeginAccess(shared_, texture_, &descriptor);
    });
  });
  if (!begun) return begun;
  if (status != WGPUStatus_Success) return fail(make_status_error("wgpuSharedTextureMemoryBeginAccess"));
  mutable_statistics().gpu_waits += natives.size();
  return {};
}

// Dawn gives an image back in the layout of its last use, and only a texture that is copied from is in GENERAL. A
// texture that was not used at all it would even give back without its contents (from UNDEFINED).
Result<void> WebGpuTexture::settle() {
  const FormatInfo& info = format_info(descriptor().format);
  return device_->submit("wgpuCommandEncoderCopyTextureToBuffer", [&](WGPUCommandEncoder encoder) {
    // A plane brings the image with it.
    const WGPUTextureAspect aspect = info.is_multi_planar() ? WGPUTextureAspect_Plane0Only : WGPUTextureAspect_All;
    const WGPUTexelCopyTextureInfo from{texture_, 0, {0, 0, 0}, aspect};
    const WGPUTexelCopyBufferInfo to{{0, 256, 1}, settling_};
    const WGPUExtent3D extent{info.block_width, info.block_height, 1};
    device_->functions().wgpuCommandEncoderCopyTextureToBuffer(encoder, &from, &to, &extent);
  });
}

Result<LastUse> WebGpuTexture::end_dawn() {
  const Functions& wgpu = device_->functions();
  auto settled = settle();
  WGPUSharedTextureMemoryEndAccessState state = WGPU_SHARED_TEXTURE_MEMORY_END_ACCESS_STATE_INIT;
  WGPUStatus status = WGPUStatus_Error;
  Result<void> published;
  auto ended = device_->check("wgpuSharedTextureMemoryEndAccess", [&] {
    published =
        with_end_state(state, [&] { status = wgpu.wgpuSharedTextureMemoryEndAccess(shared_, texture_, &state); });
  });
  Result<OwnedHandle> handle{OwnedHandle()};
  std::uint64_t value = 0;
  if (status == WGPUStatus_Success && state.fenceCount == 1) {
    handle = export_native(*device_, state.fences[0]);
    value = state.signaledValues[0];
  }
  if (status == WGPUStatus_Success) wgpu.wgpuSharedTextureMemoryEndAccessStateFreeMembers(state);
  if (!settled) return fail(std::move(settled.error()));
  if (!ended) return fail(std::move(ended.error()));
  if (status != WGPUStatus_Success) return fail(make_status_error("wgpuSharedTextureMemoryEndAccess"));
  if (!published) return fail(std::move(published.error()));
  if (!handle) return fail(std::move(handle.error()));
  return LastUse{*std::move(handle), value};
}

Result<void> WebGpuTexture::do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) {
  // One access is open in Dawn while any is here: a further reader waits for what it needs on the CPU.
  const bool opens = shared_ != nullptr && holders_ == 0;
  for (const SyncPoint& point : waits) {
    const bool known = device_->find_fence(*point.fence) != nullptr;
    const bool sync_file =
        point.fence->kind() == FenceKind::sync_file && device_->has(WGPUFeatureName_SharedFenceSyncFD);
    if (opens && (known || sync_file)) continue;
    if (!known && !sync_file && point.fence->kind() != FenceKind::host_timeline) {
      return fail(GeyserError(ErrorCode::unsupported,
                              text("A fence of kind [", to_string(point.fence->kind()),
                                   "] is not known to this WebGPU device; import it with import_fence()."))
                      .suggest("fence kind [host_timeline]"));
    }
    if (auto done = point.fence->wait(point.value, wait_timeout()); !done) return done;
    ++mutable_statistics().host_waits;
  }
  const bool contents_wanted = state.initialized && mode != AccessMode::discard;
  if (opens) {
    if (auto begun = begin_dawn(contents_wanted, waits); !begun) return begun;
    if (auto taken = take_own_signals(waits); !taken) {
      static_cast<void>(end_dawn());
      return taken;
    }
  }
  if (staging_ && contents_wanted && (holders_ == 0 || is_later(state))) {
    auto copied = staging_->upload(memory_.bytes());
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  }
  ++holders_;
  return {};
}

// A reader that goes on to write waits for its own signal. Dawn does so with the next submission, and until then the
// signal is there for the other end to take, when it waits for the next one: then both would wait for ever.
Result<void> WebGpuTexture::take_own_signals(const SyncPoints& waits) {
  bool own = false;
  for (const SyncPoint& point : waits) {
    const WebGpuFence* fence = device_->find_fence(*point.fence);
    own = own || (fence != nullptr && fence->takes_own(point.value));
  }
  if (!own) return {};
  if (auto submitted = settle(); !submitted) return submitted;
  ++mutable_statistics().host_waits;
  return device_->wait_idle(wait_timeout());
}

Result<void> WebGpuTexture::finish(SharedFence* signal, std::uint64_t value) {
  if (auto done = device_->wait_idle(wait_timeout()); !done) return done;
  ++mutable_statistics().host_waits;
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<void> WebGpuTexture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  if (staging_ && is_write(mode)) {
    auto copied = staging_->download(memory_.bytes(), wait_timeout());
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
    ++mutable_statistics().host_waits;
    return signal != nullptr ? signal->signal(value) : Result<void>{};
  }
  if (shared_ == nullptr || holders_ != 0) return finish(signal, value);
  auto last = end_dawn();
  if (!last) return fail(std::move(last.error()));
  if (signal != nullptr && last->fence.has_value()) {
    if (WebGpuFence* fence = device_->find_fence(*signal)) return fence->signal_after(value, *std::move(last));
    if (signal->kind() == FenceKind::sync_file && last->fence.kind() == HandleKind::sync_file) {
      return static_cast<platform::SyncFileFence*>(signal)->put(value, std::move(last->fence));
    }
  }
  return finish(signal, value);
}

Result<void> WebGpuTexture::copy_from(const WebGpuTexture& from) {
  const TextureDescriptor& d = descriptor();
  const FormatInfo& info = format_info(d.format);
  return device_->submit("wgpuCommandEncoderCopyTextureToTexture", [&](WGPUCommandEncoder encoder) {
    for (std::uint32_t mip = 0; mip < d.mip_levels; ++mip) {
      const Extent3D extent = mip_extent(d, mip);
      const auto whole = [](std::uint32_t texels, std::uint32_t block) { return (texels + block - 1) / block * block; };
      const WGPUExtent3D size{whole(extent.width, info.block_width), whole(extent.height, info.block_height),
                              d.dimension == TextureDimension::three_d ? extent.depth : d.array_layers};
      const WGPUTexelCopyTextureInfo source{from.texture_, mip, {0, 0, 0}, WGPUTextureAspect_All};
      const WGPUTexelCopyTextureInfo target{texture_, mip, {0, 0, 0}, WGPUTextureAspect_All};
      device_->functions().wgpuCommandEncoderCopyTextureToTexture(encoder, &source, &target, &size);
    }
  });
}

Result<ApiTextureHandle> WebGpuTexture::do_export(HandleKind kind) {
  if (!handle_.has_value()) {
    return fail(GeyserError(ErrorCode::unsupported, "WebGPU cannot export memory that it has imported.")
                    .suggest("exporting it again where it was made"));
  }
  auto copy = handle_.duplicate();
  if (!copy) return fail(std::move(copy.error()));
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = device_->identity();
  parcel.api = api();
  parcel.kind = kind;
  parcel.handle_count = 1;
  parcel.handles[0] = *std::move(copy);
  return parcel;
}

}  // namespace geyser::webgpu
