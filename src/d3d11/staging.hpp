// The copied path: a texture that the CPU maps, between the device's own and memory in host packing.
#pragma once

#include <memory>

#include "d3d11/context.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::d3d11 {

class Staging {
 public:
  // `memory` holds host_size() bytes. Errors: as map_shared_memory(), unsupported, out_of_memory.
  static Result<Staging> create(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor,
                                OwnedHandle memory);
  const OwnedHandle& memory() const noexcept { return memory_; }

  // The whole texture, from and to the shared memory; downloading waits for the device. Give the bytes copied.
  // Errors: timeout, device_lost.
  Result<std::uint64_t> upload(ID3D11Resource& to, std::chrono::nanoseconds timeout);
  Result<std::uint64_t> download(ID3D11Resource& from, std::chrono::nanoseconds timeout);

 private:
  Result<std::uint64_t> copy_mapped(D3D11_MAP mode, std::chrono::nanoseconds timeout);

  std::shared_ptr<Context> context_;
  TextureDescriptor descriptor_;
  OwnedHandle memory_;
  platform::MappedMemory mapping_;
  Com<ID3D11Resource> texture_;
};

}  // namespace geyser::d3d11
