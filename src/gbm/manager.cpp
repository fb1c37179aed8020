#include <geyser/gbm.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "gbm/buffer.hpp"
#include "gbm/capabilities.hpp"
#include "gbm/device.hpp"
#include "gbm/texture.hpp"
#include "platform/drm_node.hpp"
#include "platform/kernel_fence.hpp"

namespace geyser::gbm {

using detail::text;

namespace {

class GbmManager final : public TextureShareManager {
 public:
  GbmManager(std::shared_ptr<Device> device, Capabilities capabilities, DiagnosticHandler diagnostics)
      : TextureShareManager(std::move(capabilities)),
        device_(std::move(device)),
        diagnostics_(std::move(diagnostics)) {}

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override {
    // Without an agreement everybody is to be able to open it.
    constexpr std::array<std::uint64_t, 1> linear{drm_modifier_linear};
    std::span<const std::uint64_t> modifiers = linear;
    if (!agreement.modifiers.empty()) modifiers = agreement.modifiers;
    auto memory = allocate(*device_, descriptor, modifiers);
    if (!memory) return fail(std::move(memory.error()));
    return GbmTexture::create(*std::move(memory), diagnostics_);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&&) override {
    return fail(ErrorCode::unsupported, "GBM is an allocator and opens nothing.");
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    return platform::create_platform_fence(kind);
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    return platform::import_platform_fence(std::move(handle));
  }
  Result<void> do_copy(SharedTexture&, SharedTexture&) override {
    return fail(ErrorCode::unsupported, "GBM is an allocator and copies nothing.");
  }
  bool owns(const SharedTexture& texture) const noexcept override { return texture.api() == Api::gbm; }

  std::shared_ptr<Device> device_;
  DiagnosticHandler diagnostics_;
};

// Some drivers make buffers at primary nodes only: a node without rows is none.
Result<std::unique_ptr<TextureShareManager>> create_on(const platform::DynamicLibrary& library, const std::string& path,
                                                       const Options& options) {
  auto device = Device::open(library, path, options.scanout);
  if (!device) return fail(std::move(device.error()));
  Capabilities capabilities = probe_capabilities(**device, options.modifiers);
  if (capabilities.textures.empty()) {
    return fail(ErrorCode::not_available, text("GBM makes no buffers at [", (*device)->identity().device_name, "]."));
  }
  return std::make_unique<GbmManager>(*std::move(device), std::move(capabilities), options.diagnostics);
}

}  // namespace

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  const auto refuse = [](GeyserError&& error) { return fail(std::move(error).during("creating a GBM manager")); };
  auto library = open_gbm();
  if (!library) return refuse(std::move(library.error()));
  if (!options.node.empty()) {
    auto manager = create_on(*library, options.node, options);
    if (!manager) return refuse(std::move(manager.error()));
    return manager;
  }
  GeyserError none(ErrorCode::not_available, "GBM has no DRM node here.");
  for (const std::string& path : platform::drm_node_paths()) {
    auto manager = create_on(*library, path, options);
    if (manager) return manager;
    none = GeyserError(none).during(text("trying [", path, "] (", manager.error().message(), ")"));
  }
  return refuse(std::move(none));
}

std::vector<std::uint64_t> importable_modifiers(const Capabilities& capabilities) {
  std::vector<std::uint64_t> all;
  for (const TextureCapability& row : capabilities.textures) {
    if (row.handle_kind != HandleKind::dma_buf || !row.importable || row.modifier == drm_modifier_linear) continue;
    if (std::find(all.begin(), all.end(), row.modifier) == all.end()) all.push_back(row.modifier);
  }
  return all;
}

}  // namespace geyser::gbm
