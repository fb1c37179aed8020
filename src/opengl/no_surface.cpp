// Where there are no IOSurfaces: no context has them, so nothing of these is ever called.
#include "opengl/surface_texture.hpp"

namespace geyser::opengl {

namespace {

tl::unexpected<GeyserError> refuse() { return fail(ErrorCode::unsupported, "This system has no IOSurfaces."); }

}  // namespace

std::vector<TextureCapability> probe_surfaces(const Context&) { return {}; }
Result<std::unique_ptr<SharedTexture>> create_on_surface(const std::shared_ptr<Context>&, const TextureDescriptor&,
                                                         const Agreement&) {
  return refuse();
}
Result<std::unique_ptr<SharedTexture>> import_on_surface(const std::shared_ptr<Context>&, ApiTextureHandle&&) {
  return refuse();
}

}  // namespace geyser::opengl
