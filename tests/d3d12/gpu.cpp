#include "d3d12/gpu.hpp"

#include <d3d12.h>

#include <cstring>

#include <geyser/layout.hpp>

#include "dxgi/com.hpp"
#include "dxgi/error.hpp"

namespace geyser::test {

using dxgi::Com;

namespace {

enum class Toward { texture, buffer };

// As the device lays the texture's subresources out, which Geyser's copied path does not ask it.
struct Footprints {
  std::vector<D3D12_PLACED_SUBRESOURCE_FOOTPRINT> all;
  std::vector<HostSubresource> host;
  UINT64 size = 0;
};

Footprints footprints_of(ID3D12Device& device, ID3D12Resource& resource, const TextureDescriptor& descriptor) {
  Footprints footprints;
  for (std::uint32_t plane = 0; plane < format_info(descriptor.format).plane_count; ++plane) {
    for (std::uint32_t layer = 0; layer < descriptor.array_layers; ++layer) {
      for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
        footprints.host.push_back(host_subresource(descriptor, plane, layer, mip));
      }
    }
  }
  footprints.all.resize(footprints.host.size());
  const D3D12_RESOURCE_DESC desc = resource.GetDesc();
  device.GetCopyableFootprints(&desc, 0, static_cast<UINT>(footprints.all.size()), 0, footprints.all.data(), nullptr,
                               nullptr, &footprints.size);
  return footprints;
}

Result<void> check(HRESULT result, const char* call) {
  return result == S_OK ? Result<void>() : fail(dxgi::make_error(result, call));
}

void copy_rows(const Footprints& footprints, std::byte* buffer, std::byte* packed, Toward toward) {
  for (std::size_t i = 0; i < footprints.all.size(); ++i) {
    const HostSubresource& host = footprints.host[i];
    for (std::uint64_t slice = 0; slice < host.slices; ++slice) {
      for (std::uint64_t row = 0; row < host.rows; ++row) {
        std::byte* there = packed + host.offset + slice * host.slice_stride + row * host.row_stride;
        std::byte* here =
            buffer + footprints.all[i].Offset + (slice * host.rows + row) * footprints.all[i].Footprint.RowPitch;
        std::memcpy(toward == Toward::texture ? here : there, toward == Toward::texture ? there : here, host.row_bytes);
      }
    }
  }
}

Result<void> transfer(TextureShareManager& manager, SharedTexture& texture, std::byte* packed, Toward toward) {
  ID3D12Device& device = *d3d12::native(manager)->device;
  ID3D12CommandQueue& queue = *d3d12::native(manager)->queue;
  ID3D12Resource& resource = **d3d12::native(texture);
  const Footprints footprints = footprints_of(device, resource, texture.descriptor());
  const bool in = toward == Toward::texture;
  D3D12_HEAP_PROPERTIES heap{};
  heap.Type = in ? D3D12_HEAP_TYPE_UPLOAD : D3D12_HEAP_TYPE_READBACK;
  D3D12_RESOURCE_DESC desc{};
  desc.Dimension = D3D12_RESOURCE_DIMENSION_BUFFER;
  desc.Width = footprints.size;
  desc.Height = desc.DepthOrArraySize = desc.MipLevels = 1;
  desc.SampleDesc.Count = 1;
  desc.Layout = D3D12_TEXTURE_LAYOUT_ROW_MAJOR;
  Com<ID3D12Resource> buffer;
  if (auto made =
          check(device.CreateCommittedResource(&heap, D3D12_HEAP_FLAG_NONE, &desc,
                                               in ? D3D12_RESOURCE_STATE_GENERIC_READ : D3D12_RESOURCE_STATE_COPY_DEST,
                                               nullptr, __uuidof(ID3D12Resource), buffer.receive()),
                "CreateCommittedResource");
      !made) {
    return made;
  }
  void* mapped = nullptr;
  if (auto done = check(buffer->Map(0, nullptr, &mapped), "Map"); !done) return done;
  if (in) copy_rows(footprints, static_cast<std::byte*>(mapped), packed, toward);

  Com<ID3D12CommandAllocator> allocator;
  Com<ID3D12GraphicsCommandList> list;
  Com<ID3D12Fence> fence;
  const auto type = D3D12_COMMAND_LIST_TYPE_DIRECT;
  if (device.CreateCommandAllocator(type, __uuidof(ID3D12CommandAllocator), allocator.receive()) != S_OK ||
      device.CreateCommandList(0, type, allocator.get(), nullptr, __uuidof(ID3D12GraphicsCommandList),
                               list.receive()) != S_OK ||
      device.CreateFence(0, D3D12_FENCE_FLAG_NONE, __uuidof(ID3D12Fence), fence.receive()) != S_OK) {
    return fail(ErrorCode::operating_system, "The test's command list cannot be made.");
  }
  const auto barrier = [&](D3D12_RESOURCE_STATES before, D3D12_RESOURCE_STATES after) {
    D3D12_RESOURCE_BARRIER one{};
    one.Type = D3D12_RESOURCE_BARRIER_TYPE_TRANSITION;
    one.Transition.pResource = &resource;
    one.Transition.Subresource = D3D12_RESOURCE_BARRIER_ALL_SUBRESOURCES;
    one.Transition.StateBefore = before;
    one.Transition.StateAfter = after;
    list->ResourceBarrier(1, &one);
  };
  const auto state = in ? D3D12_RESOURCE_STATE_COPY_DEST : D3D12_RESOURCE_STATE_COPY_SOURCE;
  barrier(D3D12_RESOURCE_STATE_COMMON, state);
  for (std::size_t i = 0; i < footprints.all.size(); ++i) {
    D3D12_TEXTURE_COPY_LOCATION image{};
    image.pResource = &resource;
    image.Type = D3D12_TEXTURE_COPY_TYPE_SUBRESOURCE_INDEX;
    image.SubresourceIndex = static_cast<UINT>(i);
    D3D12_TEXTURE_COPY_LOCATION rows{};
    rows.pResource = buffer.get();
    rows.Type = D3D12_TEXTURE_COPY_TYPE_PLACED_FOOTPRINT;
    rows.PlacedFootprint = footprints.all[i];
    list->CopyTextureRegion(in ? &image : &rows, 0, 0, 0, in ? &rows : &image, nullptr);
  }
  barrier(state, D3D12_RESOURCE_STATE_COMMON);
  if (auto closed = check(list->Close(), "Close"); !closed) return closed;
  ID3D12CommandList* lists[] = {list.get()};
  queue.ExecuteCommandLists(1, lists);
  if (auto done = check(queue.Signal(fence.get(), 1), "Signal"); !done) return done;
  for (int i = 0; fence->GetCompletedValue() < 1; ++i) {
    if (i == 10000) return fail(ErrorCode::timeout, "The test's commands are not done after 10 s.");
    ::Sleep(1);
  }
  if (!in) copy_rows(footprints, static_cast<std::byte*>(mapped), packed, toward);
  return {};
}

}  // namespace

Result<void> fill(TextureShareManager& manager, SharedTexture& texture, std::span<const std::byte> bytes) {
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  return transfer(manager, texture, copy.data(), Toward::texture);
}

Result<std::vector<std::byte>> read(TextureShareManager& manager, SharedTexture& texture) {
  std::vector<std::byte> bytes(host_size(texture.descriptor()));
  if (auto done = transfer(manager, texture, bytes.data(), Toward::buffer); !done) return fail(std::move(done.error()));
  return bytes;
}

}  // namespace geyser::test
