#include "opengl/surface_texture.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <geyser/cgl.hpp>
#include <geyser/layout.hpp>

#include "common/text.hpp"
#include "opengl/cgl_context.hpp"
#include "opengl/context_texture.hpp"
#include "opengl/dma_buf.hpp"
#include "opengl/error.hpp"
#include "opengl/format.hpp"
#include "opengl/state.hpp"
#include "platform/shared_memory.hpp"
#include "surface/rows.hpp"
#include "surface/surface.hpp"

namespace geyser::opengl {

using detail::text;
using surface::Surface;

namespace {

constexpr GLenum target = GL_TEXTURE_RECTANGLE;

// CGL has no surface with red in the first byte. What the CPU copies anyway it exchanges on the way.
constexpr bool is_exchanged(TextureFormat format) { return format == TextureFormat::rgba8_unorm; }

TextureDescriptor storage_of(TextureDescriptor descriptor) {
  if (is_exchanged(descriptor.format)) descriptor.format = TextureFormat::bgra8_unorm;
  return descriptor;
}

// A framebuffer with one texture, until the end of the scope.
class Attached {
 public:
  Attached(const GlFunctions& gl, GLuint texture) : gl_(gl), saved_(gl, false) {
    gl.glGenFramebuffers(1, &framebuffer_);
    gl.glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
    gl.glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, target, texture, 0);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  ~Attached() { gl_.glDeleteFramebuffers(1, &framebuffer_); }
  bool is_complete() const { return gl_.glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE; }

 private:
  const GlFunctions& gl_;
  SavedTransferState saved_;
  GLuint framebuffer_ = 0;
};

class SurfaceTexture final : public ContextTexture {
 public:
  // On a surface that has been checked against the descriptor.
  static Result<std::unique_ptr<SharedTexture>> in_place(const std::shared_ptr<Context>& context,
                                                         const TextureDescriptor& descriptor, Surface surface);
  // Beside host memory. Its storage is a surface that nobody else knows, so that no texel is ever converted.
  static Result<std::unique_ptr<SharedTexture>> copied(const std::shared_ptr<Context>& context,
                                                       const TextureDescriptor& descriptor, OwnedHandle memory);
  ~SurfaceTexture() override;

  NativeTexture native() const noexcept override;
  Result<void> copy_from(const ContextTexture& from) override;

 private:
  SurfaceTexture(Init init, std::shared_ptr<Context> context, Surface surface)
      : ContextTexture(std::move(init), std::move(context)),
        storage_(storage_of(descriptor())),
        surface_(std::move(surface)) {}
  // A rectangle texture for each plane of the surface.
  Result<void> make();
  bool is_copied() const noexcept { return handle_kind() == HandleKind::host_memory; }
  surface::Order order() const noexcept {
    return is_exchanged(descriptor().format) ? surface::Order::exchanged : surface::Order::same;
  }
  // OpenGL looks at what others have written when the texture is bound again.
  void look_again() const;
  // Bounded, unlike glFinish().
  Result<void> wait_for_device();
  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override {
    return fence.kind() == FenceKind::host_timeline;
  }

  TextureDescriptor storage_;  // what the surface is
  Surface surface_;
  OwnedHandle handle_;  // of host memory, beside the surface
  platform::MappedMemory mapping_;
  std::array<GLuint, 3> names_{};  // one for each plane
  std::uint32_t name_count_ = 0;
  std::uint32_t holders_ = 0;
};

Result<std::unique_ptr<SharedTexture>> SurfaceTexture::in_place(const std::shared_ptr<Context>& context,
                                                                const TextureDescriptor& descriptor, Surface surface) {
  auto layout = surface.layout();
  if (!layout) return fail(std::move(layout.error()));
  Init init{Api::opengl, descriptor, *layout, HandleKind::io_surface, SharePath::zero_copy, context->diagnostics()};
  std::unique_ptr<SurfaceTexture> texture(new SurfaceTexture(std::move(init), context, std::move(surface)));
  if (auto made = texture->make(); !made) return fail(std::move(made.error()));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> SurfaceTexture::copied(const std::shared_ptr<Context>& context,
                                                              const TextureDescriptor& descriptor, OwnedHandle memory) {
  auto mapping = platform::map_shared_memory(memory.get(), host_size(descriptor));
  if (!mapping) return fail(std::move(mapping.error()));
  auto surface = Surface::create(storage_of(descriptor), surface::any_row_alignment);
  if (!surface) return fail(std::move(surface.error()));
  Init init{Api::opengl,           descriptor, host_layout(descriptor), HandleKind::host_memory, SharePath::host_copy,
            context->diagnostics()};
  std::unique_ptr<SurfaceTexture> texture(new SurfaceTexture(std::move(init), context, *std::move(surface)));
  texture->handle_ = std::move(memory);
  texture->mapping_ = *std::move(mapping);
  if (auto made = texture->make(); !made) return fail(std::move(made.error()));
  return texture;
}

SurfaceTexture::~SurfaceTexture() {
  auto current = Current::open(*context_);
  if (!current) {
    report(std::move(current.error()).during("deleting a texture; its GL objects leak"));
    return;
  }
  context_->gl().glDeleteTextures(static_cast<GLsizei>(name_count_), names_.data());
}

Result<void> SurfaceTexture::make() {
  const GlFunctions& gl = context_->gl();
  take_callers_errors(gl, context_->diagnostics());
  const SavedBinding saved(gl, target);
  name_count_ = format_info(descriptor().format).plane_count;
  gl.glGenTextures(static_cast<GLsizei>(name_count_), names_.data());
  for (std::uint32_t plane = 0; plane < name_count_; ++plane) {
    gl.glBindTexture(target, names_.at(plane));
    auto attached = cgl::attach_plane(cgl_of(*context_).handle(), surface_.get(), storage_, plane);
    if (!attached) return attached;
    gl.glTexParameteri(target, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    gl.glTexParameteri(target, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  }
  return check(gl, "setting up a texture on a surface");
}

NativeTexture SurfaceTexture::native() const noexcept {
  NativeTexture native;
  native.target = target;
  native.plane_count = name_count_;
  for (std::uint32_t i = 0; i < name_count_; ++i) {
    native.planes.at(i) = {names_.at(i), to_gl(plane_format(storage_.format, i)).internal_format};
  }
  native.name = native.planes[0].name;
  native.internal_format = native.planes[0].internal_format;
  return native;
}

void SurfaceTexture::look_again() const {
  const GlFunctions& gl = context_->gl();
  const SavedBinding saved(gl, target);
  for (std::uint32_t plane = 0; plane < name_count_; ++plane) gl.glBindTexture(target, names_.at(plane));
}

Result<void> SurfaceTexture::wait_for_device() {
  const GlFunctions& gl = context_->gl();
  GLsync done = gl.glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  // What has been drawn is on the surface for others once it is flushed.
  gl.glFlush();
  if (done == nullptr) return check(gl, "glFenceSync");
  const auto limit = std::max(wait_timeout(), std::chrono::nanoseconds(0));
  const GLenum answer = gl.glClientWaitSync(done, 0, static_cast<GLuint64>(limit.count()));
  gl.glDeleteSync(done);
  if (answer == GL_ALREADY_SIGNALED || answer == GL_CONDITION_SATISFIED) {
    ++mutable_statistics().host_waits;
    return {};
  }
  if (answer != GL_TIMEOUT_EXPIRED) return check(gl, "glClientWaitSync");
  return fail(ErrorCode::timeout, text("OpenGL is not done in [", limit.count(), "] ns."));
}

Result<void> SurfaceTexture::do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) {
  for (const SyncPoint& point : waits) {
    if (point.fence->kind() != FenceKind::host_timeline) return refuse_fence(*point.fence);
    if (auto done = wait_on_cpu(point); !done) return done;
  }
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  const bool contents_wanted = state.initialized && mode != AccessMode::discard;
  if (is_copied() && contents_wanted && (holders_ == 0 || is_later(state))) {
    auto copied = surface::write_rows(surface_, storage_, mapping_.bytes(), order());
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  }
  look_again();
  ++holders_;
  return {};
}

Result<void> SurfaceTexture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  if (auto done = wait_for_device(); !done) return done;
  if (is_copied() && is_write(mode)) {
    auto copied = surface::read_rows(surface_, storage_, mapping_.bytes(), order());
    if (!copied) return fail(std::move(copied.error()));
    mutable_statistics().bytes_copied += *copied;
  }
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<void> SurfaceTexture::copy_from(const ContextTexture& other) {
  const auto& from = static_cast<const SurfaceTexture&>(other);
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  const GlFunctions& gl = context_->gl();
  take_callers_errors(gl, context_->diagnostics());
  for (std::uint32_t plane = 0; plane < name_count_; ++plane) {
    const Attached attached(gl, from.names_.at(plane));
    const SavedBinding saved(gl, target);
    gl.glBindTexture(target, names_.at(plane));
    const Extent3D extent = mip_extent(descriptor(), 0, plane);
    gl.glCopyTexSubImage2D(target, 0, 0, 0, 0, 0, static_cast<GLsizei>(extent.width),
                           static_cast<GLsizei>(extent.height));
  }
  return check(gl, "glCopyTexSubImage2D");
}

Result<ApiTextureHandle> SurfaceTexture::do_export(HandleKind kind) {
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = context_->identity();
  parcel.api = api();
  parcel.kind = kind;
  parcel.handle_count = 1;
  auto handle = is_copied() ? handle_.duplicate() : surface_.right();
  if (!handle) return fail(std::move(handle.error()));
  parcel.handles[0] = *std::move(handle);
  return parcel;
}

// What a small texture of the format can be used for; none where CGL does not take it.
std::optional<TextureUsage> probe(const Context& context, TextureFormat format) {
  TextureDescriptor small;
  small.format = format;
  small.extent = {4, 4, 1};
  auto surface = Surface::create(small, surface::any_row_alignment);
  if (!surface) return std::nullopt;
  const GlFunctions& gl = context.gl();
  TextureUsage usages = TextureUsage::sampled | TextureUsage::transfer_source | TextureUsage::transfer_destination;
  bool taken = true;
  bool renderable = true;
  for (std::uint32_t plane = 0; plane < format_info(format).plane_count && taken; ++plane) {
    const SavedBinding saved(gl, target);
    GLuint name = 0;
    gl.glGenTextures(1, &name);
    gl.glBindTexture(target, name);
    taken = cgl::attach_plane(cgl_of(context).handle(), surface->get(), small, plane).has_value();
    renderable = renderable && taken && Attached(gl, name).is_complete();
    gl.glDeleteTextures(1, &name);
  }
  clear_errors(gl);
  if (!taken) return std::nullopt;
  return renderable ? usages | TextureUsage::color_attachment : usages;
}

}  // namespace

std::vector<TextureCapability> probe_surfaces(const Context& context) {
  GLint largest = 0;
  context.gl().glGetIntegerv(GL_MAX_RECTANGLE_TEXTURE_SIZE, &largest);
  std::vector<TextureCapability> rows;
  for (const TextureFormat format : cgl::formats()) {
    const auto usages = probe(context, format);
    if (!usages) continue;
    TextureCapability row;
    row.format = format;
    row.handle_kind = HandleKind::io_surface;
    row.tiling = Tiling::linear;
    row.memory_plane_count = format_info(format).plane_count;
    row.exportable = row.importable = true;
    row.usages = *usages;
    row.dimensions = dimension_bit(TextureDimension::two_d);
    row.max_extent = {static_cast<std::uint32_t>(largest), static_cast<std::uint32_t>(largest), 1};
    rows.push_back(row);
    row.handle_kind = HandleKind::host_memory;
    row.tiling = Tiling::host;
    rows.push_back(row);
    if (format != TextureFormat::bgra8_unorm) continue;
    row.format = TextureFormat::rgba8_unorm;
    rows.push_back(row);
  }
  return rows;
}

Result<std::unique_ptr<SharedTexture>> create_on_surface(const std::shared_ptr<Context>& context,
                                                         const TextureDescriptor& descriptor,
                                                         const Agreement& agreement) {
  if (agreement.handle_kind == HandleKind::host_memory) {
    auto memory = platform::create_shared_memory(host_size(descriptor));
    if (!memory) return fail(std::move(memory.error()));
    return SurfaceTexture::copied(context, descriptor, *std::move(memory));
  }
  auto surface = Surface::create(descriptor, surface::any_row_alignment);
  if (!surface) return fail(std::move(surface.error()));
  return SurfaceTexture::in_place(context, descriptor, *std::move(surface));
}

Result<std::unique_ptr<SharedTexture>> import_on_surface(const std::shared_ptr<Context>& context,
                                                         ApiTextureHandle&& parcel) {
  if (parcel.kind == HandleKind::host_memory) {
    if (parcel.layout != host_layout(parcel.descriptor)) {
      return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
    }
    return SurfaceTexture::copied(context, parcel.descriptor, std::move(parcel.handles[0]));
  }
  auto surface = Surface::open(parcel.handles[0]);
  if (!surface) return fail(std::move(surface.error()));
  if (auto good = surface->check(parcel.descriptor); !good) return fail(std::move(good.error()));
  if (auto good = surface->check(parcel.layout); !good) return fail(std::move(good.error()));
  return SurfaceTexture::in_place(context, parcel.descriptor, *std::move(surface));
}

}  // namespace geyser::opengl
