#include "d3d11/texture.hpp"

#include <utility>

#include "common/text.hpp"
#include "d3d11/fence.hpp"
#include "d3d11/resource.hpp"
#include "dxgi/format.hpp"
#include "platform/deadline.hpp"

namespace geyser::d3d11 {

using detail::text;

namespace {

// Direct3D has no size of a texture to tell; a dedicated allocation is what other APIs make of its handles.
MemoryLayout opaque_layout(const TextureDescriptor& descriptor) {
  MemoryLayout layout;
  layout.allocation_size = host_size(descriptor);
  layout.dedicated = true;
  layout.plane_count = 1;
  return layout;
}

}  // namespace

D3d11Texture::D3d11Texture(Init init, std::shared_ptr<Context> context)
    : SharedTexture(std::move(init)), context_(std::move(context)) {}

std::unique_ptr<SharedTexture> D3d11Texture::on_resource(const std::shared_ptr<Context>& context,
                                                         const TextureDescriptor& descriptor, HandleKind kind,
                                                         Com<ID3D11Resource> resource) {
  KeyedMutex mutex = KeyedMutex::of(resource);
  MemoryLayout layout = opaque_layout(descriptor);
  layout.keyed_mutex = bool(mutex);
  Init init{Api::d3d11, descriptor, layout, kind, SharePath::zero_copy, context->diagnostics()};
  std::unique_ptr<D3d11Texture> texture(new D3d11Texture(std::move(init), context));
  texture->resource_ = std::move(resource);
  texture->mutex_ = std::move(mutex);
  return texture;
}

Result<std::unique_ptr<SharedTexture>> D3d11Texture::on_host_memory(const std::shared_ptr<Context>& context,
                                                                    const TextureDescriptor& descriptor,
                                                                    OwnedHandle memory) {
  Init init{Api::d3d11,
            descriptor,
            host_layout(descriptor),
            HandleKind::host_memory,
            SharePath::host_copy,
            context->diagnostics()};
  std::unique_ptr<D3d11Texture> texture(new D3d11Texture(std::move(init), context));
  auto resource = create_resource(*context, descriptor, Sharing::none);
  if (!resource) return fail(std::move(resource.error()));
  texture->resource_ = *std::move(resource);
  auto staging = Staging::create(context, descriptor, std::move(memory));
  if (!staging) return fail(std::move(staging.error()));
  texture->staging_.emplace(*std::move(staging));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> D3d11Texture::create(const std::shared_ptr<Context>& context,
                                                            const TextureDescriptor& descriptor,
                                                            const Agreement& agreement) {
  if (agreement.handle_kind == HandleKind::host_memory) {
    auto memory = platform::create_shared_memory(host_size(descriptor));
    if (!memory) return fail(std::move(memory.error()));
    return on_host_memory(context, descriptor, *std::move(memory));
  }
  Sharing sharing = Sharing::legacy;
  if (agreement.handle_kind == HandleKind::d3d_nt) {
    // Fences order everybody; where the CPU does, the mutex also keeps programs out that know of no fence.
    sharing = agreement.fence_kind == FenceKind::host_timeline ? Sharing::keyed_mutex : Sharing::fences;
  }
  auto resource = create_resource(*context, descriptor, sharing);
  if (!resource) return fail(std::move(resource.error()));
  return on_resource(context, descriptor, agreement.handle_kind, *std::move(resource));
}

Result<std::unique_ptr<SharedTexture>> D3d11Texture::import(const std::shared_ptr<Context>& context,
                                                            ApiTextureHandle&& parcel) {
  const ApiTextureHandle owned = std::move(parcel);  // closes what is not taken out of it
  if (owned.kind == HandleKind::host_memory) {
    if (owned.layout != host_layout(owned.descriptor)) {
      return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
    }
    auto memory = owned.handles[0].duplicate();
    if (!memory) return fail(std::move(memory.error()));
    return on_host_memory(context, owned.descriptor, *std::move(memory));
  }
  auto resource = open_resource(*context, owned.handles[0]);
  if (!resource) return fail(std::move(resource.error()));
  if (auto good = check_resource(*resource, owned.descriptor); !good) return fail(std::move(good.error()));
  auto texture = on_resource(context, owned.descriptor, owned.kind, *std::move(resource));
  if (texture->layout().keyed_mutex != owned.layout.keyed_mutex) {
    return fail(ErrorCode::incompatible_layout,
                text("Field [layout.keyed_mutex] is [", owned.layout.keyed_mutex, "], but the handle's texture has [",
                     texture->layout().keyed_mutex ? "one" : "none", "]."));
  }
  return texture;
}

NativeTexture D3d11Texture::native() const noexcept {
  return {resource_.get(), mutex_.get(), static_cast<std::uint32_t>(dxgi::to_dxgi(descriptor().format))};
}

Result<void> D3d11Texture::copy_from(const D3d11Texture& from) {
  if (auto alive = context_->check_alive(); !alive) return alive;
  context_->immediate().CopyResource(resource_.get(), from.resource_.get());
  return {};
}

bool D3d11Texture::accepts_signal_fence(const SharedFence& fence) const {
  return fence.kind() == FenceKind::host_timeline || bool(context_->find_fence(fence));
}

// What can fail comes first: CPU waits and the mutex. It is let go again when anything after it fails.
Result<void> D3d11Texture::do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) {
  if (auto alive = context_->check_alive(); !alive) return alive;
  const auto deadline = platform::Deadline::after(wait_timeout());
  std::uint64_t host_waits = 0;
  for (const SyncPoint& point : waits) {
    if (context_->find_fence(*point.fence)) continue;
    if (point.fence->kind() != FenceKind::host_timeline) {
      return fail(GeyserError(ErrorCode::unsupported,
                              text("A fence of kind [", to_string(point.fence->kind()),
                                   "] is not known to this Direct3D device; import it with import_fence()."))
                      .suggest("fence kind [host_timeline]"));
    }
    if (auto done = point.fence->wait(point.value, deadline.remaining()); !done) return done;
    ++host_waits;
  }
  const bool acquires = mutex_ && holders_ == 0;
  if (acquires) {
    if (auto held = mutex_.acquire(*context_, deadline.remaining()); !held) return held;
  }
  if (auto entered = enter(mode, state, waits, deadline.remaining()); !entered) {
    if (acquires) static_cast<void>(mutex_.release(*context_));
    return entered;
  }
  mutable_statistics().host_waits += host_waits;
  ++holders_;
  return {};
}

Result<void> D3d11Texture::enter(AccessMode mode, const AccessState& state, const SyncPoints& waits,
                                 std::chrono::nanoseconds timeout) {
  std::uint64_t device_waits = 0;
  for (const SyncPoint& point : waits) {
    const auto fence = context_->find_fence(*point.fence);
    if (!fence) continue;
    const HRESULT result = context_->fence_context()->Wait(fence.get(), point.value);
    if (result != S_OK) {
      return fail(context_->make_error(result, "ID3D11DeviceContext4::Wait", ErrorCode::operating_system));
    }
    ++device_waits;
  }
  const bool contents_wanted = state.initialized && mode != AccessMode::discard;
  if (staging_ && contents_wanted && (holders_ == 0 || is_later(state))) {
    auto bytes = staging_->upload(*resource_.get(), timeout);
    if (!bytes) return fail(std::move(bytes.error()));
    mutable_statistics().bytes_copied += *bytes;
  }
  mutable_statistics().gpu_waits += device_waits;
  return {};
}

// The mutex is released first and whatever happens: a holder that fails must not keep the others out. Commands of
// theirs come after those of this device all the same.
Result<void> D3d11Texture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  Result<void> released;
  if (mutex_ && holders_ == 0) released = mutex_.release(*context_);
  if (auto alive = context_->check_alive(); !alive) return alive;
  if (!released) return released;
  if (staging_ && is_write(mode)) {
    auto bytes = staging_->download(*resource_.get(), wait_timeout());
    if (!bytes) return fail(std::move(bytes.error()));
    mutable_statistics().bytes_copied += *bytes;
  }
  if (const auto fence = signal != nullptr ? context_->find_fence(*signal) : Com<ID3D11Fence>()) {
    const HRESULT result = context_->fence_context()->Signal(fence.get(), value);
    if (result != S_OK) {
      return fail(context_->make_error(result, "ID3D11DeviceContext4::Signal", ErrorCode::operating_system));
    }
    context_->immediate().Flush();  // a signal that stays in the command buffer is none
    return {};
  }
  if (auto done = context_->finish(wait_timeout()); !done) return done;
  ++mutable_statistics().host_waits;
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<ApiTextureHandle> D3d11Texture::do_export(HandleKind kind) {
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = context_->identity();
  parcel.api = Api::d3d11;
  parcel.kind = kind;
  parcel.handle_count = 1;
  auto handle = staging_ ? staging_->memory().duplicate() : share_resource(*context_, resource_, kind);
  if (!handle) return fail(std::move(handle.error()));
  parcel.handles[0] = *std::move(handle);
  return parcel;
}

}  // namespace geyser::d3d11
