// Copies by the GPU between textures and memory in host packing. Objective-C++ only.
#pragma once

#import <Metal/Metal.h>

#include <array>
#include <cstdint>

#include <geyser/descriptor.hpp>

#include "metal/context.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::metal {

enum class Toward { device, host };

// Shared memory that the GPU reads and writes in place.
class HostPages {
 public:
  // Errors: as map_shared_memory(), unsupported (the device takes no such memory).
  static Result<HostPages> open(const Context& context, OwnedHandle memory, std::uint64_t size);
  const OwnedHandle& handle() const noexcept { return handle_; }
  id<MTLBuffer> buffer() const noexcept { return buffer_.get(); }

 private:
  OwnedHandle handle_;
  platform::MappedMemory mapping_;
  Reference<id<MTLBuffer>> buffer_;  // on the mapping: it goes first
};

// A texture for each plane of a format.
using Planes = std::array<Reference<id<MTLTexture>>, 3>;

// Records copies of the whole texture. Gives the bytes.
std::uint64_t record_packed_copy(id<MTLCommandBuffer> commands, const TextureDescriptor& descriptor,
                                 const Planes& planes, id<MTLBuffer> packed, Toward toward);

}  // namespace geyser::metal
