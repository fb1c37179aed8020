// Kernel buffers that any driver may open. Only Linux has them: elsewhere nothing is one, and every call that would
// make or use one is unsupported.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>
#include <geyser/texture.hpp>

#include "platform/shared_memory.hpp"

namespace geyser::platform {

// Who makes one for a CPU. udmabuf turns pages of a memfd into one (by default up to 64 MiB, and any user of the group
// kvm may); the heap gives up to half of the machine's memory, and often only root may.
enum class DmaBufSource : std::uint8_t { udmabuf, dma_heap };
[[nodiscard]] GEYSER_API std::string_view to_string(DmaBufSource source) noexcept;

// Whether a source is there and lets this user in: one page is made of it, and dropped.
[[nodiscard]] GEYSER_API bool makes_dma_bufs(DmaBufSource source) noexcept;
[[nodiscard]] GEYSER_API bool makes_dma_bufs() noexcept;  // any of them
// Whether this system knows dma-bufs at all, so that others' can be opened.
[[nodiscard]] GEYSER_API bool knows_dma_bufs() noexcept;

// New zeroed memory of `size` bytes, rounded up to whole pages.
// Errors: invalid_argument (0 bytes), not_available (no such device, or not for this user), out_of_memory,
// operating_system.
[[nodiscard]] GEYSER_API Result<OwnedHandle> create_dma_buf(DmaBufSource source, std::uint64_t size);
// From the first source that can: udmabuf, then the heap. The error is udmabuf's, with the heap's in its chain.
[[nodiscard]] GEYSER_API Result<OwnedHandle> create_dma_buf(std::uint64_t size);

// By the kernel's own word (the file system it is of): no memfd, socket or eventfd is one, whatever its name is.
[[nodiscard]] GEYSER_API bool is_dma_buf(NativeHandle handle) noexcept;

struct MappedDmaBuf {
  MappedMemory memory;
  bool writable = false;  // false: its exporter gave it out for reading only
};
// Maps all of it. Errors: invalid_handle (no dma-buf), unsupported (its exporter lets no CPU map it), out_of_memory.
[[nodiscard]] GEYSER_API Result<MappedDmaBuf> map_dma_buf(NativeHandle dma_buf);

// Around whatever a CPU does in a mapping (DMA_BUF_IOCTL_SYNC). Beginning waits for the buffer's implicit fences, by
// poll() and at most so long: the kernel's own wait has no end. Reading waits for writers, writing for all.
// Errors: timeout, invalid_handle, operating_system.
[[nodiscard]] GEYSER_API Result<void> begin_cpu_access(NativeHandle dma_buf, AccessMode mode,
                                                       std::chrono::nanoseconds timeout);
[[nodiscard]] GEYSER_API Result<void> end_cpu_access(NativeHandle dma_buf, AccessMode mode);

// The bridge between implicit and explicit fences (Linux 6.0). What must be signalled before an access like `mode`, as
// a sync file; and a sync file that stands for such an access from now on. Both handles stay the caller's.
// Errors: invalid_handle, unsupported (an older kernel), operating_system.
[[nodiscard]] GEYSER_API Result<OwnedHandle> export_implicit_fences(NativeHandle dma_buf, AccessMode mode);
[[nodiscard]] GEYSER_API Result<void> import_implicit_fence(NativeHandle dma_buf, NativeHandle sync_file,
                                                            AccessMode mode);

}  // namespace geyser::platform
