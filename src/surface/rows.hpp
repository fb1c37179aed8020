// Rows of a surface and of host packing, copied by the CPU. For C++ too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>

#include "surface/surface.hpp"

namespace geyser::surface {

// Of texels of four bytes: as they are, or with the first and the third one exchanged.
enum class Order : std::uint8_t { same, exchanged };

// The surface is what the descriptor says (Surface::check), and `packed` of host_size(). Nobody else may use the
// surface meanwhile. Give the bytes copied. Errors: operating_system (no CPU may look at it).
Result<std::uint64_t> write_rows(const Surface& surface, const TextureDescriptor& descriptor,
                                 std::span<const std::byte> packed, Order order = Order::same);
Result<std::uint64_t> read_rows(const Surface& surface, const TextureDescriptor& descriptor,
                                std::span<std::byte> packed, Order order = Order::same);

}  // namespace geyser::surface
