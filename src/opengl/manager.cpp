// The OpenGL manager: the front's checks are done, so it only makes the context current and routes.
#include <geyser/opengl.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/text.hpp"
#include "opengl/capabilities.hpp"
#include "opengl/context.hpp"
#include "opengl/dx_interop.hpp"
#include "opengl/dx_texture.hpp"
#include "opengl/external_handle.hpp"
#include "opengl/fence.hpp"
#include "opengl/surface_texture.hpp"
#include "opengl/texture.hpp"
#include "platform/kernel_fence.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

class GlManager final : public TextureShareManager {
 public:
  GlManager(std::shared_ptr<Context> context, Capabilities capabilities)
      : TextureShareManager(std::move(capabilities)), context_(std::move(context)) {}
  const std::shared_ptr<Context>& context() const noexcept { return context_; }

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override {
    auto current = Current::open(*context_);
    if (!current) return fail(std::move(current.error()));
    if (context_->native().has_surfaces()) return create_on_surface(context_, descriptor, agreement);
    if (borrows(agreement.handle_kind)) return create_on_direct3d(context_, descriptor, agreement);
    return GlTexture::create(context_, descriptor, agreement);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    auto current = Current::open(*context_);
    if (!current) return fail(std::move(current.error()));
    if (context_->native().has_surfaces()) return import_on_surface(context_, std::move(parcel));
    if (borrows(parcel.kind)) return import_on_direct3d(context_, std::move(parcel));
    return GlTexture::import(context_, std::move(parcel));
  }
  // The front lets only exportable kinds through.
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    if (kind != FenceKind::d3d12_fence) return platform::create_platform_fence(kind);
    return known(context_->interop()->direct3d().create_fence(kind));
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    if (context_->interop() != nullptr && handle.kind == FenceKind::d3d12_fence) {
      return known(context_->interop()->direct3d().import_fence(std::move(handle)));
    }
    const std::vector<FenceKind> semaphores = external_fence_kinds(*context_);
    if (std::find(semaphores.begin(), semaphores.end(), handle.kind) == semaphores.end())
      return platform::import_platform_fence(std::move(handle));
    auto current = Current::open(*context_);
    if (!current) return fail(std::move(current.error()));
    return opengl::import_fence(context_, std::move(handle));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override {
    return static_cast<ContextTexture&>(to).copy_from(static_cast<const ContextTexture&>(from));
  }
  bool owns(const SharedTexture& texture) const noexcept override {
    return static_cast<const ContextTexture&>(texture).context() == context_;
  }

  bool borrows(HandleKind kind) const {
    return context_->interop() != nullptr && (kind == HandleKind::d3d_nt || kind == HandleKind::d3d_kmt);
  }
  Result<std::shared_ptr<SharedFence>> known(Result<std::shared_ptr<SharedFence>>&& fence) {
    if (fence) context_->interop()->add_fence(*fence);
    return std::move(fence);
  }

  std::shared_ptr<Context> context_;
};

bool is_gl(Api api) { return api == Api::opengl || api == Api::opengl_es; }

Result<std::unique_ptr<TextureShareManager>> make(std::shared_ptr<Context> context) {
  auto current = Current::open(*context);
  if (!current) return fail(std::move(current.error()));
  Capabilities capabilities = probe_capabilities(*context);
  return std::make_unique<GlManager>(std::move(context), std::move(capabilities));
}

tl::unexpected<GeyserError> wrong_api(const char* what, Api api) {
  return fail(ErrorCode::invalid_argument, text("The ", what, " is of API [", to_string(api), "], not [opengl]."));
}

}  // namespace

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  auto context = Context::create(options);
  if (!context) return fail(std::move(context.error()).during("creating an OpenGL manager"));
  return make(*std::move(context));
}

Result<std::unique_ptr<TextureShareManager>> wrap_current_context(DiagnosticHandler diagnostics) {
  return wrap_current_context(WrapOptions{std::move(diagnostics), {}, nullptr});
}

Result<std::unique_ptr<TextureShareManager>> wrap_current_context(const WrapOptions& options) {
  auto context = Context::wrap(options);
  if (!context) return fail(std::move(context.error()).during("wrapping the current OpenGL context"));
  return make(*std::move(context));
}

Result<NativeTexture> native(const SharedTexture& texture) {
  if (!is_gl(texture.api())) return wrong_api("texture", texture.api());
  return static_cast<const ContextTexture&>(texture).native();
}

Result<void> make_current(TextureShareManager& manager) {
  if (!is_gl(manager.capabilities().api)) return wrong_api("manager", manager.capabilities().api);
  return static_cast<GlManager&>(manager).context()->native().make_current();
}

void release_current(TextureShareManager& manager) {
  if (is_gl(manager.capabilities().api)) static_cast<GlManager&>(manager).context()->native().release_current();
}

Procedure get_procedure(const TextureShareManager& manager, const char* name) {
  if (!is_gl(manager.capabilities().api)) return nullptr;
  return static_cast<const GlManager&>(manager).context()->procedure(name);
}

}  // namespace geyser::opengl
