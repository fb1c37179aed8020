#include "opengl/error.hpp"
#include "opengl/external_handle.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::opengl {

std::vector<HandleKind> external_memory_kinds(const Context& context) {
  const bool opaque = context.native().has_descriptors() && context.has("GL_EXT_memory_object_fd") &&
                      context.gl().glImportMemoryFdEXT != nullptr && context.gl().glTexStorageMem2DEXT != nullptr &&
                      context.identity().has_uuids;
  return opaque ? std::vector<HandleKind>{HandleKind::opaque_fd} : std::vector<HandleKind>{};
}

std::vector<FenceKind> external_fence_kinds(const Context& context) {
  std::vector<FenceKind> kinds;
  const bool semaphores = context.native().has_descriptors() && context.has("GL_EXT_semaphore_fd") &&
                          context.gl().glImportSemaphoreFdEXT != nullptr;
  if (semaphores && context.has("GL_NV_timeline_semaphore") && context.gl().glSemaphoreParameterivNV != nullptr) {
    kinds.push_back(FenceKind::opaque_fd_timeline);
  }
  if (semaphores) kinds.push_back(FenceKind::opaque_fd_binary);
  return kinds;
}

Result<void> import_memory(const Context& context, GLuint memory_object, ApiTextureHandle& parcel) {
  const GlFunctions& gl = context.gl();
  if (parcel.layout.dedicated) {
    const GLint dedicated = GL_TRUE;
    gl.glMemoryObjectParameterivEXT(memory_object, GL_DEDICATED_MEMORY_OBJECT_EXT, &dedicated);
  }
  // Mesa's software drivers read what memory a descriptor is of at the file offset.
  auto copy = platform::duplicate_with_own_offset(parcel.handles[0]);
  if (!copy) return fail(std::move(copy.error()));
  gl.glImportMemoryFdEXT(memory_object, parcel.layout.allocation_size, GL_HANDLE_TYPE_OPAQUE_FD_EXT,
                         static_cast<GLint>(copy->get()));
  if (auto done = check(gl, "glImportMemoryFdEXT"); !done) return done;
  static_cast<void>(copy->detach());  // the driver's now
  parcel.handles[0].reset();
  return {};
}

Result<void> import_semaphore(const Context& context, GLuint semaphore, FenceHandle& handle) {
  const GlFunctions& gl = context.gl();
  gl.glImportSemaphoreFdEXT(semaphore, GL_HANDLE_TYPE_OPAQUE_FD_EXT, static_cast<GLint>(handle.handle.get()));
  if (auto done = check(gl, "glImportSemaphoreFdEXT"); !done) return done;
  static_cast<void>(handle.handle.detach());  // the driver's now
  return {};
}

}  // namespace geyser::opengl
