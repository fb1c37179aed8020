#include "opengl/loader.hpp"

#include "common/text.hpp"

namespace geyser::opengl {

Result<GlFunctions> load_gl(const ProcedureLookup& procedure, bool storage) {
  GlFunctions gl;
  const char* missing = nullptr;
#define GEYSER_GL_LOAD(name) gl.name = reinterpret_cast<decltype(gl.name)>(procedure(#name));
#define GEYSER_GL_NEED(name) \
  GEYSER_GL_LOAD(name)       \
  if (gl.name == nullptr) missing = #name;
  GEYSER_GL_REQUIRED(GEYSER_GL_NEED)
  if (storage) {
    GEYSER_GL_STORAGE(GEYSER_GL_NEED)
  }
  GEYSER_GL_OPTIONAL(GEYSER_GL_LOAD)
#undef GEYSER_GL_NEED
#undef GEYSER_GL_LOAD
  if (missing != nullptr)
    return fail(ErrorCode::not_available, detail::text("The OpenGL driver has no [", missing, "]."));
  return gl;
}

}  // namespace geyser::opengl
