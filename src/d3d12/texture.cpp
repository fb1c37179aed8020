#include "d3d12/texture.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "d3d12/resource.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::d3d12 {

using detail::text;

D3d12Texture::D3d12Texture(Init init, std::shared_ptr<Context> context, Com<ID3D12Resource> resource)
    : SharedTexture(std::move(init)),
      context_(std::move(context)),
      resource_(std::move(resource)),
      number_(context_->next_number()) {}

D3d12Texture::~D3d12Texture() { context_->release_later(resource_.query<IUnknown>()); }

std::unique_ptr<SharedTexture> D3d12Texture::shared(const std::shared_ptr<Context>& context,
                                                    const TextureDescriptor& descriptor, const MemoryLayout& layout,
                                                    Com<ID3D12Resource> resource) {
  Init init{Api::d3d12, descriptor, layout, HandleKind::d3d_nt, SharePath::zero_copy, context->diagnostics()};
  return std::unique_ptr<SharedTexture>(new D3d12Texture(std::move(init), context, std::move(resource)));
}

Result<std::unique_ptr<SharedTexture>> D3d12Texture::on_host_memory(const std::shared_ptr<Context>& context,
                                                                    const TextureDescriptor& descriptor,
                                                                    OwnedHandle memory) {
  auto resource = create_resource(*context, descriptor, false);
  if (!resource) return fail(std::move(resource.error()));
  auto staging = Staging::create(context, descriptor, *resource->get(), std::move(memory));
  if (!staging) return fail(std::move(staging.error()));
  Init init{Api::d3d12,
            descriptor,
            host_layout(descriptor),
            HandleKind::host_memory,
            SharePath::host_copy,
            context->diagnostics()};
  std::unique_ptr<D3d12Texture> texture(new D3d12Texture(std::move(init), context, *std::move(resource)));
  texture->staging_.emplace(*std::move(staging));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> D3d12Texture::create(const std::shared_ptr<Context>& context,
                                                            const TextureDescriptor& descriptor, HandleKind kind) {
  if (kind == HandleKind::host_memory) {
    auto memory = platform::create_shared_memory(host_size(descriptor));
    if (!memory) return fail(std::move(memory.error()));
    return on_host_memory(context, descriptor, *std::move(memory));
  }
  auto resource = create_resource(*context, descriptor, true);
  if (!resource) return fail(std::move(resource.error()));
  const MemoryLayout layout = layout_of(*context, (*resource)->GetDesc());
  return shared(context, descriptor, layout, *std::move(resource));
}

Result<std::unique_ptr<SharedTexture>> D3d12Texture::import(const std::shared_ptr<Context>& context,
                                                            ApiTextureHandle&& parcel) {
  if (parcel.kind == HandleKind::host_memory) {
    if (parcel.layout != host_layout(parcel.descriptor)) {
      return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
    }
    return on_host_memory(context, parcel.descriptor, std::move(parcel.handles[0]));
  }
  auto resource = open_resource(*context, parcel);
  if (!resource) return fail(std::move(resource.error()));
  return shared(context, parcel.descriptor, parcel.layout, *std::move(resource));
}

Result<std::unique_ptr<SharedTexture>> D3d12Texture::adopt(const std::shared_ptr<Context>& context,
                                                           const TextureDescriptor& descriptor,
                                                           ID3D12Resource& resource) {
  const D3D12_RESOURCE_DESC desc = resource.GetDesc();
  if (auto good = check(desc, descriptor); !good) return fail(std::move(good.error()));
  D3D12_HEAP_PROPERTIES heap{};
  D3D12_HEAP_FLAGS flags{};
  if (const HRESULT result = resource.GetHeapProperties(&heap, &flags); result != S_OK) {
    return fail(context->error(result, "ID3D12Resource::GetHeapProperties", ErrorCode::unsupported));
  }
  if ((flags & D3D12_HEAP_FLAG_SHARED) == 0) {
    return fail(
        GeyserError(ErrorCode::unsupported, text("The resource's heap has the flags [", static_cast<unsigned>(flags),
                                                 "], so that it cannot be shared."))
            .suggest("a committed resource with D3D12_HEAP_FLAG_SHARED"));
  }
  return shared(context, descriptor, layout_of(*context, desc), Com<ID3D12Resource>::share(&resource));
}

bool D3d12Texture::accepts_signal_fence(const SharedFence& fence) const {
  return fence.kind() == FenceKind::host_timeline || static_cast<bool>(context_->find_fence(fence));
}

// What can fail on the CPU comes first: it then leaves nothing queued.
Result<void> D3d12Texture::do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) {
  std::array<Com<ID3D12Fence>, 2 * max_sync_points> fences;
  std::array<std::uint64_t, 2 * max_sync_points> values{};
  std::size_t count = 0;
  for (const SyncPoint& point : waits) {
    if (auto fence = context_->find_fence(*point.fence)) {
      values[count] = point.value;
      fences[count++] = std::move(fence);
      continue;
    }
    if (point.fence->kind() != FenceKind::host_timeline) {
      return fail(GeyserError(ErrorCode::unsupported,
                              text("A fence of kind [", to_string(point.fence->kind()),
                                   "] is not known to this Direct3D 12 device; import it with import_fence()."))
                      .suggest("fence kind [host_timeline]"));
    }
    if (auto done = point.fence->wait(point.value, wait_timeout()); !done) return done;
    ++mutable_statistics().host_waits;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (auto queued = context_->queue_wait(*fences[i].get(), values[i]); !queued) return queued;
  }
  const bool wanted = state.initialized && mode != AccessMode::discard;
  if (staging_ && wanted && (holders_ == 0 || is_later(state))) {
    auto bytes = staging_->upload(wait_timeout());
    if (!bytes) return fail(std::move(bytes.error()));
    mutable_statistics().bytes_copied += *bytes;
  }
  mutable_statistics().gpu_waits += count;
  ++holders_;
  return {};
}

Result<void> D3d12Texture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  const bool download = staging_ && is_write(mode);
  if (!download && signal != nullptr) {
    if (const auto fence = context_->find_fence(*signal)) return context_->queue_signal(*fence.get(), value);
  }
  // A fence would say that the texture is done, not that the copy behind it is: copies are waited for here.
  auto ticket = download ? staging_->queue_download() : context_->submit(nullptr);
  if (!ticket) return fail(std::move(ticket.error()));
  if (auto done = context_->wait(*ticket, wait_timeout()); !done) return done;
  ++mutable_statistics().host_waits;
  if (download) mutable_statistics().bytes_copied += staging_->download();
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<ApiTextureHandle> D3d12Texture::do_export(HandleKind kind) {
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = context_->identity();
  parcel.api = Api::d3d12;
  parcel.kind = kind;
  auto handle = staging_ ? staging_->memory().duplicate() : export_object(*context_, *resource_.get());
  if (!handle) return fail(std::move(handle.error()));
  parcel.handles[0] = *std::move(handle);
  parcel.handle_count = 1;
  return parcel;
}

Result<void> D3d12Texture::copy_from(const D3d12Texture& from) {
  auto found = std::find_if(copies_.begin(), copies_.end(),
                            [&](const Copy& copy) { return copy.source == from.number_ && copy.commands.is_idle(); });
  if (found == copies_.end()) {
    auto commands = Commands::record(context_, [&](ID3D12GraphicsCommandList& list) {
      const std::array open{transition(*from.resource(), D3D12_RESOURCE_STATE_COMMON, D3D12_RESOURCE_STATE_COPY_SOURCE),
                            transition(*resource(), D3D12_RESOURCE_STATE_COMMON, D3D12_RESOURCE_STATE_COPY_DEST)};
      list.ResourceBarrier(static_cast<UINT>(open.size()), open.data());
      list.CopyResource(resource(), from.resource());
      const std::array close{
          transition(*from.resource(), D3D12_RESOURCE_STATE_COPY_SOURCE, D3D12_RESOURCE_STATE_COMMON),
          transition(*resource(), D3D12_RESOURCE_STATE_COPY_DEST, D3D12_RESOURCE_STATE_COMMON)};
      list.ResourceBarrier(static_cast<UINT>(close.size()), close.data());
    });
    if (!commands) return fail(std::move(commands.error()));
    copies_.push_back({from.number_, *std::move(commands)});
    found = std::prev(copies_.end());
  }
  auto ticket = found->commands.submit();
  if (!ticket) return fail(std::move(ticket.error()));
  return {};
}

}  // namespace geyser::d3d12
