#include "opengl/texture.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/text.hpp"
#include "opengl/dma_buf.hpp"
#include "opengl/error.hpp"
#include "opengl/external_handle.hpp"
#include "opengl/fence.hpp"
#include "opengl/format.hpp"
#include "opengl/keyed_mutex.hpp"
#include "opengl/native_fence.hpp"
#include "opengl/state.hpp"
#include "platform/kernel_fence.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

Api api_of(const Context& context) { return context.is_es() ? Api::opengl_es : Api::opengl; }

bool is_layered(GLenum target) {
  return target == GL_TEXTURE_2D_ARRAY || target == GL_TEXTURE_CUBE_MAP_ARRAY || target == GL_TEXTURE_3D;
}

GLsizei depth_of(const TextureDescriptor& descriptor) {
  return static_cast<GLsizei>(descriptor.dimension == TextureDimension::three_d ? descriptor.extent.depth
                                                                                : descriptor.array_layers);
}

}  // namespace

GlTexture::GlTexture(Init init, std::shared_ptr<Context> context)
    : ContextTexture(std::move(init), std::move(context)) {}

GlTexture::~GlTexture() {
  auto current = Current::open(*context_);
  if (!current) {
    report(std::move(current.error()).during("deleting a texture; its GL objects leak"));
    return;
  }
  const GlFunctions& gl = context_->gl();
  gl.glDeleteTextures(static_cast<GLsizei>(name_count_), names_.data());
  if (memory_object_ != 0) gl.glDeleteMemoryObjectsEXT(1, &memory_object_);
}

Result<std::unique_ptr<SharedTexture>> GlTexture::create(const std::shared_ptr<Context>& context,
                                                         const TextureDescriptor& descriptor,
                                                         const Agreement& agreement) {
  if (agreement.handle_kind == HandleKind::dma_buf) return create_dma_buf(context, descriptor, agreement);
  auto memory = platform::create_shared_memory(host_size(descriptor));
  if (!memory) return fail(std::move(memory.error()));
  Init init{api_of(*context),        descriptor,           host_layout(descriptor),
            HandleKind::host_memory, SharePath::host_copy, context->diagnostics()};
  std::unique_ptr<GlTexture> texture(new GlTexture(std::move(init), context));
  if (auto made = texture->make_copied(*std::move(memory)); !made) return fail(std::move(made.error()));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> GlTexture::import(const std::shared_ptr<Context>& context,
                                                         ApiTextureHandle&& parcel) {
  const bool copied = parcel.kind == HandleKind::host_memory;
  if (copied && parcel.layout != host_layout(parcel.descriptor)) {
    return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
  }
  Init init{api_of(*context),
            parcel.descriptor,
            parcel.layout,
            parcel.kind,
            copied ? SharePath::host_copy : SharePath::zero_copy,
            context->diagnostics()};
  std::unique_ptr<GlTexture> texture(new GlTexture(std::move(init), context));
  auto made = copied                               ? texture->make_copied(std::move(parcel.handles[0]))
              : parcel.kind == HandleKind::dma_buf ? texture->make_opened(parcel)
                                                   : texture->make_imported(parcel);
  if (!made) return fail(std::move(made.error()));
  return texture;
}

// A texture with fewer mips than a full chain is incomplete without its maximum level.
void GlTexture::set_sampling(GLenum target) const {
  const GlFunctions& gl = context_->gl();
  gl.glTexParameteri(target, GL_TEXTURE_MAX_LEVEL, static_cast<GLint>(descriptor().mip_levels) - 1);
  gl.glTexParameteri(target, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  gl.glTexParameteri(target, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  if (to_gl(descriptor().format).swizzle_red_blue && handle_kind() != HandleKind::dma_buf) {
    gl.glTexParameteri(target, GL_TEXTURE_SWIZZLE_R, GL_BLUE);
    gl.glTexParameteri(target, GL_TEXTURE_SWIZZLE_B, GL_RED);
  }
}

Result<void> GlTexture::make_copied(OwnedHandle memory) {
  auto mapped = platform::map_shared_memory(memory.get(), host_size(descriptor()));
  if (!mapped) return fail(std::move(mapped.error()));
  memory_ = *std::move(mapped);
  handles_[0] = std::move(memory);
  handle_count_ = 1;
  const GlFunctions& gl = context_->gl();
  const TextureDescriptor& d = descriptor();
  const GLenum target = target_of(d.dimension);
  const GLenum internal_format = to_gl(d.format).internal_format;
  take_callers_errors(gl, context_->diagnostics());
  const SavedBinding saved(gl, target);
  gl.glGenTextures(1, names_.data());
  gl.glBindTexture(target, names_[0]);
  const auto levels = static_cast<GLsizei>(d.mip_levels);
  const auto width = static_cast<GLsizei>(d.extent.width);
  const auto height = static_cast<GLsizei>(d.extent.height);
  if (is_layered(target)) {
    gl.glTexStorage3D(target, levels, internal_format, width, height, depth_of(d));
  } else {
    gl.glTexStorage2D(target, levels, internal_format, width, height);
  }
  set_sampling(target);
  if (auto made = check(gl, "glTexStorage"); !made) return made;
  auto staging = Staging::create(context_, d, names_[0]);
  if (!staging) return fail(std::move(staging.error()));
  staging_.emplace(*std::move(staging));
  return {};
}

Result<void> GlTexture::make_imported(ApiTextureHandle& parcel) {
  const TextureDescriptor& d = descriptor();
  if (layout().keyed_mutex && !has_keyed_mutexes(*context_)) {
    return fail(GeyserError(ErrorCode::unsupported,
                            "The texture has a keyed mutex, but the driver is without GL_EXT_win32_keyed_mutex.")
                    .suggest("fence kind [d3d12_fence], for which Direct3D 11 makes textures without"));
  }
  // Drivers trust the size that they are told. Where the kernel knows the real one, it is compared. A global number is
  // no handle of this process, but may look like one; Direct3D's textures have no size.
  const bool has_size = parcel.kind == HandleKind::opaque_fd || parcel.kind == HandleKind::opaque_win32;
  if (const auto real_size = platform::kernel_size(has_size ? parcel.handles[0].get() : no_native_handle);
      real_size && *real_size < layout().allocation_size) {
    return fail(ErrorCode::incompatible_layout, text("Field [layout.allocation_size] is [", layout().allocation_size,
                                                     "], but the handle has only [", *real_size, "] bytes."));
  }
  const GlFunctions& gl = context_->gl();
  const GLenum target = target_of(d.dimension);
  take_callers_errors(gl, context_->diagnostics());
  gl.glCreateMemoryObjectsEXT(1, &memory_object_);
  if (auto opened = import_memory(*context_, memory_object_, parcel); !opened) return opened;
  const SavedBinding saved(gl, target);
  gl.glGenTextures(1, names_.data());
  gl.glBindTexture(target, names_[0]);
  gl.glTexParameteri(target, GL_TEXTURE_TILING_EXT, GL_OPTIMAL_TILING_EXT);
  const auto levels = static_cast<GLsizei>(d.mip_levels);
  const auto width = static_cast<GLsizei>(d.extent.width);
  const auto height = static_cast<GLsizei>(d.extent.height);
  const GLenum internal_format = to_gl(d.format).internal_format;
  const GLuint64 offset = layout().planes[0].offset;
  if (is_layered(target)) {
    gl.glTexStorageMem3DEXT(target, levels, internal_format, width, height, depth_of(d), memory_object_, offset);
  } else {
    gl.glTexStorageMem2DEXT(target, levels, internal_format, width, height, memory_object_, offset);
  }
  set_sampling(target);
  auto made = check(gl, "glTexStorageMemEXT");
  // The front has looked at the descriptor and the offset: it is the memory that is too small.
  if (made || made.error().native().code != GL_INVALID_VALUE) return made;
  return fail(GeyserError(ErrorCode::incompatible_layout,
                          text("The memory of [", layout().allocation_size, "] bytes does not hold the texture."),
                          made.error().native()));
}

Result<void> GlTexture::make_opened(const ApiTextureHandle& parcel) {
  if (auto sound = inspect_dma_buf(parcel); !sound) return sound;
  const GlFunctions& gl = context_->gl();
  take_callers_errors(gl, context_->diagnostics());
  const SavedBinding saved(gl, GL_TEXTURE_2D);
  name_count_ = format_info(descriptor().format).plane_count;
  gl.glGenTextures(static_cast<GLsizei>(name_count_), names_.data());
  for (std::uint32_t plane = 0; plane < name_count_; ++plane) {
    auto image = DmaBufImage::open(*context_, parcel, plane);
    if (!image) return fail(std::move(image.error()));
    gl.glBindTexture(GL_TEXTURE_2D, names_.at(plane));
    if (auto attached = image->attach(); !attached) return attached;
    const TextureFormat format = plane_format(descriptor().format, plane);
    if (carrier_of(format) != format) {
      if (auto seen = view_as(*context_, format, names_.at(plane)); !seen) return seen;
    }
    set_sampling(GL_TEXTURE_2D);
  }
  return check(gl, "setting up a texture in a dma-buf");
}

Result<std::unique_ptr<SharedTexture>> GlTexture::create_dma_buf(const std::shared_ptr<Context>& context,
                                                                 const TextureDescriptor& descriptor,
                                                                 const Agreement& agreement) {
  const GlFunctions& gl = context->gl();
  take_callers_errors(gl, context->diagnostics());
  const SavedBinding saved(gl, GL_TEXTURE_2D);
  GLuint name = 0;
  gl.glGenTextures(1, &name);
  gl.glBindTexture(GL_TEXTURE_2D, name);
  gl.glTexStorage2D(GL_TEXTURE_2D, 1, dma_buf_internal_format(carrier_of(descriptor.format)),
                    static_cast<GLsizei>(descriptor.extent.width), static_cast<GLsizei>(descriptor.extent.height));
  auto exported = [&]() -> Result<DmaBufImage::Exported> {
    if (auto made = check(gl, "glTexStorage2D"); !made) return fail(std::move(made.error()));
    auto image = DmaBufImage::of_texture(*context, name);
    if (!image) return fail(std::move(image.error()));
    auto planes = image->export_planes();
    if (!planes) return planes;
    // The driver chooses, by size too; nothing tells it what the other end takes.
    const std::vector<std::uint64_t>& wanted = agreement.modifiers;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), planes->layout.modifier) == wanted.end()) {
      return fail(ErrorCode::unsupported, text("The driver gives the texture modifier [", planes->layout.modifier,
                                               "], which is not among those agreed on."));
    }
    if (carrier_of(descriptor.format) != descriptor.format) {
      if (auto seen = view_as(*context, descriptor.format, name); !seen) return fail(std::move(seen.error()));
    }
    return planes;
  }();
  if (!exported) {
    gl.glDeleteTextures(1, &name);
    return fail(std::move(exported.error()));
  }
  Init init{api_of(*context),    descriptor,           exported->layout,
            HandleKind::dma_buf, SharePath::zero_copy, context->diagnostics()};
  std::unique_ptr<GlTexture> texture(new GlTexture(std::move(init), context));
  texture->names_[0] = name;
  texture->handles_ = std::move(exported->handles);
  texture->handle_count_ = exported->handle_count;
  texture->set_sampling(GL_TEXTURE_2D);
  if (auto made = check(gl, "setting up a texture to export"); !made) return fail(std::move(made.error()));
  return texture;
}

NativeTexture GlTexture::native() const noexcept {
  NativeTexture native{
      names_[0], target_of(descriptor().dimension), to_gl(descriptor().format).internal_format, name_count_, {}};
  for (std::uint32_t i = 0; i < name_count_; ++i) {
    const GLenum internal_format = handle_kind() == HandleKind::dma_buf
                                       ? dma_buf_internal_format(plane_format(descriptor().format, i))
                                       : native.internal_format;
    native.planes.at(i) = {names_.at(i), internal_format};
  }
  native.internal_format = native.planes[0].internal_format;
  return native;
}

bool GlTexture::accepts_signal_fence(const SharedFence& fence) const {
  return fence.kind() == FenceKind::host_timeline || is_native(fence) || context_->find_fence(fence) != nullptr ||
         context_->find_direct3d_fence(fence) != nullptr;
}

bool GlTexture::is_native(const SharedFence& fence) const {
  return platform::kernel_fence(fence) != nullptr && context_->has_native_fences();
}

// What can fail comes first: it then leaves nothing queued. The keyed mutex is the last of that.
Result<void> GlTexture::queue_waits(const SyncPoints& waits) {
  std::array<OwnedHandle, max_sync_points> sync_files;
  std::size_t count = 0;
  for (const SyncPoint& point : waits) {
    if (context_->find_fence(*point.fence) != nullptr) continue;
    if (is_native(*point.fence) && !context_->is_software()) {
      auto sync_file = platform::sync_file_of(*platform::kernel_fence(*point.fence), point.value, wait_timeout(),
                                              mutable_statistics().host_waits);
      if (!sync_file) return fail(std::move(sync_file.error()));
      if (sync_file->has_value()) sync_files.at(count++) = *std::move(sync_file);
      continue;
    }
    const auto direct3d = context_->find_direct3d_fence(*point.fence);
    const bool known =
        direct3d != nullptr || point.fence->kind() == FenceKind::host_timeline || is_native(*point.fence);
    if (!known) return refuse_fence(*point.fence);
    if (auto done = wait_on_cpu({direct3d != nullptr ? direct3d : point.fence, point.value}); !done) return done;
  }
  if (has_mutex() && holders_ == 0) {
    if (auto held = acquire_keyed_mutex(*context_, memory_object_, wait_timeout()); !held) return held;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (auto queued = queue_sync_file(*context_, std::move(sync_files.at(i))); !queued) return queued;
    ++mutable_statistics().gpu_waits;
  }
  for (const SyncPoint& point : waits) {
    if (const GlFence* fence = context_->find_fence(*point.fence)) {
      fence->queue_wait(point.value, names());
      ++mutable_statistics().gpu_waits;
    }
  }
  return {};
}

Result<void> GlTexture::do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) {
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  if (auto queued = queue_waits(waits); !queued) return queued;
  const bool contents_wanted = state.initialized && mode != AccessMode::discard;
  if (staging_ && contents_wanted && (holders_ == 0 || is_later(state))) {
    take_callers_errors(context_->gl(), context_->diagnostics());
    auto copied = staging_->upload(memory_.bytes());
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  }
  ++holders_;
  return {};
}

Result<void> GlTexture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  const GlFunctions& gl = context_->gl();
  // First: what fails later must not keep the others out. Their commands come after this context's all the same.
  if (has_mutex() && holders_ == 0) {
    if (auto released = release_keyed_mutex(*context_, memory_object_); !released) return released;
  }
  if (staging_ && is_write(mode)) {
    take_callers_errors(gl, context_->diagnostics());
    auto copied = staging_->download(memory_.bytes());
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  } else if (const GlFence* fence = signal != nullptr ? context_->find_fence(*signal) : nullptr) {
    fence->queue_signal(value, names());
    return {};
  } else if (signal != nullptr && is_native(*signal)) {
    auto sync_file = make_sync_file(*context_);
    if (!sync_file) return fail(std::move(sync_file.error()));
    return platform::kernel_fence(*signal)->put(value, *std::move(sync_file));
  }
  gl.glFinish();
  ++mutable_statistics().host_waits;
  if (signal == nullptr) return {};
  if (const GlFence* fence = context_->find_fence(*signal)) {
    fence->queue_signal(value, names());
    return {};
  }
  const auto direct3d = context_->find_direct3d_fence(*signal);
  return direct3d != nullptr ? direct3d->signal(value) : signal->signal(value);
}

Result<ApiTextureHandle> GlTexture::do_export(HandleKind kind) {
  if (handle_count_ == 0) {
    return fail(GeyserError(ErrorCode::unsupported, "OpenGL cannot export memory that it has imported.")
                    .suggest("exporting it again where it was made"));
  }
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = context_->identity();
  parcel.api = api();
  parcel.kind = kind;
  parcel.handle_count = handle_count_;
  for (std::uint32_t i = 0; i < handle_count_; ++i) {
    auto copy = handles_.at(i).duplicate();
    if (!copy) return fail(std::move(copy.error()));
    parcel.handles.at(i) = *std::move(copy);
  }
  return parcel;
}

}  // namespace geyser::opengl
