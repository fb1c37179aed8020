#include "metal/texture.hpp"

#include <utility>

#include "common/text.hpp"
#include "metal/error.hpp"
#include "metal/fence.hpp"
#include "metal/format.hpp"
#include "surface/texture_descriptor.hpp"

namespace geyser::metal {

using detail::text;
using surface::describe;

MetalTexture::MetalTexture(Init init, std::shared_ptr<Context> context)
    : SharedTexture(std::move(init)), context_(std::move(context)) {}

Result<std::unique_ptr<SharedTexture>> MetalTexture::create(const std::shared_ptr<Context>& context,
                                                            const TextureDescriptor& descriptor,
                                                            const Agreement& agreement) {
  if (agreement.handle_kind == HandleKind::io_surface) {
    auto alignment = [context->device()
        minimumLinearTextureAlignmentForPixelFormat:static_cast<MTLPixelFormat>(
                                                        find_format(descriptor.format)->pixel_formats[0])];
    auto surface = Surface::create(descriptor, alignment);
    if (!surface) return fail(std::move(surface.error()));
    return on_surface(context, descriptor, *std::move(surface));
  }
  if (agreement.handle_kind == HandleKind::metal_shared_texture) {
    auto object = TextureObject::create((__bridge void*)context->device(), descriptor);
    if (!object) return fail(std::move(object.error()));
    return on_object(context, descriptor, *std::move(object));
  }
  const MemoryLayout layout = agreement.tiling == Tiling::linear
                                  ? host_linear_layout(descriptor, agreement.row_alignment)
                                  : host_layout(descriptor);
  auto memory = platform::create_shared_memory(layout.allocation_size);
  if (!memory) return fail(std::move(memory.error()));
  return on_host_memory(context, descriptor, layout, *std::move(memory));
}

Result<std::unique_ptr<SharedTexture>> MetalTexture::on_surface(const std::shared_ptr<Context>& context,
                                                                const TextureDescriptor& descriptor, Surface surface,
                                                                std::shared_ptr<void> keep) {
  auto layout = surface.layout();
  if (!layout) return fail(std::move(layout.error()));
  Init init{Api::metal, descriptor, *layout, HandleKind::io_surface, SharePath::zero_copy, context->diagnostics()};
  std::unique_ptr<MetalTexture> texture(new MetalTexture(std::move(init), context));
  // "MTLStorageMode": a GPU with memory of its own keeps a copy of a surface that it draws on.
  const MTLStorageMode storage = context->device().hasUnifiedMemory ? MTLStorageModeShared : MTLStorageModeManaged;
  for (std::uint32_t plane = 0; plane < format_info(descriptor.format).plane_count; ++plane) {
    const auto description = describe(descriptor, plane, storage);
    texture->planes_[plane] =
        Reference<id<MTLTexture>>::adopt([context->device() newTextureWithDescriptor:description.get()
                                                                           iosurface:surface.get()
                                                                               plane:plane]);
    if (!texture->planes_[plane]) {
      return fail(
          std::move(no_object("newTextureWithDescriptor:iosurface:plane:")).during(text("plane [", plane, "]")));
    }
  }
  texture->surface_.emplace(std::move(surface));
  texture->keep_ = std::move(keep);
  return texture;
}

Result<std::unique_ptr<SharedTexture>> MetalTexture::on_host_memory(const std::shared_ptr<Context>& context,
                                                                    const TextureDescriptor& descriptor,
                                                                    const MemoryLayout& layout, OwnedHandle memory) {
  const bool copied = layout.tiling == Tiling::host;
  Init init{Api::metal,
            descriptor,
            layout,
            HandleKind::host_memory,
            copied ? SharePath::host_copy : SharePath::zero_copy,
            context->diagnostics()};
  std::unique_ptr<MetalTexture> texture(new MetalTexture(std::move(init), context));
  auto pages = HostPages::open(*context, std::move(memory), layout.allocation_size);
  if (!pages) return fail(std::move(pages.error()));
  texture->pages_.emplace(*std::move(pages));
  for (std::uint32_t plane = 0; plane < format_info(descriptor.format).plane_count; ++plane) {
    const auto description = describe(descriptor, plane, copied ? MTLStorageModePrivate : MTLStorageModeShared);
    if (copied) {
      texture->planes_[plane] =
          Reference<id<MTLTexture>>::adopt([context->device() newTextureWithDescriptor:description.get()]);
    } else {
      texture->planes_[plane] = Reference<id<MTLTexture>>::adopt([texture->pages_->buffer()
          newTextureWithDescriptor:description.get()
                            offset:layout.planes[plane].offset
                       bytesPerRow:layout.planes[plane].stride]);
    }
    if (!texture->planes_[plane]) {
      return fail(no_object(copied ? "newTextureWithDescriptor:" : "newTextureWithDescriptor:offset:bytesPerRow:"));
    }
  }
  return texture;
}

Result<std::unique_ptr<SharedTexture>> MetalTexture::on_object(const std::shared_ptr<Context>& context,
                                                               const TextureDescriptor& descriptor,
                                                               TextureObject object) {
  MemoryLayout layout;
  layout.allocation_size = host_size(descriptor);
  layout.plane_count = 1;
  Init init{Api::metal,           descriptor,
            layout,               HandleKind::metal_shared_texture,
            SharePath::zero_copy, context->diagnostics()};
  std::unique_ptr<MetalTexture> texture(new MetalTexture(std::move(init), context));
  texture->planes_[0] = Reference<id<MTLTexture>>::share_pointer(object.get());
  texture->object_.emplace(std::move(object));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> MetalTexture::import(const std::shared_ptr<Context>& context,
                                                            ApiTextureHandle&& parcel) {
  if (parcel.kind == HandleKind::metal_shared_texture) {
    auto object = TextureObject::open((__bridge void*)context->device(), parcel);
    if (!object) return fail(std::move(object.error()));
    return on_object(context, parcel.descriptor, *std::move(object));
  }
  if (parcel.kind == HandleKind::io_surface) {
    auto surface = Surface::open(parcel.handles[0]);
    if (!surface) return fail(std::move(surface.error()));
    if (auto good = surface->check(parcel.descriptor); !good) return fail(std::move(good.error()));
    if (auto good = surface->check(parcel.layout); !good) return fail(std::move(good.error()));
    return on_surface(context, parcel.descriptor, *std::move(surface));
  }
  if (parcel.layout.tiling == Tiling::host && parcel.layout != host_layout(parcel.descriptor)) {
    return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
  }
  if (parcel.layout.tiling == Tiling::linear) {
    const std::uint64_t step = [context->device()
        minimumLinearTextureAlignmentForPixelFormat:static_cast<MTLPixelFormat>(
                                                        find_format(parcel.descriptor.format)->pixel_formats[0])];
    const MemoryPlane& plane = parcel.layout.planes[0];
    if (plane.stride % step != 0 || plane.offset % step != 0) {
      return fail(ErrorCode::incompatible_layout,
                  text("Rows at [", plane.offset, "] and [", plane.stride, "] bytes apart are no multiples of [", step,
                       "], which this device asks for."));
    }
  }
  return on_host_memory(context, parcel.descriptor, parcel.layout, std::move(parcel.handles[0]));
}

NativeTexture MetalTexture::native() const noexcept {
  NativeTexture native;
  if (surface_) native.io_surface = surface_->get();
  for (; native.texture_count < planes_.size() && planes_[native.texture_count]; ++native.texture_count) {
    native.textures[native.texture_count] = planes_[native.texture_count].pointer();
  }
  return native;
}

Result<void> MetalTexture::copy_from(const MetalTexture& from) {
  auto commands = context_->command_buffer();
  if (!commands) return fail(std::move(commands.error()));
  @autoreleasepool {
    id<MTLBlitCommandEncoder> blit = [commands->get() blitCommandEncoder];
    for (std::uint32_t plane = 0; plane < format_info(descriptor().format).plane_count; ++plane) {
      [blit copyFromTexture:from.planes_[plane].get() toTexture:planes_[plane].get()];
    }
    [blit endEncoding];
  }
  context_->commit(*commands);
  return {};
}

bool MetalTexture::accepts_signal_fence(const SharedFence& fence) const {
  return fence.kind() == FenceKind::host_timeline || bool(context_->find_event(fence));
}

// What can fail comes first: it then leaves nothing queued.
Result<void> MetalTexture::do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) {
  auto commands = context_->command_buffer();
  if (!commands) return fail(std::move(commands.error()));
  std::uint64_t device_waits = 0;
  for (const SyncPoint& point : waits) {
    if (const auto event = context_->find_event(*point.fence)) {
      [commands->get() encodeWaitForEvent:event.get() value:point.value];
      ++device_waits;
      continue;
    }
    if (point.fence->kind() != FenceKind::host_timeline) {
      return fail(GeyserError(ErrorCode::unsupported,
                              text("A fence of kind [", to_string(point.fence->kind()),
                                   "] is not known to this Metal device; import it with import_fence()."))
                      .suggest("fence kind [host_timeline]"));
    }
    if (auto done = point.fence->wait(point.value, wait_timeout()); !done) return done;
    ++mutable_statistics().host_waits;
  }
  const bool copied = path() == SharePath::host_copy;
  const bool contents_wanted = state.initialized && mode != AccessMode::discard;
  if (copied && contents_wanted && (holders_ == 0 || is_later(state))) {
    mutable_statistics().bytes_copied +=
        record_packed_copy(commands->get(), descriptor(), planes_, pages_->buffer(), Toward::device);
  } else if (device_waits == 0) {
    ++holders_;
    return {};  // nothing to queue
  }
  context_->commit(*commands);
  mutable_statistics().gpu_waits += device_waits;
  ++holders_;
  return {};
}

Result<void> MetalTexture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  auto commands = context_->command_buffer();
  if (!commands) return fail(std::move(commands.error()));
  const bool copied = path() == SharePath::host_copy && is_write(mode);
  if (copied) {
    mutable_statistics().bytes_copied +=
        record_packed_copy(commands->get(), descriptor(), planes_, pages_->buffer(), Toward::host);
  }
  if (const auto event = signal != nullptr ? context_->find_event(*signal) : Reference<EventObject>()) {
    [commands->get() encodeSignalEvent:event.get() value:value];
    context_->commit(*commands);
    return {};
  }
  if (auto done = context_->finish(*commands, wait_timeout()); !done) return done;
  ++mutable_statistics().host_waits;
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<ApiTextureHandle> MetalTexture::do_export(HandleKind kind) {
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = context_->identity();
  parcel.api = Api::metal;
  parcel.kind = kind;
  parcel.handle_count = 1;
  if (surface_) {
    auto right = surface_->right();
    if (!right) return fail(std::move(right.error()));
    parcel.handles[0] = *std::move(right);
  } else if (pages_) {
    auto copy = pages_->handle().duplicate();
    if (!copy) return fail(std::move(copy.error()));
    parcel.handles[0] = *std::move(copy);
  } else {
    auto handle = object_->handle();
    if (!handle) return fail(std::move(handle.error()));
    parcel.handles[0] = *std::move(handle);
  }
  return parcel;
}

}  // namespace geyser::metal
