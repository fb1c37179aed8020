// Sync files of the kernel as fences of GL's commands: EGL_ANDROID_native_fence_sync, EGL_KHR_wait_sync.
#pragma once

#include <geyser/error.hpp>
#include <geyser/handle.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

// The context must be current for each of these.

// Whether both directions work; asked by doing.
bool probe_native_fences(const Context& context);

// A sync file that is signalled when everything is done that the context was told so far; flushes.
Result<OwnedHandle> make_sync_file(const Context& context);

// Lets the commands from now on wait until it is signalled. EGL takes the descriptor on success. On the device; a
// software driver's device is this thread, which it stops here, for ever if it must: bound it by a wait before.
Result<void> queue_sync_file(const Context& context, OwnedHandle&& sync_file);

}  // namespace geyser::opengl
