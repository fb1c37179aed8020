// eglGetError in Geyser's words.
#pragma once

#include <geyser/error.hpp>

#include "opengl/egl_loader.hpp"

namespace geyser::opengl {

GeyserError make_egl_error(const EglFunctions& egl, const char* call);

}  // namespace geyser::opengl
