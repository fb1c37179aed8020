// Textures in mapped memory: sealed memfds on Linux, sections on Windows, and Linux's dma-bufs. The last rung of the
// ladder, the oracle of the tests, and the template for a new backend.
//
// Handle kinds: host_memory (packed: zero-copy between host managers; linear: zero-copy with devices that use the
// memory in place); dma_buf with the modifier LINEAR (any that a CPU may map is opened, with planes in one buffer or in
// several, at any offset and stride; made by /dev/udmabuf or a dma-heap, with rows at multiples of 256 bytes, where the
// user may open one). Fence kinds: host_timeline, sync_file, drm_syncobj (where a DRM node has timelines); an access of
// a dma-buf also waits for its implicit fences, and is bracketed as the kernel wants it (DMA_BUF_IOCTL_SYNC). Thread
// safety: a manager may be called from any thread; a texture from one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::host {

struct Options {
  DiagnosticHandler diagnostics;
};

// Errors: not_available (the kernel has no sealed shared memory).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

// The memory that holds a plane of the texture's format, all of it; host_subresource(texture.descriptor(),
// texture.layout(), plane, ...) says where in it. Planes are in one memory unless a dma-buf of several buffers was
// imported. Valid while an access is open; writable when the access is. Empty when no access is open.
// Errors: invalid_argument (a texture of another API, a plane that the format has not).
[[nodiscard]] GEYSER_API Result<std::span<std::byte>> bytes(SharedTexture& texture, std::uint32_t plane = 0);

}  // namespace geyser::host
