// The Direct3D 12 manager: the front's checks are done, so it only routes.
#include <geyser/d3d12.hpp>

#include <utility>

#include "common/text.hpp"
#include "d3d12/capabilities.hpp"
#include "d3d12/context.hpp"
#include "d3d12/fence.hpp"
#include "d3d12/texture.hpp"
#include "dxgi/format.hpp"
#include "platform/kernel_fence.hpp"

namespace geyser::d3d12 {

using detail::text;

namespace {

class D3d12Manager final : public TextureShareManager {
 public:
  explicit D3d12Manager(std::shared_ptr<Context> context)
      : TextureShareManager(probe_capabilities(*context)), context_(std::move(context)) {}
  const std::shared_ptr<Context>& context() const noexcept { return context_; }

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override {
    return D3d12Texture::create(context_, descriptor, agreement.handle_kind);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    return D3d12Texture::import(context_, std::move(parcel));
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    return kind == FenceKind::d3d12_fence ? d3d12::create_fence(context_) : platform::create_platform_fence(kind);
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    if (handle.kind == FenceKind::d3d12_fence) return d3d12::import_fence(context_, std::move(handle));
    return platform::import_platform_fence(std::move(handle));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override {
    return static_cast<D3d12Texture&>(to).copy_from(static_cast<D3d12Texture&>(from));
  }
  bool owns(const SharedTexture& texture) const noexcept override {
    return texture.api() == Api::d3d12 && static_cast<const D3d12Texture&>(texture).context() == context_;
  }

  std::shared_ptr<Context> context_;
};

tl::unexpected<GeyserError> wrong_api(const char* what, Api api) {
  return fail(ErrorCode::invalid_argument, text("The ", what, " is of API [", to_string(api), "], not [d3d12]."));
}

}  // namespace

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  auto context = Context::create(options);
  if (!context) return fail(std::move(context.error()).during("creating a Direct3D 12 manager"));
  return std::make_unique<D3d12Manager>(*std::move(context));
}

Result<std::unique_ptr<TextureShareManager>> wrap_device(const WrapOptions& options) {
  auto context = Context::wrap(options);
  if (!context) return fail(std::move(context.error()).during("wrapping a Direct3D 12 device"));
  return std::make_unique<D3d12Manager>(*std::move(context));
}

Result<std::unique_ptr<SharedTexture>> adopt_resource(TextureShareManager& manager, ID3D12Resource* resource,
                                                      const TextureDescriptor& descriptor) {
  const auto refuse = [](GeyserError&& error) { return fail(std::move(error).during("adopting a resource")); };
  if (manager.capabilities().api != Api::d3d12) return wrong_api("manager", manager.capabilities().api);
  if (resource == nullptr) return refuse({ErrorCode::invalid_argument, "The resource is null."});
  if (auto valid = validate(descriptor); !valid) return refuse(std::move(valid.error()));
  if (dxgi::to_dxgi(descriptor.format) == DXGI_FORMAT_UNKNOWN) {
    return refuse({ErrorCode::unsupported, text("DXGI has no format [", to_string(descriptor.format), "].")});
  }
  const auto& context = static_cast<D3d12Manager&>(manager).context();
  Com<ID3D12Device> owner;
  if (resource->GetDevice(__uuidof(ID3D12Device), owner.receive()) != S_OK ||
      owner.query<IUnknown>().get() != Com<ID3D12Device>::share(&context->device()).query<IUnknown>().get()) {
    return refuse({ErrorCode::invalid_argument, "The resource belongs to another device."});
  }
  auto texture = D3d12Texture::adopt(context, descriptor, *resource);
  if (!texture) return refuse(std::move(texture.error()));
  return texture;
}

Result<NativeDevice> native(const TextureShareManager& manager) {
  if (manager.capabilities().api != Api::d3d12) return wrong_api("manager", manager.capabilities().api);
  const Context& context = *static_cast<const D3d12Manager&>(manager).context();
  return NativeDevice{&context.device(), &context.queue()};
}

Result<ID3D12Resource*> native(const SharedTexture& texture) {
  if (texture.api() != Api::d3d12) return wrong_api("texture", texture.api());
  return static_cast<const D3d12Texture&>(texture).resource();
}

Result<ID3D12Fence*> native(const TextureShareManager& manager, const SharedFence& fence) {
  if (manager.capabilities().api != Api::d3d12) return wrong_api("manager", manager.capabilities().api);
  const auto found = static_cast<const D3d12Manager&>(manager).context()->find_fence(fence);
  if (!found) {
    return fail(ErrorCode::invalid_argument,
                text("The fence of kind [", to_string(fence.kind()), "] is none of this manager's [d3d12_fence]."));
  }
  return found.get();
}

}  // namespace geyser::d3d12
