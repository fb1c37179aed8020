#include "opengl/native_fence.hpp"

#include <array>
#include <utility>

#include "opengl/egl_context.hpp"
#include "opengl/egl_error.hpp"
#include "opengl/error.hpp"

namespace geyser::opengl {

namespace {

bool has_extensions(const Context& context) {
  const EglFunctions& egl = egl_of(context).egl();
  return egl_of(context).has("EGL_ANDROID_native_fence_sync") && egl_of(context).has("EGL_KHR_wait_sync") &&
         egl.eglCreateSyncKHR != nullptr && egl.eglDestroySyncKHR != nullptr && egl.eglWaitSyncKHR != nullptr &&
         egl.eglDupNativeFenceFDANDROID != nullptr;
}

}  // namespace

bool probe_native_fences(const Context& context) {
  if (!has_extensions(context)) return false;
  auto made = make_sync_file(context);
  return made && queue_sync_file(context, *std::move(made));
}

Result<OwnedHandle> make_sync_file(const Context& context) {
  const EglFunctions& egl = egl_of(context).egl();
  EGLSyncKHR sync = egl.eglCreateSyncKHR(egl_of(context).display(), EGL_SYNC_NATIVE_FENCE_ANDROID, nullptr);
  if (sync == EGL_NO_SYNC_KHR) return fail(make_egl_error(egl, "eglCreateSyncKHR"));
  // There is no descriptor before the commands are on their way.
  context.gl().glFlush();
  const EGLint descriptor = egl.eglDupNativeFenceFDANDROID(egl_of(context).display(), sync);
  auto result = descriptor != EGL_NO_NATIVE_FENCE_FD_ANDROID
                    ? Result<OwnedHandle>(OwnedHandle::adopt(HandleKind::sync_file, descriptor))
                    : Result<OwnedHandle>(fail(make_egl_error(egl, "eglDupNativeFenceFDANDROID")));
  egl.eglDestroySyncKHR(egl_of(context).display(), sync);
  return result;
}

Result<void> queue_sync_file(const Context& context, OwnedHandle&& sync_file) {
  const EglFunctions& egl = egl_of(context).egl();
  OwnedHandle mine = std::move(sync_file);
  const std::array<EGLint, 3> attributes{EGL_SYNC_NATIVE_FENCE_FD_ANDROID, static_cast<EGLint>(mine.get()), EGL_NONE};
  EGLSyncKHR sync = egl.eglCreateSyncKHR(egl_of(context).display(), EGL_SYNC_NATIVE_FENCE_ANDROID, attributes.data());
  if (sync == EGL_NO_SYNC_KHR) return fail(make_egl_error(egl, "eglCreateSyncKHR"));
  static_cast<void>(mine.detach());  // EGL's now
  const bool queued = egl.eglWaitSyncKHR(egl_of(context).display(), sync, 0) == EGL_TRUE;
  auto result = queued ? Result<void>{} : Result<void>(fail(make_egl_error(egl, "eglWaitSyncKHR")));
  egl.eglDestroySyncKHR(egl_of(context).display(), sync);
  return result;
}

}  // namespace geyser::opengl
