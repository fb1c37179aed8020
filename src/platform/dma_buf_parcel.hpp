// What the handles of a received texture really are.
#pragma once

#include <array>
#include <cstdint>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/layout.hpp>
#include <geyser/texture.hpp>

namespace geyser::platform {

// The buffers behind a parcel's handles: one buffer may come under several numbers.
struct DmaBufs {
  std::uint32_t count = 0;                                // distinct ones
  std::array<std::uint32_t, max_memory_planes> handle{};  // by buffer: the first handle that is it
  std::array<std::uint64_t, max_memory_planes> size{};    // by buffer: the kernel's word, not the sender's
  // The parcel's, with handle_index counting buffers and allocation_size as buffer 0 really has it.
  MemoryLayout layout;
};

// Trusts nothing about the handles. `parcel` is of kind dma_buf and has passed the manager's checks.
// Errors: invalid_handle (a handle that is no dma-buf), incompatible_layout (a buffer that is too small, a plane that
// runs over its buffer, planes that overlap), each naming the field.
[[nodiscard]] GEYSER_API Result<DmaBufs> inspect_dma_bufs(const ApiTextureHandle& parcel);

}  // namespace geyser::platform
