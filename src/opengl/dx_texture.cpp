#include "opengl/dx_texture.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "opengl/context_texture.hpp"
#include "opengl/dx_interop.hpp"
#include "opengl/error.hpp"
#include "opengl/format.hpp"
#include "opengl/state.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

// A name of GL's behind which a texture of Direct3D's is. The context must be current for each call.
class Borrowed {
 public:
  explicit Borrowed(const Context& context) : context_(context) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { static_cast<void>(close()); }

  Result<void> open(const SharedTexture& texture) {
    context_.gl().glGenTextures(1, &name_);
    auto object = context_.interop()->register_texture(texture, name_);
    if (!object) return fail(std::move(object.error()));
    object_ = *object;
    return {};
  }
  Result<void> lock(DxAccess access) {
    if (auto given = unlock(); !given) return given;  // what could not be given back before
    if (access != access_) {
      if (auto set = context_.interop()->set_access(object_, access); !set) return set;
      access_ = access;
    }
    if (auto held = context_.interop()->lock(object_); !held) return held;
    locked_ = true;
    return {};
  }
  Result<void> unlock() {
    if (!locked_) return {};
    if (auto given = context_.interop()->unlock(object_); !given) return given;
    locked_ = false;
    return {};
  }
  // What Direct3D does not get back stays where it is, with its name.
  Result<void> close() {
    Result<void> closed = unlock();
    if (object_ != nullptr) closed = context_.interop()->unregister(std::exchange(object_, nullptr));
    if (closed && name_ != 0) context_.gl().glDeleteTextures(1, &name_);
    forget();
    return closed;
  }
  void forget() noexcept { object_ = nullptr, name_ = 0, locked_ = false; }
  GLuint name() const noexcept { return name_; }

 private:
  const Context& context_;
  GLuint name_ = 0;
  void* object_ = nullptr;
  DxAccess access_ = DxAccess::read_write;
  bool locked_ = false;
};

DxAccess access_of(AccessMode mode) {
  if (mode == AccessMode::read) return DxAccess::read_only;
  return mode == AccessMode::discard ? DxAccess::write_discard : DxAccess::read_write;
}

class DxTexture final : public ContextTexture {
 public:
  // Direct3D's texture, whoever made it.
  static Result<std::unique_ptr<SharedTexture>> on(const std::shared_ptr<Context>& context,
                                                   Result<std::unique_ptr<SharedTexture>>&& made) {
    if (!made) return fail(std::move(made.error()));
    std::unique_ptr<SharedTexture> direct3d = *std::move(made);
    Init init{Api::opengl,          direct3d->descriptor(), direct3d->layout(), direct3d->handle_kind(),
              SharePath::zero_copy, context->diagnostics()};
    std::unique_ptr<DxTexture> texture(new DxTexture(std::move(init), context));
    texture->direct3d_ = std::move(direct3d);
    if (auto marked = texture->direct3d_->set_signal_fence(context->interop()->own_fence()); !marked) {
      return fail(std::move(marked.error()));
    }
    if (auto open = texture->borrowed_.open(*texture->direct3d_); !open) return fail(std::move(open.error()));
    return texture;
  }
  ~DxTexture() override {
    auto current = Current::open(*context_);
    if (!current) {
      borrowed_.forget();
      report(std::move(current.error()).during("giving a texture back to Direct3D; its GL objects leak"));
      return;
    }
    if (auto closed = borrowed_.close(); !closed) {
      report(std::move(closed.error()).during("giving a texture back to Direct3D"));
    }
  }

  NativeTexture native() const noexcept override {
    NativeTexture native{borrowed_.name(), GL_TEXTURE_2D, to_gl(descriptor().format).internal_format, 1, {}};
    native.planes[0] = {native.name, native.internal_format};
    return native;
  }
  Result<void> copy_from(const ContextTexture& from) override { return copy_texels(from); }

 private:
  DxTexture(Init init, std::shared_ptr<Context> context)
      : ContextTexture(std::move(init), std::move(context)), borrowed_(*context_) {}

  // For what OpenGL does itself while it has the texture.
  void set_sampling() {
    const GlFunctions& gl = context_->gl();
    const SavedBinding saved(gl, GL_TEXTURE_2D);
    gl.glBindTexture(GL_TEXTURE_2D, borrowed_.name());
    gl.glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 0);
    gl.glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    gl.glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    sampling_is_set_ = true;
  }
  bool knows(const SharedFence& fence) const {
    return fence.kind() == FenceKind::host_timeline || context_->find_direct3d_fence(fence) != nullptr;
  }
  bool accepts_signal_fence(const SharedFence& fence) const override { return knows(fence); }

  // The lock waits for what Direct3D has queued, without an end: so nothing is queued there that others are to signal,
  // and the CPU waits for it before.
  Result<void> do_begin(AccessMode mode, const AccessState&, const SyncPoints& waits) override {
    for (const SyncPoint& point : waits) {
      if (!knows(*point.fence)) return refuse_fence(*point.fence);
      const auto own = context_->find_direct3d_fence(*point.fence);
      if (auto done = wait_on_cpu({own != nullptr ? own : point.fence, point.value}); !done) return done;
    }
    auto current = Current::open(*context_);
    if (!current) return fail(std::move(current.error()));
    // The keyed mutex, where there is one.
    direct3d_->set_wait_timeout(wait_timeout());
    AccessState state;
    state.serial = serial_;
    state.initialized = true;
    auto held = direct3d_->begin_access(mode, state);
    if (!held) return fail(std::move(held.error()));
    if (open_.empty()) {
      if (auto locked = borrowed_.lock(access_of(mode)); !locked) {
        auto released = leave(*std::move(held));
        if (!released && released.error().code() == ErrorCode::device_lost) return fail(std::move(released.error()));
        return locked;
      }
      if (!sampling_is_set_) set_sampling();
    }
    open_.push_back(*std::move(held));
    return {};
  }

  // Ends it in Direct3D: after which points the device is done with it.
  Result<SyncPoints> leave(TextureAccess&& held) {
    const AccessMode mode = held.mode();
    const std::uint64_t waited = direct3d_->statistics().host_waits;
    auto state = direct3d_->end_access(std::move(held));
    mutable_statistics().host_waits += direct3d_->statistics().host_waits - waited;
    if (is_write(mode)) ++serial_;
    if (!state) return fail(std::move(state.error()));
    return is_write(mode) ? state->writer : state->readers;
  }

  // The mutex is released whatever happens: a holder that fails must not keep the others out.
  Result<void> do_end(AccessMode, SharedFence* signal, std::uint64_t value) override {
    TextureAccess held = std::move(open_.back());
    open_.pop_back();
    auto current = Current::open(*context_);
    Result<void> unlocked;
    if (!current) {
      unlocked = fail(std::move(current.error()));
    } else if (open_.empty()) {
      unlocked = borrowed_.unlock();
    }
    auto points = leave(std::move(held));
    if (!points) return fail(std::move(points.error()));
    if (!unlocked) return unlocked;
    // A command of the device's, after OpenGL's: by the unlock they are done before Direct3D has the texture.
    if (const auto own = signal != nullptr ? context_->find_direct3d_fence(*signal) : nullptr)
      return own->signal(value);
    for (const SyncPoint& point : *points) {
      if (auto done = wait_on_cpu(point); !done) return done;
    }
    return signal != nullptr ? signal->signal(value) : Result<void>{};
  }

  Result<ApiTextureHandle> do_export(HandleKind) override {
    return context_->interop()->direct3d().export_texture(*direct3d_);
  }

  std::unique_ptr<SharedTexture> direct3d_;
  Borrowed borrowed_;
  std::vector<TextureAccess> open_;  // in Direct3D; several readers hold it together
  std::uint64_t serial_ = 0;         // of Direct3D's own writes
  bool sampling_is_set_ = false;
};

constexpr TextureUsage offered = TextureUsage::sampled | TextureUsage::transfer_source |
                                 TextureUsage::transfer_destination | TextureUsage::color_attachment;

TextureUsage without_rendering(TextureUsage usages) {
  return static_cast<TextureUsage>(static_cast<std::uint32_t>(usages) &
                                   ~static_cast<std::uint32_t>(TextureUsage::color_attachment));
}

// What the texture that is locked turns out to be, and can be used for. The driver is not asked what it takes, so that
// what it made of the texture is compared.
Result<TextureUsage> look_at(const Context& context, GLuint name, const TextureDescriptor& d) {
  const GlFunctions& gl = context.gl();
  using GetLevel = void(APIENTRY*)(GLenum, GLint, GLenum, GLint*);
  const auto get = reinterpret_cast<GetLevel>(context.procedure("glGetTexLevelParameteriv"));
  if (get == nullptr) return fail(ErrorCode::not_available, "The OpenGL driver has no [glGetTexLevelParameteriv].");
  const SavedTransferState transfer_state(gl, context.is_es());
  const SavedBinding binding(gl, GL_TEXTURE_2D);
  gl.glBindTexture(GL_TEXTURE_2D, name);
  GLint width = 0, height = 0, format = 0;
  get(GL_TEXTURE_2D, 0, GL_TEXTURE_WIDTH, &width);
  get(GL_TEXTURE_2D, 0, GL_TEXTURE_HEIGHT, &height);
  get(GL_TEXTURE_2D, 0, GL_TEXTURE_INTERNAL_FORMAT, &format);
  const GLenum wanted = to_gl(d.format).internal_format;
  if (width != static_cast<GLint>(d.extent.width) || height != static_cast<GLint>(d.extent.height) ||
      static_cast<GLenum>(format) != wanted) {
    return fail(ErrorCode::unsupported, text("A texture of [", to_string(d), "] is one of [", width, "x", height,
                                             "] and internal format [", format, "] to OpenGL, not [", wanted, "]."));
  }
  if (!contains(d.usage, TextureUsage::color_attachment)) return d.usage;
  GLuint framebuffer = 0;
  gl.glGenFramebuffers(1, &framebuffer);
  gl.glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  gl.glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, name, 0);
  const bool complete = gl.glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
  gl.glDeleteFramebuffers(1, &framebuffer);
  return complete ? d.usage : without_rendering(d.usage);
}

Result<TextureUsage> try_borrowing(const Context& context, const TextureDescriptor& d, const Agreement& agreement) {
  auto texture = context.interop()->direct3d().create_texture(d, agreement);
  if (!texture) return fail(std::move(texture.error()));
  auto access = (*texture)->begin_access(AccessMode::discard, {});
  if (!access) return fail(std::move(access.error()));
  Borrowed borrowed(context);
  auto usages = [&]() -> Result<TextureUsage> {
    if (auto open = borrowed.open(**texture); !open) return fail(std::move(open.error()));
    if (auto locked = borrowed.lock(DxAccess::read_write); !locked) return fail(std::move(locked.error()));
    return look_at(context, borrowed.name(), d);
  }();
  auto closed = borrowed.close();
  clear_errors(context.gl());
  if (auto ended = (*texture)->end_access(*std::move(access)); !ended) return fail(std::move(ended.error()));
  if (usages && !closed) return fail(std::move(closed.error()));
  return usages;
}

// With a keyed mutex and, where the ends may agree on fences, without one.
Result<TextureUsage> usages_of(const Context& context, const TextureCapability& row) {
  TextureDescriptor small;
  small.extent = {16, 8, 1};
  small.format = row.format;
  small.usage = row.usages & offered;
  Agreement agreement;
  agreement.handle_kind = row.handle_kind;
  agreement.fence_kind = FenceKind::host_timeline;
  auto usages = try_borrowing(context, small, agreement);
  if (!usages || context.interop()->own_fence() == nullptr) return usages;
  agreement.fence_kind = FenceKind::d3d12_fence;
  auto others = try_borrowing(context, small, agreement);
  if (!others) return others;
  return *usages & *others;
}

}  // namespace

std::vector<TextureCapability> probe_dx_interop(const Context& context) {
  const GlFunctions& gl = context.gl();
  GLint largest = 0;
  gl.glGetIntegerv(GL_MAX_TEXTURE_SIZE, &largest);
  std::vector<TextureCapability> rows;
  Result<void> why;
  for (TextureCapability row : context.interop()->direct3d().capabilities().textures) {
    const FormatInfo& info = format_info(row.format);
    if (row.handle_kind != HandleKind::d3d_nt && row.handle_kind != HandleKind::d3d_kmt) continue;
    if (to_gl(row.format).internal_format == 0 || info.is_compressed() || info.is_multi_planar()) continue;
    auto usages = usages_of(context, row);
    if (!usages) {
      if (why) why = fail(std::move(usages.error()));
      continue;
    }
    row.usages = *usages;
    row.dimensions = dimension_bit(TextureDimension::two_d);
    row.max_extent = {std::min(row.max_extent.width, static_cast<std::uint32_t>(largest)),
                      std::min(row.max_extent.height, static_cast<std::uint32_t>(largest)), 1};
    row.max_mip_levels = row.max_array_layers = 1;
    rows.push_back(row);
  }
  if (rows.empty() && !why && context.diagnostics()) {
    context.diagnostics()(std::move(why.error()).during("borrowing Direct3D 11's textures, none of which works"));
  }
  return rows;
}

Result<std::unique_ptr<SharedTexture>> create_on_direct3d(const std::shared_ptr<Context>& context,
                                                          const TextureDescriptor& descriptor,
                                                          const Agreement& agreement) {
  return DxTexture::on(context, context->interop()->direct3d().create_texture(descriptor, agreement));
}

Result<std::unique_ptr<SharedTexture>> import_on_direct3d(const std::shared_ptr<Context>& context,
                                                          ApiTextureHandle&& parcel) {
  return DxTexture::on(context, context->interop()->direct3d().import_shared_texture(std::move(parcel)));
}

}  // namespace geyser::opengl
