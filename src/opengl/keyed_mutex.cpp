#include "opengl/keyed_mutex.hpp"

#include <algorithm>
#include <cstdint>

#include "common/text.hpp"
#include "opengl/error.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

constexpr GLuint64 key = 0;

// Rounded up, so that a short wait is one; never the system's "without end".
GLuint milliseconds(std::chrono::nanoseconds timeout) {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return static_cast<GLuint>(std::clamp<std::int64_t>(whole, 0, std::int64_t{24} * 3600 * 1000));
}

GeyserError refusal(const GeyserError& error) { return {ErrorCode::operating_system, error.message(), error.native()}; }

}  // namespace

bool has_keyed_mutexes(const Context& context) {
  return context.has("GL_EXT_win32_keyed_mutex") && context.gl().glAcquireKeyedMutexWin32EXT != nullptr &&
         context.gl().glReleaseKeyedMutexWin32EXT != nullptr;
}

Result<void> acquire_keyed_mutex(const Context& context, GLuint memory_object, std::chrono::nanoseconds timeout) {
  const GlFunctions& gl = context.gl();
  take_callers_errors(gl, context.diagnostics());
  const GLuint limit = milliseconds(timeout);
  if (gl.glAcquireKeyedMutexWin32EXT(memory_object, key, limit) == GL_TRUE) return {};
  // A time-out is no error of GL's.
  auto done = check(gl, "glAcquireKeyedMutexWin32EXT");
  if (done) {
    return fail(ErrorCode::timeout,
                text("Another holds the texture's keyed mutex, in [", limit, "] ms it does not release it."));
  }
  return fail(refusal(done.error()));
}

Result<void> release_keyed_mutex(const Context& context, GLuint memory_object) {
  const GlFunctions& gl = context.gl();
  take_callers_errors(gl, context.diagnostics());
  if (gl.glReleaseKeyedMutexWin32EXT(memory_object, key) == GL_TRUE) return {};
  auto done = check(gl, "glReleaseKeyedMutexWin32EXT");
  if (!done) return fail(refusal(done.error()));
  return fail(ErrorCode::operating_system, "glReleaseKeyedMutexWin32EXT failed without saying why.");
}

}  // namespace geyser::opengl
