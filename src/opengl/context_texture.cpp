#include "opengl/context_texture.hpp"

#include <utility>

#include "common/text.hpp"
#include "opengl/dma_buf.hpp"
#include "opengl/error.hpp"
#include "opengl/format.hpp"

namespace geyser::opengl {

ContextTexture::ContextTexture(Init init, std::shared_ptr<Context> context)
    : SharedTexture(std::move(init)), context_(std::move(context)) {}

Result<void> ContextTexture::wait_on_cpu(const SyncPoint& point) {
  if (auto done = point.fence->wait(point.value, wait_timeout()); !done) return done;
  ++mutable_statistics().host_waits;
  return {};
}

tl::unexpected<GeyserError> ContextTexture::refuse_fence(const SharedFence& fence) {
  return fail(GeyserError(ErrorCode::unsupported,
                          detail::text("A fence of kind [", to_string(fence.kind()),
                                       "] is not known to this OpenGL context; import it with import_fence()."))
                  .suggest("fence kind [host_timeline]"));
}

Result<void> ContextTexture::copy_texels(const ContextTexture& from) const {
  const auto borrowed = [](const ContextTexture& texture) {
    return texture.context()->interop() != nullptr &&
           (texture.handle_kind() == HandleKind::d3d_nt || texture.handle_kind() == HandleKind::d3d_kmt);
  };
  // Direct3D's is really BGRA. Between textures that are stored differently, which channel becomes which is a driver's.
  if (to_gl(descriptor().format).swizzle_red_blue && borrowed(*this) != borrowed(from)) {
    return fail(ErrorCode::unsupported, detail::text("A texture of format [", to_string(descriptor().format),
                                                     "] that is Direct3D's is not copied to or from one of OpenGL's."));
  }
  auto current = Current::open(*context_);
  if (!current) return fail(std::move(current.error()));
  const GlFunctions& gl = context_->gl();
  take_callers_errors(gl, context_->diagnostics());
  const NativeTexture source = from.native();
  const NativeTexture target = native();
  for (std::uint32_t plane = 0; plane < target.plane_count; ++plane) {
    const TextureDescriptor d = target.plane_count > 1 ? plane_descriptor(descriptor(), plane) : descriptor();
    const GLenum kind = target_of(d.dimension);
    for (std::uint32_t mip = 0; mip < d.mip_levels; ++mip) {
      const Extent3D extent = mip_extent(d, mip);
      const std::uint32_t depth = d.dimension == TextureDimension::three_d ? extent.depth : d.array_layers;
      const auto level = static_cast<GLint>(mip);
      gl.glCopyImageSubData(source.planes.at(plane).name, kind, level, 0, 0, 0, target.planes.at(plane).name, kind,
                            level, 0, 0, 0, static_cast<GLsizei>(extent.width), static_cast<GLsizei>(extent.height),
                            static_cast<GLsizei>(depth));
    }
  }
  return check(gl, "glCopyImageSubData");
}

}  // namespace geyser::opengl
