// Textures in mapped memory: sealed memfds on Linux, sections on Windows. The last rung of the ladder, the oracle of
// the tests, and the template for a new backend.
//
// Handle kinds: host_memory (packed: zero-copy between host managers; linear: zero-copy with devices that use the
// memory in place). Fence kinds: host_timeline. Thread safety: a manager
// may be called from any thread; a texture from one thread at a time.
#pragma once

#include <cstddef>
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

// The whole texture; host_subresource(texture.descriptor(), texture.layout(), ...) says where what is. Valid while an
// access is open; writable when the access is. Empty when no access is open. Errors: invalid_argument (a texture of
// another API).
[[nodiscard]] GEYSER_API Result<std::span<std::byte>> bytes(SharedTexture& texture);

}  // namespace geyser::host
