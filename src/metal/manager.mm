// The Metal manager: the front's checks are done, so it only routes.
#include <geyser/metal.hpp>

#include <string>
#include <utility>

#include "common/text.hpp"
#include "metal/adopt.hpp"
#include "metal/capabilities.hpp"
#include "metal/context.hpp"
#include "metal/fence.hpp"
#include "metal/format.hpp"
#include "surface/format.hpp"
#include "metal/texture.hpp"
#include "platform/apple/handles.hpp"
#include "platform/host_fence.hpp"

namespace geyser::metal {

using detail::text;

namespace {

class MetalManager final : public TextureShareManager {
 public:
  MetalManager(std::shared_ptr<Context> context, Capabilities capabilities)
      : TextureShareManager(std::move(capabilities)), context_(std::move(context)) {}
  const std::shared_ptr<Context>& context() const noexcept { return context_; }

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override {
    return explained(MetalTexture::create(context_, descriptor, agreement));
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    return explained(MetalTexture::import(context_, std::move(parcel)));
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    return kind == FenceKind::host_timeline ? platform::create_host_fence() : explained(metal::create_fence(context_));
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    if (handle.kind == FenceKind::host_timeline) return platform::import_host_fence(std::move(handle));
    return explained(metal::import_fence(context_, std::move(handle)));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override {
    return static_cast<MetalTexture&>(to).copy_from(static_cast<MetalTexture&>(from));
  }
  bool owns(const SharedTexture& texture) const noexcept override {
    return static_cast<const MetalTexture&>(texture).context() == context_;
  }

  // A device that was removed gives no objects, and says no more of it.
  template <typename T>
  Result<T> explained(Result<T>&& result) const {
    if (result) return std::move(result);
    const ErrorCode code = result.error().code();
    if (code != ErrorCode::unsupported && code != ErrorCode::invalid_handle) return std::move(result);
    return fail(context_->explain(std::move(result.error())));
  }

  std::shared_ptr<Context> context_;
};

Result<std::unique_ptr<TextureShareManager>> make(std::shared_ptr<Context> context) {
  Capabilities capabilities = probe_capabilities(*context);
  return std::make_unique<MetalManager>(std::move(context), std::move(capabilities));
}

tl::unexpected<GeyserError> wrong_api(const char* what, Api api) {
  return fail(ErrorCode::invalid_argument, text("The ", what, " is of API [", to_string(api), "], not [metal]."));
}

Result<void> check_surface_format(TextureFormat format) {
  if (surface::has_surfaces(format)) return {};
  GeyserError error(ErrorCode::unsupported, text("No IOSurface has format [", to_string(format), "]."));
  for (const TextureFormat other : io_surface_formats()) error.suggest(text("format [", to_string(other), "]"));
  return fail(std::move(error));
}

}  // namespace

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  auto context = Context::create(options);
  if (!context) return fail(std::move(context.error()).during("creating a Metal manager"));
  return make(*std::move(context));
}

Result<std::unique_ptr<TextureShareManager>> wrap(const WrapOptions& options) {
  auto context = Context::wrap(options);
  if (!context) return fail(std::move(context.error()).during("wrapping a Metal device"));
  return make(*std::move(context));
}

std::vector<TextureFormat> io_surface_formats() {
  std::vector<TextureFormat> formats;
  for (const FormatInfo& info : all_formats()) {
    if (surface::has_surfaces(info.format)) formats.push_back(info.format);
  }
  return formats;
}

Result<std::unique_ptr<SharedTexture>> adopt_surface(TextureShareManager& manager, IOSurfaceRef native,
                                                     const TextureDescriptor& descriptor, InUse in_use,
                                                     std::shared_ptr<void> keep) {
  if (manager.capabilities().api != Api::metal) return wrong_api("manager", manager.capabilities().api);
  if (native == nullptr) return fail(ErrorCode::invalid_argument, "The surface is null.");
  if (auto valid = validate(descriptor); !valid) return fail(std::move(valid.error()));
  if (auto good = check_surface_format(descriptor.format); !good) return fail(std::move(good.error()));
  if (descriptor.dimension != TextureDimension::two_d || descriptor.mip_levels != 1 || descriptor.samples != 1) {
    return fail(ErrorCode::unsupported,
                text("A surface is [two_d] with one mip and one sample, not [", to_string(descriptor), "]."));
  }
  if (in_use == InUse::refused && IOSurfaceIsInUse(native)) {
    return fail(ErrorCode::busy, "The surface is in use: somebody else draws on it or shows it.");
  }
  Surface surface = Surface::share(native);
  if (auto good = surface.check(descriptor); !good) return fail(std::move(good.error()));
  return MetalTexture::on_surface(static_cast<MetalManager&>(manager).context(), descriptor, std::move(surface),
                                  std::move(keep));
}

Result<std::unique_ptr<SharedTexture>> adopt_io_surface(TextureShareManager& manager, void* io_surface,
                                                        const TextureDescriptor& descriptor) {
  auto texture =
      adopt_surface(manager, static_cast<IOSurfaceRef>(io_surface), descriptor, InUse::refused, nullptr);
  if (!texture) return fail(std::move(texture.error()).during("adopting an IOSurface"));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> adopt_texture(TextureShareManager& manager, void* texture,
                                                     const TextureDescriptor& descriptor) {
  if (manager.capabilities().api != Api::metal) return wrong_api("manager", manager.capabilities().api);
  if (texture == nullptr) return fail(ErrorCode::invalid_argument, "The texture is null.");
  if (auto valid = validate(descriptor); !valid) return fail(std::move(valid.error()));
  if (!surface::has_textures(descriptor.format)) {
    return fail(ErrorCode::unsupported, text("No MTLTexture alone has format [", to_string(descriptor.format), "]."));
  }
  const auto& context = static_cast<MetalManager&>(manager).context();
  auto object = TextureObject::adopt((__bridge void*)context->device(), texture, descriptor);
  if (!object) return fail(std::move(object.error()).during("adopting an MTLTexture"));
  return MetalTexture::on_object(context, descriptor, *std::move(object));
}

Result<NativeDevice> native(const TextureShareManager& manager) {
  if (manager.capabilities().api != Api::metal) return wrong_api("manager", manager.capabilities().api);
  const Context& context = *static_cast<const MetalManager&>(manager).context();
  return NativeDevice{(__bridge void*)context.device(), (__bridge void*)context.queue()};
}

Result<NativeTexture> native(const SharedTexture& texture) {
  if (texture.api() != Api::metal) return wrong_api("texture", texture.api());
  return static_cast<const MetalTexture&>(texture).native();
}

Result<void*> native(const TextureShareManager& manager, const SharedFence& fence) {
  if (manager.capabilities().api != Api::metal) return wrong_api("manager", manager.capabilities().api);
  const auto event = static_cast<const MetalManager&>(manager).context()->find_event(fence);
  if (!event) {
    return fail(ErrorCode::invalid_argument,
                text("The fence of kind [", to_string(fence.kind()), "] is none of this manager's events."));
  }
  return event.pointer();
}

Result<void*> object_of(const OwnedHandle& handle) {
  const auto object = Reference<NSObject*>::adopt_pointer(platform::retained_object_of(handle));
  if (!object) {
    return fail(ErrorCode::invalid_handle, text("A handle of kind [", to_string(handle.kind()), "] is no object."));
  }
  return object.pointer();  // the handle keeps it
}

Result<OwnedHandle> adopt_object(HandleKind kind, void* object) {
  if (!platform::is_object(kind) || object == nullptr) {
    return fail(ErrorCode::invalid_handle, text("A handle of kind [", to_string(kind), "] is not made of ",
                                                object == nullptr ? "null" : "an object", "."));
  }
  return platform::adopt_object(kind, Reference<NSObject*>::share_pointer(object).detach());
}

}  // namespace geyser::metal
