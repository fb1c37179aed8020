// glGetError in Geyser's words.
#pragma once

#include <geyser/texture.hpp>

#include "opengl/loader.hpp"

namespace geyser::opengl {

// Success when no error is pending; otherwise the oldest one, and all are cleared.
Result<void> check(const GlFunctions& gl, const char* call);
void clear_errors(const GlFunctions& gl) noexcept;
// Takes errors that the caller left behind, so that they are not taken for Geyser's, and tells `diagnostics`.
void take_callers_errors(const GlFunctions& gl, const DiagnosticHandler& diagnostics);

}  // namespace geyser::opengl
