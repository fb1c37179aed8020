// Where OpenGL does not meet Direct3D 11, or the build is without it: no context has a DxInterop, so nothing of it but
// open() is ever called.
#include "opengl/dx_interop.hpp"
#include "opengl/dx_texture.hpp"

namespace geyser::opengl {

namespace {

tl::unexpected<GeyserError> refuse() {
  return fail(ErrorCode::unsupported, "This build of OpenGL's backend is without Direct3D 11.");
}

}  // namespace

Result<std::unique_ptr<DxInterop>> DxInterop::open(const Context&, void*) { return refuse(); }
DxInterop::~DxInterop() = default;
std::shared_ptr<SharedFence> DxInterop::find_fence(const SharedFence&) const { return nullptr; }
void DxInterop::add_fence(const std::shared_ptr<SharedFence>&) {}

std::vector<TextureCapability> probe_dx_interop(const Context&) { return {}; }
Result<std::unique_ptr<SharedTexture>> create_on_direct3d(const std::shared_ptr<Context>&, const TextureDescriptor&,
                                                          const Agreement&) {
  return refuse();
}
Result<std::unique_ptr<SharedTexture>> import_on_direct3d(const std::shared_ptr<Context>&, ApiTextureHandle&&) {
  return refuse();
}

}  // namespace geyser::opengl
