// The keyed mutex of a texture of Direct3D 11's that was opened as a memory object: GL_EXT_win32_keyed_mutex.
#pragma once

#include <chrono>

#include <geyser/error.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

bool has_keyed_mutexes(const Context& context);

// With key 0, as everybody of Geyser's. The context must be current. Errors: timeout, operating_system (a holder that
// died is one, which GL does not tell from others).
Result<void> acquire_keyed_mutex(const Context& context, GLuint memory_object, std::chrono::nanoseconds timeout);
// After the commands so far.
Result<void> release_keyed_mutex(const Context& context, GLuint memory_object);

}  // namespace geyser::opengl
