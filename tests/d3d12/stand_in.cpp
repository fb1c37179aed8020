// The stand-in's device: what it makes and opens.
#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <geyser/layout.hpp>

#include "d3d12/stand_in_parts.hpp"
#include "dxgi/format.hpp"

namespace geyser::test {

namespace {

class Device final : public Object<ID3D12Device> {
 public:
  using ID3D12Device::GetAdapterLuid;
  using ID3D12Device::GetCustomHeapProperties;
  using ID3D12Device::GetResourceAllocationInfo;
  Device(World& world, std::uint32_t luid) : Object(world), luid_(luid) {}

  UINT STDMETHODCALLTYPE GetNodeCount() override { return 1; }
  HRESULT STDMETHODCALLTYPE CreateCommandQueue(const D3D12_COMMAND_QUEUE_DESC* desc, REFIID, void** out) override {
    return give(new StandInQueue(world(), self(), desc->Type), out);
  }
  HRESULT STDMETHODCALLTYPE CreateCommandAllocator(D3D12_COMMAND_LIST_TYPE, REFIID, void** out) override {
    return give(new Allocator(world(), self(), nullptr), out);
  }
  HRESULT STDMETHODCALLTYPE CreateGraphicsPipelineState(const D3D12_GRAPHICS_PIPELINE_STATE_DESC*, REFIID,
                                                        void**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE CreateComputePipelineState(const D3D12_COMPUTE_PIPELINE_STATE_DESC*, REFIID,
                                                       void**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE CreateCommandList(UINT, D3D12_COMMAND_LIST_TYPE type, ID3D12CommandAllocator*,
                                              ID3D12PipelineState*, REFIID, void** out) override {
    return give(new List(world(), self(), type), out);
  }
  HRESULT STDMETHODCALLTYPE CheckFeatureSupport(D3D12_FEATURE feature, void* data, UINT) override {
    if (feature != D3D12_FEATURE_FORMAT_SUPPORT) return E_INVALIDARG;
    auto& support = *static_cast<D3D12_FEATURE_DATA_FORMAT_SUPPORT*>(data);
    const TextureFormat format = dxgi::from_dxgi(support.Format);
    if (format == TextureFormat::unknown) return E_INVALIDARG;
    const FormatInfo& info = format_info(format);
    auto one = D3D12_FORMAT_SUPPORT1_TEXTURE2D | D3D12_FORMAT_SUPPORT1_SHADER_SAMPLE;
    if (!info.is_multi_planar()) {
      one |= D3D12_FORMAT_SUPPORT1_TEXTURE3D | D3D12_FORMAT_SUPPORT1_TEXTURECUBE | D3D12_FORMAT_SUPPORT1_MIP;
    }
    const bool drawn = !info.is_multi_planar() && !info.is_compressed();
    if (drawn) one |= D3D12_FORMAT_SUPPORT1_RENDER_TARGET | D3D12_FORMAT_SUPPORT1_TYPED_UNORDERED_ACCESS_VIEW;
    support.Support1 = static_cast<D3D12_FORMAT_SUPPORT1>(one);
    support.Support2 = drawn ? D3D12_FORMAT_SUPPORT2_UAV_TYPED_STORE : D3D12_FORMAT_SUPPORT2_NONE;
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE CreateDescriptorHeap(const D3D12_DESCRIPTOR_HEAP_DESC*, REFIID, void**) override {
    return E_NOTIMPL;
  }
  UINT STDMETHODCALLTYPE GetDescriptorHandleIncrementSize(D3D12_DESCRIPTOR_HEAP_TYPE) override { return 0; }
  HRESULT STDMETHODCALLTYPE CreateRootSignature(UINT, const void*, SIZE_T, REFIID, void**) override {
    return E_NOTIMPL;
  }
  void STDMETHODCALLTYPE CreateConstantBufferView(const D3D12_CONSTANT_BUFFER_VIEW_DESC*,
                                                  D3D12_CPU_DESCRIPTOR_HANDLE) override {}
  void STDMETHODCALLTYPE CreateShaderResourceView(ID3D12Resource*, const D3D12_SHADER_RESOURCE_VIEW_DESC*,
                                                  D3D12_CPU_DESCRIPTOR_HANDLE) override {}
  void STDMETHODCALLTYPE CreateUnorderedAccessView(ID3D12Resource*, ID3D12Resource*,
                                                   const D3D12_UNORDERED_ACCESS_VIEW_DESC*,
                                                   D3D12_CPU_DESCRIPTOR_HANDLE) override {}
  void STDMETHODCALLTYPE CreateRenderTargetView(ID3D12Resource*, const D3D12_RENDER_TARGET_VIEW_DESC*,
                                                D3D12_CPU_DESCRIPTOR_HANDLE) override {}
  void STDMETHODCALLTYPE CreateDepthStencilView(ID3D12Resource*, const D3D12_DEPTH_STENCIL_VIEW_DESC*,
                                                D3D12_CPU_DESCRIPTOR_HANDLE) override {}
  void STDMETHODCALLTYPE CreateSampler(const D3D12_SAMPLER_DESC*, D3D12_CPU_DESCRIPTOR_HANDLE) override {}
  void STDMETHODCALLTYPE CopyDescriptors(UINT, const D3D12_CPU_DESCRIPTOR_HANDLE*, const UINT*, UINT,
                                         const D3D12_CPU_DESCRIPTOR_HANDLE*, const UINT*,
                                         D3D12_DESCRIPTOR_HEAP_TYPE) override {}
  void STDMETHODCALLTYPE CopyDescriptorsSimple(UINT, const D3D12_CPU_DESCRIPTOR_HANDLE,
                                               const D3D12_CPU_DESCRIPTOR_HANDLE, D3D12_DESCRIPTOR_HEAP_TYPE) override {
  }
  D3D12_RESOURCE_ALLOCATION_INFO* STDMETHODCALLTYPE
  GetResourceAllocationInfo(D3D12_RESOURCE_ALLOCATION_INFO* out, UINT, UINT, const D3D12_RESOURCE_DESC* desc) override {
    *out = {size_of(*desc), 65536};
    return out;
  }
  D3D12_HEAP_PROPERTIES* STDMETHODCALLTYPE GetCustomHeapProperties(D3D12_HEAP_PROPERTIES* out, UINT,
                                                                   D3D12_HEAP_TYPE) override {
    *out = {};
    return out;
  }
  HRESULT STDMETHODCALLTYPE CreateCommittedResource(const D3D12_HEAP_PROPERTIES* heap, D3D12_HEAP_FLAGS flags,
                                                    const D3D12_RESOURCE_DESC* desc, D3D12_RESOURCE_STATES state,
                                                    const D3D12_CLEAR_VALUE*, REFIID, void** out) override {
    const bool buffer = desc->Dimension == D3D12_RESOURCE_DIMENSION_BUFFER;
    if (!buffer) {
      world().calls.push_back("CreateCommittedResource flags " + std::to_string(flags) + " resource flags " +
                              std::to_string(desc->Flags) + " state " + std::to_string(state));
    }
    if (buffer != (heap->Type != D3D12_HEAP_TYPE_DEFAULT)) return E_INVALIDARG;
    auto shared = world().make(SharedObject::Kind::resource, bytes_of(*desc), (flags & D3D12_HEAP_FLAG_SHARED) != 0);
    if (shared == nullptr) return E_OUTOFMEMORY;
    shared->header().desc = *desc;
    shared->heap_type = heap->Type;
    shared->state = state;
    return give(new Resource(world(), self(), std::move(shared)), out);
  }
  HRESULT STDMETHODCALLTYPE CreateHeap(const D3D12_HEAP_DESC* desc, REFIID, void** out) override {
    auto shared =
        world().make(SharedObject::Kind::heap, desc->SizeInBytes, (desc->Flags & D3D12_HEAP_FLAG_SHARED) != 0);
    if (shared == nullptr) return E_OUTOFMEMORY;
    shared->header().heap_size = desc->SizeInBytes;
    return give(new Heap(world(), self(), std::move(shared)), out);
  }
  HRESULT STDMETHODCALLTYPE CreatePlacedResource(ID3D12Heap* heap, UINT64 offset, const D3D12_RESOURCE_DESC* desc,
                                                 D3D12_RESOURCE_STATES state, const D3D12_CLEAR_VALUE*, REFIID,
                                                 void** out) override {
    world().calls.push_back("CreatePlacedResource offset " + std::to_string(offset) + " state " +
                            std::to_string(state));
    const std::shared_ptr<SharedObject>& place = static_cast<Heap*>(heap)->shared();
    if (offset + size_of(*desc) > place->header().heap_size) return E_INVALIDARG;
    auto shared = world().make(SharedObject::Kind::resource, 0, false);
    if (shared == nullptr) return E_OUTOFMEMORY;
    shared->header().desc = *desc;
    shared->heap = place->memory;
    shared->pages = place->pages + offset;
    return give(new Resource(world(), self(), std::move(shared)), out);
  }
  HRESULT STDMETHODCALLTYPE CreateReservedResource(const D3D12_RESOURCE_DESC*, D3D12_RESOURCE_STATES,
                                                   const D3D12_CLEAR_VALUE*, REFIID, void**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE CreateSharedHandle(ID3D12DeviceChild* object, const SECURITY_ATTRIBUTES*, DWORD access,
                                               const WCHAR* name, HANDLE* handle) override {
    world().calls.emplace_back("CreateSharedHandle");
    *handle = nullptr;
    if (world().share_result != S_OK) return world().share_result;
    const std::shared_ptr<SharedObject> shared = shared_of(*object);
    const HANDLE section = shared ? shared->memory->handle() : nullptr;
    if (section == nullptr || access != GENERIC_ALL || name != nullptr) return E_INVALIDARG;
    const HANDLE process = ::GetCurrentProcess();
    return ::DuplicateHandle(process, section, process, handle, FILE_MAP_READ | FILE_MAP_WRITE, FALSE, 0) != 0 ? S_OK
                                                                                                               : E_FAIL;
  }
  HRESULT STDMETHODCALLTYPE OpenSharedHandle(HANDLE handle, REFIID id, void** out) override {
    world().calls.emplace_back("OpenSharedHandle");
    *out = nullptr;
    if (world().removed != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
    // The rights are the system's business: a handle without them maps nothing.
    const std::shared_ptr<SharedObject> shared = world().open(handle);
    if (shared == nullptr) return ::GetLastError() == ERROR_ACCESS_DENIED ? E_ACCESSDENIED : E_INVALIDARG;
    const SharedObject::Kind kind = shared->header().kind;
    if (id == __uuidof(ID3D12Resource) && kind == SharedObject::Kind::resource) {
      return give(new Resource(world(), self(), shared), out);
    }
    if (id == __uuidof(ID3D12Heap) && kind == SharedObject::Kind::heap) {
      return give(new Heap(world(), self(), shared), out);
    }
    if (id == __uuidof(ID3D12Fence) && kind == SharedObject::Kind::fence) {
      return give(new Fence(world(), self(), shared), out);
    }
    return E_NOINTERFACE;
  }
  HRESULT STDMETHODCALLTYPE OpenSharedHandleByName(const WCHAR*, DWORD, HANDLE*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE MakeResident(UINT, ID3D12Pageable* const*) override { return S_OK; }
  HRESULT STDMETHODCALLTYPE Evict(UINT, ID3D12Pageable* const*) override { return S_OK; }
  HRESULT STDMETHODCALLTYPE CreateFence(UINT64 value, D3D12_FENCE_FLAGS flags, REFIID, void** out) override {
    if (world().removed != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
    auto shared = world().make(SharedObject::Kind::fence, 0, (flags & D3D12_FENCE_FLAG_SHARED) != 0);
    if (shared == nullptr) return E_OUTOFMEMORY;
    shared->header().value = value;
    return give(new Fence(world(), self(), std::move(shared)), out);
  }
  HRESULT STDMETHODCALLTYPE GetDeviceRemovedReason() override { return world().removed; }
  void STDMETHODCALLTYPE GetCopyableFootprints(const D3D12_RESOURCE_DESC* desc, UINT first, UINT count, UINT64 base,
                                               D3D12_PLACED_SUBRESOURCE_FOOTPRINT* layouts, UINT*, UINT64*,
                                               UINT64* total) override {
    const TextureDescriptor d = descriptor_of(*desc);
    const FormatInfo& info = format_info(d.format);
    const auto whole = [](UINT64 value, UINT64 block) { return (value + block - 1) / block * block; };
    UINT64 end = base;
    for (UINT i = first; i < first + count; ++i) {
      const HostSubresource host =
          host_subresource(d, i / (d.mip_levels * d.array_layers), i / d.mip_levels % d.array_layers, i % d.mip_levels);
      D3D12_PLACED_SUBRESOURCE_FOOTPRINT& placed = layouts[i - first];
      placed.Offset = whole(end, D3D12_TEXTURE_DATA_PLACEMENT_ALIGNMENT);
      placed.Footprint = {desc->Format, static_cast<UINT>(whole(host.extent.width, info.block_width)),
                          static_cast<UINT>(whole(host.extent.height, info.block_height)),
                          static_cast<UINT>(host.slices),
                          static_cast<UINT>(whole(host.row_bytes, D3D12_TEXTURE_DATA_PITCH_ALIGNMENT))};
      end = placed.Offset + UINT64{placed.Footprint.RowPitch} * host.rows * host.slices;
    }
    *total = end - base;
  }
  HRESULT STDMETHODCALLTYPE CreateQueryHeap(const D3D12_QUERY_HEAP_DESC*, REFIID, void**) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE SetStablePowerState(WINBOOL) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE CreateCommandSignature(const D3D12_COMMAND_SIGNATURE_DESC*, ID3D12RootSignature*, REFIID,
                                                   void**) override {
    return E_NOTIMPL;
  }
  void STDMETHODCALLTYPE GetResourceTiling(ID3D12Resource*, UINT*, D3D12_PACKED_MIP_INFO*, D3D12_TILE_SHAPE*, UINT*,
                                           UINT, D3D12_SUBRESOURCE_TILING*) override {}
  LUID* STDMETHODCALLTYPE GetAdapterLuid(LUID* out) override {
    *out = {luid_, 0};
    return out;
  }

 private:
  static UINT64 size_of(const D3D12_RESOURCE_DESC& desc) { return (UINT64{bytes_of(desc)} + 65535) / 65536 * 65536; }
  Com<ID3D12Device> self() { return Com<ID3D12Device>::share(this); }
  template <typename T>
  static HRESULT give(T* object, void** out) {
    *out = object;
    return S_OK;
  }
  static std::shared_ptr<SharedObject> shared_of(ID3D12DeviceChild& object) {
    Com<ID3D12Resource> resource;
    if (object.QueryInterface(__uuidof(ID3D12Resource), resource.receive()) == S_OK) return behind(*resource.get());
    Com<ID3D12Fence> fence;
    if (object.QueryInterface(__uuidof(ID3D12Fence), fence.receive()) == S_OK) return behind(*fence.get());
    Com<ID3D12Heap> heap;
    if (object.QueryInterface(__uuidof(ID3D12Heap), heap.receive()) == S_OK) {
      return static_cast<Heap*>(heap.get())->shared();
    }
    return nullptr;
  }

  std::uint32_t luid_;
};

}  // namespace

Com<ID3D12Device> make_stand_in_device(World& world, std::uint32_t luid) {
  return Com<ID3D12Device>::adopt(new Device(world, luid));
}

Com<ID3D12Heap> make_stand_in_heap(World&, ID3D12Device& device, UINT64 size) {
  D3D12_HEAP_DESC desc{};
  desc.SizeInBytes = size;
  desc.Flags = D3D12_HEAP_FLAG_SHARED;
  Com<ID3D12Heap> heap;
  device.CreateHeap(&desc, __uuidof(ID3D12Heap), heap.receive());
  return heap;
}

std::shared_ptr<SharedObject> behind(ID3D12Resource& resource) { return static_cast<Resource&>(resource).shared(); }
std::shared_ptr<SharedObject> behind(ID3D12Fence& fence) { return static_cast<Fence&>(fence).shared(); }

}  // namespace geyser::test
