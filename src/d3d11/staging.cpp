#include "d3d11/staging.hpp"

#include <cstring>
#include <utility>

#include <geyser/layout.hpp>

#include "d3d11/resource.hpp"
#include "dxgi/error.hpp"

namespace geyser::d3d11 {

Result<Staging> Staging::create(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor,
                                OwnedHandle memory) {
  Staging staging;
  staging.context_ = context;
  staging.descriptor_ = descriptor;
  auto mapping = platform::map_shared_memory(memory.get(), host_size(descriptor));
  if (!mapping) return fail(std::move(mapping.error()));
  auto texture = create_resource(*context, descriptor, Sharing::staging);
  if (!texture) return fail(std::move(texture.error()).during("making a staging texture"));
  staging.memory_ = std::move(memory);
  staging.mapping_ = *std::move(mapping);
  staging.texture_ = *std::move(texture);
  return staging;
}

Result<std::uint64_t> Staging::copy_mapped(D3D11_MAP mode, std::chrono::nanoseconds timeout) {
  ID3D11DeviceContext& immediate = context_->immediate();
  std::uint64_t bytes = 0;
  for (std::uint32_t layer = 0; layer < descriptor_.array_layers; ++layer) {
    for (std::uint32_t mip = 0; mip < descriptor_.mip_levels; ++mip) {
      const UINT subresource = D3D11CalcSubresource(mip, layer, descriptor_.mip_levels);
      D3D11_MAPPED_SUBRESOURCE mapped{};
      // Map() waits for the device without end: it is asked not to.
      HRESULT result = immediate.Map(texture_.get(), subresource, mode, D3D11_MAP_FLAG_DO_NOT_WAIT, &mapped);
      if (result == DXGI_ERROR_WAS_STILL_DRAWING) {
        if (auto done = context_->finish(timeout); !done) return fail(std::move(done.error()));
        result = immediate.Map(texture_.get(), subresource, mode, D3D11_MAP_FLAG_DO_NOT_WAIT, &mapped);
      }
      if (result != S_OK) return fail(context_->make_error(result, "Map", ErrorCode::operating_system));
      auto* plane_start = static_cast<std::byte*>(mapped.pData);
      for (std::uint32_t plane = 0; plane < format_info(descriptor_.format).plane_count; ++plane) {
        const HostSubresource packed = host_subresource(descriptor_, plane, layer, mip);
        for (std::uint64_t slice = 0; slice < packed.slices; ++slice) {
          for (std::uint64_t row = 0; row < packed.rows; ++row) {
            std::byte* there = plane_start + slice * mapped.DepthPitch + row * mapped.RowPitch;
            std::byte* here =
                mapping_.bytes().data() + packed.offset + slice * packed.slice_stride + row * packed.row_stride;
            if (mode == D3D11_MAP_WRITE) {
              std::memcpy(there, here, packed.row_bytes);
            } else {
              std::memcpy(here, there, packed.row_bytes);
            }
            bytes += packed.row_bytes;
          }
        }
        // A format's planes are one subresource: the next begins below the rows of this one.
        plane_start += static_cast<std::uint64_t>(packed.rows) * mapped.RowPitch;
      }
      immediate.Unmap(texture_.get(), subresource);
    }
  }
  return bytes;
}

Result<std::uint64_t> Staging::upload(ID3D11Resource& to, std::chrono::nanoseconds timeout) {
  auto bytes = copy_mapped(D3D11_MAP_WRITE, timeout);
  if (bytes) context_->immediate().CopyResource(&to, texture_.get());
  return bytes;
}

Result<std::uint64_t> Staging::download(ID3D11Resource& from, std::chrono::nanoseconds timeout) {
  context_->immediate().CopyResource(texture_.get(), &from);
  if (auto done = context_->finish(timeout); !done) return fail(std::move(done.error()));
  return copy_mapped(D3D11_MAP_READ, timeout);
}

}  // namespace geyser::d3d11
