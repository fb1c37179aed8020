// Copies on the stream: between arrays, rows in device memory and memory of the host's.
#pragma once

#include <cstddef>
#include <cstdint>

#include <geyser/descriptor.hpp>
#include <geyser/layout.hpp>

#include "cuda/array.hpp"

namespace geyser::cuda {

// One end of a copy.
struct Place {
  driver::Array array = nullptr;  // one level; else the rows at one of the pointers
  std::size_t y = 0;              // row of blocks to begin with
  std::size_t z = 0;              // layer, face or slice to begin with
  std::byte* host = nullptr;
  driver::DevicePointer device = 0;
  std::size_t pitch = 0;           // of rows
  std::size_t rows_per_slice = 0;  // of rows
};
struct Box {
  std::size_t width_bytes = 0;
  std::size_t rows = 0;  // of blocks
  std::size_t depth = 1;
};

// The context must be current for each of these; they queue and do not wait.
Result<void> queue_copy(const Context& context, const Place& from, const Place& to, const Box& box);

// On the stream of `on`, whose context is current, between memory of two devices, of which it is one.
Result<void> queue_peer_copy(const Context& on, const Context& source, const Place& from, const Context& target,
                             const Place& to, const Box& box);

enum class Toward { device, host };
// A whole texture between its array and memory in host packing. Gives the bytes copied.
Result<std::uint64_t> queue_packed_copy(const Context& context, const TextureDescriptor& descriptor,
                                        const ArrayImage& image, std::byte* packed, Toward toward);

}  // namespace geyser::cuda
