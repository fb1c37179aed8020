// Implicit fences of dma-bufs: those that a kernel keeps with a buffer and that programs which know nothing of explicit
// fences go by. A display server, a camera or a video decoder of that kind is met here: take the fences that it left as
// a sync file, and leave one for it.
//
// Linux 6.0 and later; elsewhere every call is unsupported. Handles are borrowed unless a call says otherwise, and what
// is returned is the caller's. An empty sync file stands for a fence that is signalled already. Thread safety: all
// calls are safe from any thread. See linux/dma-buf.h (DMA_BUF_IOCTL_EXPORT_SYNC_FILE, DMA_BUF_IOCTL_IMPORT_SYNC_FILE)
// and linux/sync_file.h (SYNC_IOC_MERGE).
#pragma once

#include <chrono>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/fence.hpp>
#include <geyser/handle.hpp>
#include <geyser/texture.hpp>

namespace geyser {

// What must be signalled before an access like `mode`: reading waits for the writers, everything else for the readers,
// too. A new handle of kind sync_file.
// Errors: invalid_handle (`dma_buf` is none), unsupported (an older kernel), operating_system.
[[nodiscard]] GEYSER_API Result<OwnedHandle> export_sync_file(const OwnedHandle& dma_buf, AccessMode mode);
// As above, of every buffer of a parcel of kind dma_buf, merged.
[[nodiscard]] GEYSER_API Result<OwnedHandle> export_sync_file(const ApiTextureHandle& parcel, AccessMode mode);

// From now on the buffer is read (`read`) or written (every other mode) until `sync_file` is signalled, for all who go
// by implicit fences. An empty sync file changes nothing. The kernel keeps its own reference. Errors: as above;
// invalid_handle (`sync_file` is none), with nothing changed.
[[nodiscard]] GEYSER_API Result<void> import_sync_file(const OwnedHandle& dma_buf, const OwnedHandle& sync_file,
                                                       AccessMode mode);
[[nodiscard]] GEYSER_API Result<void> import_sync_file(const ApiTextureHandle& parcel, const OwnedHandle& sync_file,
                                                       AccessMode mode);

// A new sync file that is signalled when both are; empty when both are.
// Errors: invalid_handle, operating_system.
[[nodiscard]] GEYSER_API Result<OwnedHandle> merge_sync_files(const OwnedHandle& a, const OwnedHandle& b);

// Blocks the calling CPU thread until it is signalled. Errors: timeout, invalid_handle, device_lost (signalled, but
// what it stood for was not done).
[[nodiscard]] GEYSER_API Result<void> wait_sync_file(const OwnedHandle& sync_file,
                                                     std::chrono::nanoseconds timeout = default_wait_timeout);

}  // namespace geyser
