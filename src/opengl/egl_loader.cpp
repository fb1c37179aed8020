#include "opengl/egl_loader.hpp"

#include <array>

#include "common/text.hpp"

namespace geyser::opengl {

Result<platform::DynamicLibrary> open_egl() {
  constexpr std::array<const char*, 2> names{"libEGL.so.1", "libEGL.so"};
  auto library = platform::DynamicLibrary::open(names);
  if (!library) return fail(std::move(library.error()).during("loading EGL"));
  return library;
}

Result<EglFunctions> load_egl(const platform::DynamicLibrary& library) {
  EglFunctions egl;
  const char* missing = nullptr;
#define GEYSER_EGL_LOAD(name)                                             \
  egl.name = reinterpret_cast<decltype(egl.name)>(library.symbol(#name)); \
  if (egl.name == nullptr) missing = #name;
  GEYSER_EGL_REQUIRED(GEYSER_EGL_LOAD)
#undef GEYSER_EGL_LOAD
  if (missing != nullptr) return fail(ErrorCode::not_available, detail::text("libEGL has no [", missing, "]."));
#define GEYSER_EGL_LOAD(type, name) egl.name = reinterpret_cast<type>(egl.eglGetProcAddress(#name));
  GEYSER_EGL_OPTIONAL(GEYSER_EGL_LOAD)
#undef GEYSER_EGL_LOAD
  return egl;
}

}  // namespace geyser::opengl
