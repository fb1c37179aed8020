// The Direct3D 11 manager: the front's checks are done, so it only routes.
#include <geyser/d3d11.hpp>

#include <utility>

#include "common/text.hpp"
#include "d3d11/capabilities.hpp"
#include "d3d11/context.hpp"
#include "d3d11/fence.hpp"
#include "d3d11/loader.hpp"
#include "d3d11/resource.hpp"
#include "d3d11/texture.hpp"
#include "platform/host_fence.hpp"

namespace geyser::d3d11 {

using detail::text;

namespace {

class D3d11Manager final : public TextureShareManager {
 public:
  D3d11Manager(std::shared_ptr<Context> context, Capabilities capabilities)
      : TextureShareManager(std::move(capabilities)), context_(std::move(context)) {}
  const std::shared_ptr<Context>& context() const noexcept { return context_; }

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override {
    return D3d11Texture::create(context_, descriptor, agreement);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    return D3d11Texture::import(context_, std::move(parcel));
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    return kind == FenceKind::host_timeline ? platform::create_host_fence() : d3d11::create_fence(context_);
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    if (handle.kind == FenceKind::host_timeline) return platform::import_host_fence(std::move(handle));
    return d3d11::import_fence(context_, std::move(handle));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override {
    return static_cast<D3d11Texture&>(to).copy_from(static_cast<D3d11Texture&>(from));
  }
  bool owns(const SharedTexture& texture) const noexcept override {
    return static_cast<const D3d11Texture&>(texture).context() == context_;
  }

  std::shared_ptr<Context> context_;
};

Result<std::unique_ptr<TextureShareManager>> make(ID3D11Device* device, const DiagnosticHandler& diagnostics) {
  auto context = Context::wrap(device, diagnostics);
  if (!context) return fail(std::move(context.error()));
  Capabilities capabilities = probe_capabilities(**context);
  return std::make_unique<D3d11Manager>(*std::move(context), std::move(capabilities));
}

tl::unexpected<GeyserError> wrong_api(const char* what, Api api) {
  return fail(ErrorCode::invalid_argument, text("The ", what, " is of API [", to_string(api), "], not [d3d11]."));
}

// Described by the texture itself.
Result<std::unique_ptr<SharedTexture>> share_described(const std::shared_ptr<Context>& context, HandleKind kind,
                                                       Com<ID3D11Resource> resource, const PictureInfo& picture) {
  auto descriptor = describe_resource(resource);
  if (!descriptor) return fail(std::move(descriptor.error()));
  descriptor->picture = picture;
  if (auto valid = validate(*descriptor); !valid) return fail(std::move(valid.error()));
  return D3d11Texture::on_resource(context, *descriptor, kind, std::move(resource));
}

}  // namespace

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  const auto refuse = [](GeyserError&& error) {
    return fail(std::move(error).during("creating a Direct3D 11 manager"));
  };
  auto device = create_device(options);
  if (!device) return refuse(std::move(device.error()));
  auto manager = make(device->get(), options.diagnostics);
  if (!manager) return refuse(std::move(manager.error()));
  return manager;
}

Result<std::unique_ptr<TextureShareManager>> wrap_device(const WrapOptions& options) {
  auto manager = make(static_cast<ID3D11Device*>(options.device), options.diagnostics);
  if (!manager) return fail(std::move(manager.error()).during("wrapping a Direct3D 11 device"));
  return manager;
}

Result<std::unique_ptr<SharedTexture>> adopt_texture(TextureShareManager& manager, void* texture,
                                                     const PictureInfo& picture) {
  const auto refuse = [](GeyserError&& error) {
    return fail(std::move(error).during("adopting a Direct3D 11 texture"));
  };
  if (manager.capabilities().api != Api::d3d11) return wrong_api("manager", manager.capabilities().api);
  if (texture == nullptr) return refuse({ErrorCode::invalid_argument, "The texture is null."});
  const auto& context = static_cast<D3d11Manager&>(manager).context();
  auto* given = static_cast<ID3D11Texture2D*>(texture);
  Com<ID3D11Device> device;
  given->GetDevice(device.put());
  const auto own = device.query<ID3D11Device1>();
  if (own.get() != &context->device()) {
    return refuse({ErrorCode::invalid_argument, "The texture belongs to another device than the manager's."});
  }
  D3D11_TEXTURE2D_DESC description{};
  given->GetDesc(&description);
  constexpr UINT shared = D3D11_RESOURCE_MISC_SHARED | D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX;
  if ((description.MiscFlags & shared) == 0) {
    return refuse({ErrorCode::unsupported, text("The texture's MiscFlags [", description.MiscFlags,
                                                "] have neither SHARED nor SHARED_KEYEDMUTEX.")});
  }
  const bool nt = (description.MiscFlags & D3D11_RESOURCE_MISC_SHARED_NTHANDLE) != 0;
  auto adopted = share_described(context, nt ? HandleKind::d3d_nt : HandleKind::d3d_kmt,
                                 Com<ID3D11Texture2D>::share(given).query<ID3D11Resource>(), picture);
  if (!adopted) return refuse(std::move(adopted.error()));
  return adopted;
}

Result<std::unique_ptr<SharedTexture>> open_legacy_handle(TextureShareManager& manager, std::uintptr_t handle,
                                                          const PictureInfo& picture) {
  const auto refuse = [](GeyserError&& error) {
    return fail(std::move(error).during("opening a legacy shared handle"));
  };
  if (manager.capabilities().api != Api::d3d11) return wrong_api("manager", manager.capabilities().api);
  const OwnedHandle number = OwnedHandle::adopt(HandleKind::d3d_kmt, static_cast<NativeHandle>(handle));
  if (!number.has_value()) {
    return refuse({ErrorCode::invalid_argument, text("The number [", handle, "] is no shared handle.")});
  }
  const auto& context = static_cast<D3d11Manager&>(manager).context();
  auto resource = open_resource(*context, number);
  if (!resource) return refuse(std::move(resource.error()));
  auto texture = share_described(context, HandleKind::d3d_kmt, *std::move(resource), picture);
  if (!texture) return refuse(std::move(texture.error()));
  return texture;
}

Result<NativeDevice> native(const TextureShareManager& manager) {
  if (manager.capabilities().api != Api::d3d11) return wrong_api("manager", manager.capabilities().api);
  const Context& context = *static_cast<const D3d11Manager&>(manager).context();
  return NativeDevice{static_cast<ID3D11Device*>(&context.device()), &context.immediate()};
}

Result<NativeTexture> native(const SharedTexture& texture) {
  if (texture.api() != Api::d3d11) return wrong_api("texture", texture.api());
  return static_cast<const D3d11Texture&>(texture).native();
}

Result<void*> native(const TextureShareManager& manager, const SharedFence& fence) {
  if (manager.capabilities().api != Api::d3d11) return wrong_api("manager", manager.capabilities().api);
  const auto found = static_cast<const D3d11Manager&>(manager).context()->find_fence(fence);
  if (!found) {
    return fail(ErrorCode::invalid_argument,
                text("The fence of kind [", to_string(fence.kind()), "] is none of this manager's."));
  }
  return static_cast<void*>(found.get());
}

}  // namespace geyser::d3d11
