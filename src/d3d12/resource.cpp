#include "d3d12/resource.hpp"

#include <utility>

#include "common/text.hpp"
#include "dxgi/format.hpp"

namespace geyser::d3d12 {

using detail::text;

namespace {

bool is_volume(const TextureDescriptor& descriptor) noexcept {
  return descriptor.dimension == TextureDimension::three_d;
}

UINT16 depth_or_layers(const TextureDescriptor& descriptor) noexcept {
  return static_cast<UINT16>(is_volume(descriptor) ? descriptor.extent.depth : descriptor.array_layers);
}

}  // namespace

D3D12_RESOURCE_DESC describe(const TextureDescriptor& descriptor, bool shared) noexcept {
  D3D12_RESOURCE_DESC desc{};
  desc.Dimension = is_volume(descriptor) ? D3D12_RESOURCE_DIMENSION_TEXTURE3D : D3D12_RESOURCE_DIMENSION_TEXTURE2D;
  desc.Width = descriptor.extent.width;
  desc.Height = descriptor.extent.height;
  desc.DepthOrArraySize = depth_or_layers(descriptor);
  desc.MipLevels = static_cast<UINT16>(descriptor.mip_levels);
  desc.Format = dxgi::to_dxgi(descriptor.format);
  desc.SampleDesc.Count = 1;
  desc.Layout = D3D12_TEXTURE_LAYOUT_UNKNOWN;
  auto flags = static_cast<unsigned>(D3D12_RESOURCE_FLAG_NONE);
  // Unlike Vulkan's, a resource opened from a handle says itself what it was made for: only what is asked for.
  if (contains(descriptor.usage, TextureUsage::color_attachment)) flags |= D3D12_RESOURCE_FLAG_ALLOW_RENDER_TARGET;
  if (contains(descriptor.usage, TextureUsage::storage)) flags |= D3D12_RESOURCE_FLAG_ALLOW_UNORDERED_ACCESS;
  if (shared) flags |= D3D12_RESOURCE_FLAG_ALLOW_SIMULTANEOUS_ACCESS;
  desc.Flags = static_cast<D3D12_RESOURCE_FLAGS>(flags);
  return desc;
}

Result<void> check(const D3D12_RESOURCE_DESC& found, const TextureDescriptor& descriptor) {
  const D3D12_RESOURCE_DESC wanted = describe(descriptor, true);
  const auto differs = [](const char* what, std::uint64_t is, std::uint64_t said) {
    return fail(ErrorCode::incompatible_layout,
                text("The resource's ", what, " is [", is, "], but the descriptor makes it [", said, "]."));
  };
  if (found.Dimension != wanted.Dimension) return differs("Dimension", found.Dimension, wanted.Dimension);
  if (found.Width != wanted.Width) return differs("Width", found.Width, wanted.Width);
  if (found.Height != wanted.Height) return differs("Height", found.Height, wanted.Height);
  if (found.DepthOrArraySize != wanted.DepthOrArraySize) {
    return differs("DepthOrArraySize", found.DepthOrArraySize, wanted.DepthOrArraySize);
  }
  if (found.MipLevels != wanted.MipLevels) return differs("MipLevels", found.MipLevels, wanted.MipLevels);
  if (found.Format != wanted.Format) return differs("Format", found.Format, wanted.Format);
  if (found.SampleDesc.Count != 1) return differs("SampleDesc.Count", found.SampleDesc.Count, 1);
  for (const D3D12_RESOURCE_FLAGS flag :
       {D3D12_RESOURCE_FLAG_ALLOW_RENDER_TARGET, D3D12_RESOURCE_FLAG_ALLOW_UNORDERED_ACCESS}) {
    if ((wanted.Flags & flag) != 0 && (found.Flags & flag) == 0) {
      return fail(ErrorCode::incompatible_layout,
                  text("The resource's Flags are [", static_cast<unsigned>(found.Flags), "], without [",
                       static_cast<unsigned>(flag), "], which the descriptor's usage [", to_string(descriptor.usage),
                       "] needs."));
    }
  }
  return {};
}

Result<Com<ID3D12Resource>> create_resource(const Context& context, const TextureDescriptor& descriptor, bool shared) {
  const D3D12_RESOURCE_DESC desc = describe(descriptor, shared);
  D3D12_HEAP_PROPERTIES heap{};
  heap.Type = D3D12_HEAP_TYPE_DEFAULT;
  heap.CreationNodeMask = heap.VisibleNodeMask = context.identity().node_mask;
  Com<ID3D12Resource> resource;
  if (const HRESULT result = context.device().CreateCommittedResource(
          &heap, shared ? D3D12_HEAP_FLAG_SHARED : D3D12_HEAP_FLAG_NONE, &desc, D3D12_RESOURCE_STATE_COMMON, nullptr,
          __uuidof(ID3D12Resource), resource.receive());
      result != S_OK) {
    return fail(context.error(result, "ID3D12Device::CreateCommittedResource", ErrorCode::unsupported));
  }
  return resource;
}

MemoryLayout layout_of(const Context& context, const D3D12_RESOURCE_DESC& desc) {
  MemoryLayout layout;
  layout.tiling = Tiling::opaque;
  layout.allocation_size =
      context.device().GetResourceAllocationInfo(context.identity().node_mask, 1, &desc).SizeInBytes;
  layout.memory_type = any_memory_type;
  layout.dedicated = true;
  layout.plane_count = 1;
  return layout;
}

namespace {

Result<Com<ID3D12Resource>> place(const Context& context, const ApiTextureHandle& parcel) {
  auto heap = open_object<ID3D12Heap>(context, parcel.handles[0]);
  if (!heap) return fail(std::move(heap.error()).during("opening a heap"));
  const D3D12_RESOURCE_DESC desc = describe(parcel.descriptor, true);
  const std::uint64_t needed = layout_of(context, desc).allocation_size;
  if (const std::uint64_t size = (*heap)->GetDesc().SizeInBytes; size < needed) {
    return fail(ErrorCode::incompatible_layout,
                text("The heap has [", size, "] bytes, but the resource needs [", needed, "]."));
  }
  Com<ID3D12Resource> resource;
  if (const HRESULT result = context.device().CreatePlacedResource(
          heap->get(), 0, &desc, D3D12_RESOURCE_STATE_COMMON, nullptr, __uuidof(ID3D12Resource), resource.receive());
      result != S_OK) {
    return fail(context.error(result, "ID3D12Device::CreatePlacedResource", ErrorCode::incompatible_layout));
  }
  return resource;
}

}  // namespace

Result<Com<ID3D12Resource>> open_resource(const Context& context, const ApiTextureHandle& parcel) {
  if (parcel.handle_count != 1) {
    return fail(ErrorCode::invalid_handle,
                text("A texture of [d3d_nt] has [1] handle, not [", parcel.handle_count, "]."));
  }
  if (parcel.layout.keyed_mutex) {
    return fail(GeyserError(ErrorCode::unsupported, "Direct3D 12 has no keyed mutexes, but the texture has one.")
                    .suggest("fence kind [d3d12_fence], for which Direct3D 11 makes textures without"));
  }
  if (parcel.api == Api::d3d12 && !parcel.layout.dedicated) return place(context, parcel);
  auto resource = open_object<ID3D12Resource>(context, parcel.handles[0]);
  if (!resource) return resource;
  if (auto good = check((*resource)->GetDesc(), parcel.descriptor); !good) return fail(std::move(good.error()));
  return resource;
}

Result<OwnedHandle> export_object(const Context& context, ID3D12DeviceChild& object) {
  HANDLE handle = nullptr;
  // No other access than GENERIC_ALL is allowed. Without attributes nobody inherits it.
  if (const HRESULT result = context.device().CreateSharedHandle(&object, nullptr, GENERIC_ALL, nullptr, &handle);
      result != S_OK) {
    return fail(context.error(result, "ID3D12Device::CreateSharedHandle", ErrorCode::unsupported));
  }
  auto owned = OwnedHandle::adopt(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(handle));
  if (!owned.has_value()) return fail(ErrorCode::unsupported, "ID3D12Device::CreateSharedHandle gives no handle.");
  return owned;
}

}  // namespace geyser::d3d12
