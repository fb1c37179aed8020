// What the stand-ins of Direct3D 12's objects are made of: references, and the calls that nobody makes, which answer
// E_NOTIMPL or do nothing until a stand-in replaces them.
#pragma once

#include <d3d12.h>

#include <atomic>
#include <memory>
#include <utility>

#include "d3d12/stand_in.hpp"

namespace geyser::test {

// IUnknown and ID3D12Object of an object. `Interfaces`: what QueryInterface knows beside `Interface`.
template <typename Interface, typename... Interfaces>
class Object : public Interface {
 public:
  explicit Object(World& world) : world_(world) { ++world_.alive; }
  virtual ~Object() { --world_.alive; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** out) override {
    const bool known = ((id == __uuidof(Interfaces)) || ... || (id == __uuidof(Interface) || id == IID_IUnknown));
    *out = known ? static_cast<Interface*>(this) : nullptr;
    if (known) AddRef();
    return known ? S_OK : E_NOINTERFACE;
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
  ULONG STDMETHODCALLTYPE Release() override {
    const ULONG left = --references_;
    if (left == 0) delete this;
    return left;
  }
  HRESULT STDMETHODCALLTYPE GetPrivateData(REFGUID, UINT*, void*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE SetPrivateData(REFGUID, UINT, const void*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE SetPrivateDataInterface(REFGUID, const IUnknown*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE SetName(const WCHAR*) override { return E_NOTIMPL; }

 protected:
  World& world() const { return world_; }

 private:
  World& world_;
  std::atomic<ULONG> references_{1};
};

// What belongs to a device, and has something shared behind it.
template <typename Interface, typename... Interfaces>
class Child : public Object<Interface, ID3D12DeviceChild, ID3D12Pageable, Interfaces...> {
 public:
  Child(World& world, Com<ID3D12Device> device, std::shared_ptr<SharedObject> shared)
      : Object<Interface, ID3D12DeviceChild, ID3D12Pageable, Interfaces...>(world),
        device_(std::move(device)),
        shared_(std::move(shared)) {}
  HRESULT STDMETHODCALLTYPE GetDevice(REFIID id, void** out) override { return device_->QueryInterface(id, out); }
  const std::shared_ptr<SharedObject>& shared() const { return shared_; }

 private:
  Com<ID3D12Device> device_;
  std::shared_ptr<SharedObject> shared_;
};

class EmptyList : public Child<ID3D12GraphicsCommandList, ID3D12CommandList> {
 public:
  using Child::Child;
  HRESULT STDMETHODCALLTYPE Reset(ID3D12CommandAllocator*, ID3D12PipelineState*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE ClearState(ID3D12PipelineState*) override { return E_NOTIMPL; }
  void STDMETHODCALLTYPE DrawInstanced(UINT, UINT, UINT, UINT) override {}
  void STDMETHODCALLTYPE DrawIndexedInstanced(UINT, UINT, UINT, INT, UINT) override {}
  void STDMETHODCALLTYPE Dispatch(UINT, UINT, UINT) override {}
  void STDMETHODCALLTYPE CopyBufferRegion(ID3D12Resource*, UINT64, ID3D12Resource*, UINT64, UINT64) override {}
  void STDMETHODCALLTYPE CopyTiles(ID3D12Resource*, const D3D12_TILED_RESOURCE_COORDINATE*,
                                   const D3D12_TILE_REGION_SIZE*, ID3D12Resource*, UINT64,
                                   D3D12_TILE_COPY_FLAGS) override {}
  void STDMETHODCALLTYPE ResolveSubresource(ID3D12Resource*, UINT, ID3D12Resource*, UINT, DXGI_FORMAT) override {}
  void STDMETHODCALLTYPE IASetPrimitiveTopology(D3D12_PRIMITIVE_TOPOLOGY) override {}
  void STDMETHODCALLTYPE RSSetViewports(UINT, const D3D12_VIEWPORT*) override {}
  void STDMETHODCALLTYPE RSSetScissorRects(UINT, const D3D12_RECT*) override {}
  void STDMETHODCALLTYPE OMSetBlendFactor(const FLOAT*) override {}
  void STDMETHODCALLTYPE OMSetStencilRef(UINT) override {}
  void STDMETHODCALLTYPE SetPipelineState(ID3D12PipelineState*) override {}
  void STDMETHODCALLTYPE ExecuteBundle(ID3D12GraphicsCommandList*) override {}
  void STDMETHODCALLTYPE SetDescriptorHeaps(UINT, ID3D12DescriptorHeap* const*) override {}
  void STDMETHODCALLTYPE SetComputeRootSignature(ID3D12RootSignature*) override {}
  void STDMETHODCALLTYPE SetGraphicsRootSignature(ID3D12RootSignature*) override {}
  void STDMETHODCALLTYPE SetComputeRootDescriptorTable(UINT, D3D12_GPU_DESCRIPTOR_HANDLE) override {}
  void STDMETHODCALLTYPE SetGraphicsRootDescriptorTable(UINT, D3D12_GPU_DESCRIPTOR_HANDLE) override {}
  void STDMETHODCALLTYPE SetComputeRoot32BitConstant(UINT, UINT, UINT) override {}
  void STDMETHODCALLTYPE SetGraphicsRoot32BitConstant(UINT, UINT, UINT) override {}
  void STDMETHODCALLTYPE SetComputeRoot32BitConstants(UINT, UINT, const void*, UINT) override {}
  void STDMETHODCALLTYPE SetGraphicsRoot32BitConstants(UINT, UINT, const void*, UINT) override {}
  void STDMETHODCALLTYPE SetComputeRootConstantBufferView(UINT, D3D12_GPU_VIRTUAL_ADDRESS) override {}
  void STDMETHODCALLTYPE SetGraphicsRootConstantBufferView(UINT, D3D12_GPU_VIRTUAL_ADDRESS) override {}
  void STDMETHODCALLTYPE SetComputeRootShaderResourceView(UINT, D3D12_GPU_VIRTUAL_ADDRESS) override {}
  void STDMETHODCALLTYPE SetGraphicsRootShaderResourceView(UINT, D3D12_GPU_VIRTUAL_ADDRESS) override {}
  void STDMETHODCALLTYPE SetComputeRootUnorderedAccessView(UINT, D3D12_GPU_VIRTUAL_ADDRESS) override {}
  void STDMETHODCALLTYPE SetGraphicsRootUnorderedAccessView(UINT, D3D12_GPU_VIRTUAL_ADDRESS) override {}
  void STDMETHODCALLTYPE IASetIndexBuffer(const D3D12_INDEX_BUFFER_VIEW*) override {}
  void STDMETHODCALLTYPE IASetVertexBuffers(UINT, UINT, const D3D12_VERTEX_BUFFER_VIEW*) override {}
  void STDMETHODCALLTYPE SOSetTargets(UINT, UINT, const D3D12_STREAM_OUTPUT_BUFFER_VIEW*) override {}
  void STDMETHODCALLTYPE OMSetRenderTargets(UINT, const D3D12_CPU_DESCRIPTOR_HANDLE*, WINBOOL,
                                            const D3D12_CPU_DESCRIPTOR_HANDLE*) override {}
  void STDMETHODCALLTYPE ClearDepthStencilView(D3D12_CPU_DESCRIPTOR_HANDLE, D3D12_CLEAR_FLAGS, FLOAT, UINT8, UINT,
                                               const D3D12_RECT*) override {}
  void STDMETHODCALLTYPE ClearRenderTargetView(D3D12_CPU_DESCRIPTOR_HANDLE, const FLOAT*, UINT,
                                               const D3D12_RECT*) override {}
  void STDMETHODCALLTYPE ClearUnorderedAccessViewUint(D3D12_GPU_DESCRIPTOR_HANDLE, D3D12_CPU_DESCRIPTOR_HANDLE,
                                                      ID3D12Resource*, const UINT*, UINT, const D3D12_RECT*) override {}
  void STDMETHODCALLTYPE ClearUnorderedAccessViewFloat(D3D12_GPU_DESCRIPTOR_HANDLE, D3D12_CPU_DESCRIPTOR_HANDLE,
                                                       ID3D12Resource*, const float*, UINT,
                                                       const D3D12_RECT*) override {}
  void STDMETHODCALLTYPE DiscardResource(ID3D12Resource*, const D3D12_DISCARD_REGION*) override {}
  void STDMETHODCALLTYPE BeginQuery(ID3D12QueryHeap*, D3D12_QUERY_TYPE, UINT) override {}
  void STDMETHODCALLTYPE EndQuery(ID3D12QueryHeap*, D3D12_QUERY_TYPE, UINT) override {}
  void STDMETHODCALLTYPE ResolveQueryData(ID3D12QueryHeap*, D3D12_QUERY_TYPE, UINT, UINT, ID3D12Resource*,
                                          UINT64) override {}
  void STDMETHODCALLTYPE SetPredication(ID3D12Resource*, UINT64, D3D12_PREDICATION_OP) override {}
  void STDMETHODCALLTYPE SetMarker(UINT, const void*, UINT) override {}
  void STDMETHODCALLTYPE BeginEvent(UINT, const void*, UINT) override {}
  void STDMETHODCALLTYPE EndEvent() override {}
  void STDMETHODCALLTYPE ExecuteIndirect(ID3D12CommandSignature*, UINT, ID3D12Resource*, UINT64, ID3D12Resource*,
                                         UINT64) override {}
};

}  // namespace geyser::test
