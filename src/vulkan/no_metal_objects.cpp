// Systems without IOSurfaces and MTLTextures: no row of theirs is ever claimed, so that nobody asks for one.
#include "vulkan/metal_objects.hpp"

namespace geyser::vulkan {

namespace {

tl::unexpected<GeyserError> none() {
  return fail(ErrorCode::unsupported, "This system has no IOSurfaces and no MTLTextures.");
}

}  // namespace

bool knows_surfaces() noexcept { return false; }
bool has_surfaces(const FormatInfo&) noexcept { return false; }
Result<ImageSurface> create_surface(const TextureDescriptor&) { return none(); }
Result<ImageSurface> open_surface(const ApiTextureHandle&) { return none(); }
Result<OwnedHandle> export_surface(const ImageSurface&) { return none(); }

bool has_metal_textures(const Device&, const FormatInfo&) { return false; }
Result<ImageTexture> create_metal_texture(const Device&, const TextureDescriptor&) { return none(); }
Result<ImageTexture> open_metal_texture(const Device&, const ApiTextureHandle&) { return none(); }
Result<ImageTexture> find_metal_texture(const Device&, const TextureDescriptor&, VkImage) { return none(); }
Result<OwnedHandle> export_metal_texture(const ImageTexture&) { return none(); }

void* metal_device(const Device&) { return nullptr; }
std::uint64_t metal_registry_id(const Device&) { return 0; }

struct InstanceChain::Info {};
InstanceChain::InstanceChain(const void* next) : next_(next) {}
InstanceChain::~InstanceChain() = default;

struct SurfaceChain::Info {};
SurfaceChain::SurfaceChain(const ImageSurface&) {}
SurfaceChain::~SurfaceChain() = default;

struct TextureChain::Info {};
TextureChain::TextureChain(const ImageTexture&) {}
TextureChain::~TextureChain() = default;

}  // namespace geyser::vulkan
