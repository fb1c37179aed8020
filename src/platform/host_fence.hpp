// FenceKind::host_timeline: a 64-bit counter in shared memory, waited for by CPUs. Every backend offers it.
#pragma once

#include <memory>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/fence.hpp>

namespace geyser::platform {

// Errors: operating_system.
[[nodiscard]] GEYSER_API Result<std::shared_ptr<SharedFence>> create_host_fence();
// Consumes the handle. Errors: invalid_handle, incompatible_layout.
[[nodiscard]] GEYSER_API Result<std::shared_ptr<SharedFence>> import_host_fence(FenceHandle&& handle);

}  // namespace geyser::platform
