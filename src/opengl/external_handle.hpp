// What GL is told of this system's handles: fd_handle.cpp, win32_handle.cpp.
#pragma once

#include <vector>

#include <geyser/fence.hpp>
#include <geyser/handle.hpp>
#include <geyser/texture.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

// The kinds of memory and of semaphores that the context opens, best first. By its extensions, their functions and what
// it says of its device: GL has no query for kinds, and makes nothing that could be tried.
std::vector<HandleKind> external_memory_kinds(const Context& context);
std::vector<FenceKind> external_fence_kinds(const Context& context);

// The context must be current for both. On success the handle is the driver's or closed, as its kind has it; on failure
// it stays. Errors: invalid_handle, unsupported, incompatible_layout, out_of_memory, with GL's code.
Result<void> import_memory(const Context& context, GLuint memory_object, ApiTextureHandle& parcel);
Result<void> import_semaphore(const Context& context, GLuint semaphore, FenceHandle& handle);

}  // namespace geyser::opengl
