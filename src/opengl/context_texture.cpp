#include "opengl/context_texture.hpp"

#include <utility>

#include "common/text.hpp"

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

}  // namespace geyser::opengl
