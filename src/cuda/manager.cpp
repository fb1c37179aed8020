// The CUDA manager: the front's checks are done, so it only makes the context current and routes.
#include <geyser/cuda.hpp>

#include <utility>
#include <vector>

#include "common/text.hpp"
#include "cuda/capabilities.hpp"
#include "cuda/context.hpp"
#include "cuda/fence.hpp"
#include "cuda/peer.hpp"
#include "cuda/texture.hpp"
#include "platform/host_fence.hpp"

namespace geyser::cuda {

using detail::text;

namespace {

class CudaManager final : public TextureShareManager {
 public:
  // `contexts`: the manager's, then those of its peers.
  CudaManager(std::vector<std::shared_ptr<Context>> contexts, Capabilities capabilities)
      : TextureShareManager(std::move(capabilities)), context_(contexts.front()), contexts_(std::move(contexts)) {}
  const Context& context() const noexcept { return *context_; }

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override {
    auto current = Current::open(*context_);
    if (!current) return fail(std::move(current.error()));
    return CudaTexture::create(context_, descriptor, agreement);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    auto current = Current::open(*context_);
    if (!current) return fail(std::move(current.error()));
    // Of Direct3D's the front has compared the adapter.
    const bool direct3d = parcel.kind == HandleKind::d3d_nt || parcel.kind == HandleKind::d3d_kmt;
    if (direct3d || parcel.kind == HandleKind::host_memory ||
        same_device_and_driver(parcel.identity, context_->identity())) {
      return CudaTexture::import(context_, std::move(parcel));
    }
    // The front lets only what is on a peer through.
    for (const auto& peer : contexts_) {
      if (same_device_and_driver(parcel.identity, peer->identity())) {
        const PeerDevice* device = find_peer(capabilities(), parcel.identity);
        return CudaTexture::import_from(context_, peer, device != nullptr && device->direct, std::move(parcel));
      }
    }
    return fail(ErrorCode::incompatible_device,
                text("The texture is on [", to_string(parcel.identity), "], which this manager does not open."));
  }
  // The front lets only exportable kinds through.
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind) override { return platform::create_host_fence(); }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    if (handle.kind == FenceKind::host_timeline) return platform::import_host_fence(std::move(handle));
    return import_fence_anywhere(contexts_, std::move(handle));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override {
    return static_cast<CudaTexture&>(to).copy_from(static_cast<CudaTexture&>(from));
  }
  bool owns(const SharedTexture& texture) const noexcept override {
    return static_cast<const CudaTexture&>(texture).context() == context_;
  }

  std::shared_ptr<Context> context_;
  std::vector<std::shared_ptr<Context>> contexts_;
};

// Every other device of CUDA's that opens; one that does not is reported.
std::vector<std::shared_ptr<Context>> open_peers(const Context& mine) {
  std::vector<std::shared_ptr<Context>> peers;
  int count = 0;
  if (mine.cu().cuDeviceGetCount(&count) != driver::success) return peers;
  for (int index = 0; index < count && peers.size() < max_peer_devices; ++index) {
    driver::Device device = 0;
    if (mine.cu().cuDeviceGet(&device, index) != driver::success || device == mine.device()) continue;
    auto peer = Context::create({static_cast<std::uint32_t>(index), {}, mine.diagnostics(), false});
    if (peer && (*peer)->identity().has_uuids) {
      peers.push_back(*std::move(peer));
    } else if (!peer && mine.diagnostics()) {
      mine.diagnostics()(std::move(peer.error()).during(text("opening CUDA's device [", index, "] as a peer")));
    }
  }
  return peers;
}

Result<std::unique_ptr<TextureShareManager>> make(const std::shared_ptr<Context>& context, bool other_devices) {
  auto current = Current::open(*context);
  if (!current) return fail(std::move(current.error()));
  Capabilities capabilities = probe_capabilities(context);
  std::vector<std::shared_ptr<Context>> contexts{context};
  if (other_devices) {
    for (auto& peer : open_peers(*context)) {
      capabilities.peers.push_back(measure_peer(context, peer));
      contexts.push_back(std::move(peer));
    }
  }
  return std::make_unique<CudaManager>(std::move(contexts), std::move(capabilities));
}

tl::unexpected<GeyserError> wrong_api(const char* what, Api api) {
  return fail(ErrorCode::invalid_argument, text("The ", what, " is of API [", to_string(api), "], not [cuda]."));
}

}  // namespace

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  auto context = Context::create(options);
  if (!context) return fail(std::move(context.error()).during("creating a CUDA manager"));
  return make(*context, options.other_devices);
}

Result<std::unique_ptr<TextureShareManager>> wrap(const WrapOptions& options) {
  auto context = Context::wrap(options);
  if (!context) return fail(std::move(context.error()).during("wrapping a CUDA context"));
  return make(*context, options.other_devices);
}

Result<NativeDevice> native(const TextureShareManager& manager) {
  if (manager.capabilities().api != Api::cuda) return wrong_api("manager", manager.capabilities().api);
  const Context& context = static_cast<const CudaManager&>(manager).context();
  return NativeDevice{context.handle(), context.stream(), context.device()};
}

Result<NativeTexture> native(const SharedTexture& texture) {
  if (texture.api() != Api::cuda) return wrong_api("texture", texture.api());
  return static_cast<const CudaTexture&>(texture).native();
}

Result<TensorView> tensor(const SharedTexture& texture) {
  if (texture.api() != Api::cuda) return wrong_api("texture", texture.api());
  return static_cast<const CudaTexture&>(texture).tensor();
}

Result<std::uint64_t> surface_object(SharedTexture& texture, std::uint32_t level) {
  if (texture.api() != Api::cuda) return wrong_api("texture", texture.api());
  return static_cast<CudaTexture&>(texture).surface(level);
}

Result<std::uint64_t> texture_object(SharedTexture& texture, const Sampling& sampling) {
  if (texture.api() != Api::cuda) return wrong_api("texture", texture.api());
  return static_cast<CudaTexture&>(texture).texture(sampling);
}

}  // namespace geyser::cuda
