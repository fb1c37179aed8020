#include "d3d12/staging.hpp"

#include <cstring>
#include <utility>

#include "common/text.hpp"
#include "dxgi/format.hpp"

namespace geyser::d3d12 {

using detail::text;

namespace {

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t to) noexcept { return (value + to - 1) / to * to; }

// As GetCopyableFootprints names a plane.
DXGI_FORMAT plane_format(TextureFormat format, std::uint32_t plane) noexcept {
  if (format == TextureFormat::nv12) return plane == 0 ? DXGI_FORMAT_R8_TYPELESS : DXGI_FORMAT_R8G8_TYPELESS;
  if (format == TextureFormat::p010) return plane == 0 ? DXGI_FORMAT_R16_TYPELESS : DXGI_FORMAT_R16G16_TYPELESS;
  return dxgi::to_dxgi(format);
}

}  // namespace

Result<Staging> Staging::create(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor,
                                ID3D12Resource& texture, OwnedHandle memory) {
  auto mapping = platform::map_shared_memory(memory.get(), host_size(descriptor));
  if (!mapping) return fail(std::move(mapping.error()));
  Staging staging;
  staging.context_ = context;
  staging.memory_ = std::move(memory);
  staging.mapping_ = *std::move(mapping);
  const FormatInfo& info = format_info(descriptor.format);
  std::uint64_t size = 0;
  UINT subresource = 0;
  for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
    for (std::uint32_t layer = 0; layer < descriptor.array_layers; ++layer) {
      for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
        Piece piece;
        piece.subresource = subresource++;
        piece.host = host_subresource(descriptor, plane, layer, mip);
        D3D12_SUBRESOURCE_FOOTPRINT& footprint = piece.buffer.Footprint;
        footprint.Format = plane_format(descriptor.format, plane);
        footprint.Width = static_cast<UINT>(round_up(piece.host.extent.width, info.block_width));
        footprint.Height = static_cast<UINT>(round_up(piece.host.extent.height, info.block_height));
        footprint.Depth = piece.host.slices;
        footprint.RowPitch = static_cast<UINT>(round_up(piece.host.row_bytes, D3D12_TEXTURE_DATA_PITCH_ALIGNMENT));
        piece.buffer.Offset = round_up(size, D3D12_TEXTURE_DATA_PLACEMENT_ALIGNMENT);
        size = piece.buffer.Offset + std::uint64_t{footprint.RowPitch} * piece.host.rows * piece.host.slices;
        staging.pieces_.push_back(piece);
      }
    }
  }
  if (auto made = staging.make_buffer(*context, D3D12_HEAP_TYPE_UPLOAD, size, staging.upload_, staging.upload_address_);
      !made) {
    return fail(std::move(made.error()));
  }
  if (auto made =
          staging.make_buffer(*context, D3D12_HEAP_TYPE_READBACK, size, staging.readback_, staging.readback_address_);
      !made) {
    return fail(std::move(made.error()));
  }
  auto in = Commands::record(context, [&](ID3D12GraphicsCommandList& list) {
    staging.record(list, texture, *staging.upload_.get(), Toward::host);
  });
  if (!in) return fail(std::move(in.error()));
  staging.to_texture_.emplace(*std::move(in));
  auto out = Commands::record(context, [&](ID3D12GraphicsCommandList& list) {
    staging.record(list, texture, *staging.readback_.get(), Toward::buffer);
  });
  if (!out) return fail(std::move(out.error()));
  staging.to_buffer_.emplace(*std::move(out));
  return staging;
}

Result<void> Staging::make_buffer(const Context& context, D3D12_HEAP_TYPE heap_type, std::uint64_t size,
                                  Com<ID3D12Resource>& buffer, std::byte*& address) const {
  D3D12_HEAP_PROPERTIES heap{};
  heap.Type = heap_type;
  heap.CreationNodeMask = heap.VisibleNodeMask = context.identity().node_mask;
  D3D12_RESOURCE_DESC desc{};
  desc.Dimension = D3D12_RESOURCE_DIMENSION_BUFFER;
  desc.Width = size;
  desc.Height = 1;
  desc.DepthOrArraySize = 1;
  desc.MipLevels = 1;
  desc.SampleDesc.Count = 1;
  desc.Layout = D3D12_TEXTURE_LAYOUT_ROW_MAJOR;
  // The states that these heaps' resources are in, and stay in.
  const auto state =
      heap_type == D3D12_HEAP_TYPE_UPLOAD ? D3D12_RESOURCE_STATE_GENERIC_READ : D3D12_RESOURCE_STATE_COPY_DEST;
  if (const HRESULT result = context.device().CreateCommittedResource(
          &heap, D3D12_HEAP_FLAG_NONE, &desc, state, nullptr, __uuidof(ID3D12Resource), buffer.receive());
      result != S_OK) {
    return fail(
        context.error(result, "ID3D12Device::CreateCommittedResource").during(text("a buffer of [", size, "] bytes")));
  }
  void* mapped = nullptr;
  if (const HRESULT result = buffer->Map(0, nullptr, &mapped); result != S_OK) {
    return fail(context.error(result, "ID3D12Resource::Map"));
  }
  address = static_cast<std::byte*>(mapped);
  return {};
}

void Staging::record(ID3D12GraphicsCommandList& list, ID3D12Resource& texture, ID3D12Resource& buffer,
                     Toward toward) const {
  const bool in = toward == Toward::host;  // from the host's side
  const auto state = in ? D3D12_RESOURCE_STATE_COPY_DEST : D3D12_RESOURCE_STATE_COPY_SOURCE;
  const D3D12_RESOURCE_BARRIER open = transition(texture, D3D12_RESOURCE_STATE_COMMON, state);
  list.ResourceBarrier(1, &open);
  for (const Piece& piece : pieces_) {
    D3D12_TEXTURE_COPY_LOCATION image{};
    image.pResource = &texture;
    image.Type = D3D12_TEXTURE_COPY_TYPE_SUBRESOURCE_INDEX;
    image.SubresourceIndex = piece.subresource;
    D3D12_TEXTURE_COPY_LOCATION rows{};
    rows.pResource = &buffer;
    rows.Type = D3D12_TEXTURE_COPY_TYPE_PLACED_FOOTPRINT;
    rows.PlacedFootprint = piece.buffer;
    list.CopyTextureRegion(in ? &image : &rows, 0, 0, 0, in ? &rows : &image, nullptr);
  }
  const D3D12_RESOURCE_BARRIER close = transition(texture, state, D3D12_RESOURCE_STATE_COMMON);
  list.ResourceBarrier(1, &close);
}

std::uint64_t Staging::copy(std::byte* buffer, Toward toward) const {
  std::uint64_t bytes = 0;
  for (const Piece& piece : pieces_) {
    const HostSubresource& host = piece.host;
    std::byte* packed = mapping_.bytes().data() + host.offset;
    std::byte* rows = buffer + piece.buffer.Offset;
    for (std::uint64_t slice = 0; slice < host.slices; ++slice) {
      for (std::uint64_t row = 0; row < host.rows; ++row) {
        std::byte* there = packed + slice * host.slice_stride + row * host.row_stride;
        std::byte* here = rows + (slice * host.rows + row) * piece.buffer.Footprint.RowPitch;
        std::memcpy(toward == Toward::host ? there : here, toward == Toward::host ? here : there, host.row_bytes);
      }
    }
    bytes += host.row_bytes * host.rows * host.slices;
  }
  return bytes;
}

Result<std::uint64_t> Staging::upload(std::chrono::nanoseconds timeout) {
  if (auto done = context_->wait(last_upload_, timeout); !done) return fail(std::move(done.error()));
  const std::uint64_t bytes = copy(upload_address_, Toward::buffer);
  auto ticket = to_texture_->submit();
  if (!ticket) return fail(std::move(ticket.error()));
  last_upload_ = *ticket;
  return bytes;
}

std::uint64_t Staging::download() { return copy(readback_address_, Toward::host); }

}  // namespace geyser::d3d12
