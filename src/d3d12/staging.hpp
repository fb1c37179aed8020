// The copied path: shared memory in host packing, which the CPU copies to and from buffers of the device's. Buffers
// begin subresources at multiples of 512 bytes, and host packing at multiples of 256, so they are not one memory.
#pragma once

#include <d3d12.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <geyser/descriptor.hpp>
#include <geyser/handle.hpp>
#include <geyser/layout.hpp>

#include "d3d12/commands.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::d3d12 {

class Staging {
 public:
  // `memory`: at least host_size(descriptor) bytes.
  static Result<Staging> create(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor,
                                ID3D12Resource& texture, OwnedHandle memory);

  const OwnedHandle& memory() const noexcept { return memory_; }
  // Fills the texture from the shared memory: by the CPU now, by the device when it comes to it. Waits for an earlier
  // one that is still queued. Gives the bytes. Errors: timeout, device_lost.
  Result<std::uint64_t> upload(std::chrono::nanoseconds timeout);
  // Queues the device's part of the other way; download() is the CPU's, when that is done.
  Result<Ticket> queue_download() { return to_buffer_->submit(); }
  // Gives the bytes.
  std::uint64_t download();

 private:
  // One mip of one layer of one plane.
  struct Piece {
    UINT subresource = 0;
    D3D12_PLACED_SUBRESOURCE_FOOTPRINT buffer{};
    HostSubresource host;
  };
  enum class Toward { buffer, host };
  std::uint64_t copy(std::byte* buffer, Toward toward) const;
  Result<void> make_buffer(const Context& context, D3D12_HEAP_TYPE heap, std::uint64_t size,
                           Com<ID3D12Resource>& buffer, std::byte*& address) const;
  void record(ID3D12GraphicsCommandList& list, ID3D12Resource& texture, ID3D12Resource& buffer, Toward toward) const;

  OwnedHandle memory_;
  platform::MappedMemory mapping_;
  std::vector<Piece> pieces_;
  // Mapped as long as they live.
  Com<ID3D12Resource> upload_;
  Com<ID3D12Resource> readback_;
  std::byte* upload_address_ = nullptr;
  std::byte* readback_address_ = nullptr;
  std::optional<Commands> to_texture_;
  std::optional<Commands> to_buffer_;
  std::shared_ptr<Context> context_;
  Ticket last_upload_ = 0;
};

}  // namespace geyser::d3d12
