#include <utility>

#include "common/text.hpp"
#include "opengl/error.hpp"
#include "opengl/external_handle.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

// GL takes a handle, and a number, as a pointer.
void* pointer_of(const OwnedHandle& handle) noexcept { return reinterpret_cast<void*>(handle.get()); }

GLenum type_of(const ApiTextureHandle& parcel) noexcept {
  switch (parcel.kind) {
    case HandleKind::opaque_win32_kmt:
      return GL_HANDLE_TYPE_OPAQUE_WIN32_KMT_EXT;
    case HandleKind::d3d_kmt:
      return GL_HANDLE_TYPE_D3D11_IMAGE_KMT_EXT;
    case HandleKind::d3d_nt:
      if (parcel.api != Api::d3d12) return GL_HANDLE_TYPE_D3D11_IMAGE_EXT;
      // A tile pool is Direct3D 11's word for a heap.
      return parcel.layout.dedicated ? GL_HANDLE_TYPE_D3D12_RESOURCE_EXT : GL_HANDLE_TYPE_D3D12_TILEPOOL_EXT;
    default:
      return GL_HANDLE_TYPE_OPAQUE_WIN32_EXT;
  }
}

// Which of these a driver gives to a handle that it cannot open, the specification does not say.
Result<void> check_import(const GlFunctions& gl, const char* call, HandleKind kind) {
  auto done = check(gl, call);
  if (done) return done;
  const NativeError& native = done.error().native();
  if (native.code != GL_INVALID_VALUE && native.code != GL_INVALID_OPERATION) return done;
  return fail(GeyserError(ErrorCode::invalid_handle,
                          text(call, " does not open the handle of kind [", to_string(kind), "]."), native));
}

}  // namespace

std::vector<HandleKind> external_memory_kinds(const Context& context) {
  std::vector<HandleKind> kinds;
  const GlFunctions& gl = context.gl();
  if (!context.has("GL_EXT_memory_object_win32") || gl.glImportMemoryWin32HandleEXT == nullptr ||
      gl.glCreateMemoryObjectsEXT == nullptr || gl.glTexStorageMem2DEXT == nullptr) {
    return kinds;
  }
  // An NT handle keeps the memory alive; a global number does not.
  if (context.identity().has_uuids) kinds = {HandleKind::opaque_win32, HandleKind::opaque_win32_kmt};
  if (context.identity().has_luid) kinds.insert(kinds.end(), {HandleKind::d3d_nt, HandleKind::d3d_kmt});
  return kinds;
}

std::vector<FenceKind> external_fence_kinds(const Context& context) {
  std::vector<FenceKind> kinds;
  const GlFunctions& gl = context.gl();
  if (context.interop() != nullptr) return kinds;  // Direct3D waits and signals
  if (!context.has("GL_EXT_semaphore_win32") || gl.glImportSemaphoreWin32HandleEXT == nullptr ||
      gl.glGenSemaphoresEXT == nullptr || gl.glSemaphoreParameterui64vEXT == nullptr) {
    return kinds;
  }
  const bool timelines = context.has("GL_NV_timeline_semaphore") && gl.glCreateSemaphoresNV != nullptr &&
                         gl.glSemaphoreParameterivNV != nullptr;
  if (timelines && context.identity().has_uuids) kinds.push_back(FenceKind::opaque_win32_timeline);
  if (context.identity().has_luid) kinds.push_back(FenceKind::d3d12_fence);
  if (context.identity().has_uuids) kinds.push_back(FenceKind::opaque_win32_binary);
  return kinds;
}

Result<void> import_memory(const Context& context, GLuint memory_object, ApiTextureHandle& parcel) {
  const GlFunctions& gl = context.gl();
  const GLenum type = type_of(parcel);
  const bool direct3d = type == GL_HANDLE_TYPE_D3D12_RESOURCE_EXT || type == GL_HANDLE_TYPE_D3D11_IMAGE_EXT ||
                        type == GL_HANDLE_TYPE_D3D11_IMAGE_KMT_EXT;
  if (parcel.layout.dedicated || direct3d) {
    const GLint dedicated = GL_TRUE;
    gl.glMemoryObjectParameterivEXT(memory_object, GL_DEDICATED_MEMORY_OBJECT_EXT, &dedicated);
  }
  // The specification ignores the size of Direct3D's textures, and knows of drivers that want none.
  gl.glImportMemoryWin32HandleEXT(memory_object, direct3d ? 0 : parcel.layout.allocation_size, type,
                                  pointer_of(parcel.handles[0]));
  if (auto done = check_import(gl, "glImportMemoryWin32HandleEXT", parcel.kind); !done) return done;
  // The driver has a reference of its own.
  parcel.handles[0].reset();
  return {};
}

Result<void> import_semaphore(const Context& context, GLuint semaphore, FenceHandle& handle) {
  const GlFunctions& gl = context.gl();
  const GLenum type = handle.kind == FenceKind::d3d12_fence ? GL_HANDLE_TYPE_D3D12_FENCE_EXT  //
                                                            : GL_HANDLE_TYPE_OPAQUE_WIN32_EXT;
  gl.glImportSemaphoreWin32HandleEXT(semaphore, type, pointer_of(handle.handle));
  if (auto done = check_import(gl, "glImportSemaphoreWin32HandleEXT", handle.handle.kind()); !done) return done;
  handle.handle.reset();
  return {};
}

}  // namespace geyser::opengl
