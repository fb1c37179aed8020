// What the stand-in's parts know of each other.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <geyser/descriptor.hpp>

#include "d3d12/stand_in_base.hpp"

namespace geyser::test {

// Of a texture: the descriptor whose host packing its pages are in.
TextureDescriptor descriptor_of(const D3D12_RESOURCE_DESC& desc);
// What a resource's pages need.
std::size_t bytes_of(const D3D12_RESOURCE_DESC& desc);

class Resource final : public Child<ID3D12Resource> {
 public:
  using Child::Child;
  using ID3D12Resource::GetDesc;
  HRESULT STDMETHODCALLTYPE Map(UINT, const D3D12_RANGE*, void** data) override;
  void STDMETHODCALLTYPE Unmap(UINT, const D3D12_RANGE*) override {}
  D3D12_RESOURCE_DESC* STDMETHODCALLTYPE GetDesc(D3D12_RESOURCE_DESC* out) override {
    *out = shared()->header().desc;
    return out;
  }
  D3D12_GPU_VIRTUAL_ADDRESS STDMETHODCALLTYPE GetGPUVirtualAddress() override { return 0; }
  HRESULT STDMETHODCALLTYPE WriteToSubresource(UINT, const D3D12_BOX*, const void*, UINT, UINT) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE ReadFromSubresource(void*, UINT, UINT, UINT, const D3D12_BOX*) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE GetHeapProperties(D3D12_HEAP_PROPERTIES* properties, D3D12_HEAP_FLAGS* flags) override {
    *properties = {};
    properties->Type = shared()->heap_type;
    *flags = shared()->is_shared() ? D3D12_HEAP_FLAG_SHARED : D3D12_HEAP_FLAG_NONE;
    return S_OK;
  }
};

class Heap final : public Child<ID3D12Heap> {
 public:
  using Child::Child;
  using ID3D12Heap::GetDesc;
  D3D12_HEAP_DESC* STDMETHODCALLTYPE GetDesc(D3D12_HEAP_DESC* out) override {
    *out = {};
    out->SizeInBytes = shared()->header().heap_size;
    return out;
  }
};

class Fence final : public Child<ID3D12Fence> {
 public:
  using Child::Child;
  ~Fence() override;
  UINT64 STDMETHODCALLTYPE GetCompletedValue() override {
    return world().removed == S_OK ? shared()->header().value.load() : ~UINT64{0};
  }
  HRESULT STDMETHODCALLTYPE SetEventOnCompletion(UINT64 value, HANDLE event) override;
  HRESULT STDMETHODCALLTYPE Signal(UINT64 value) override;
};

class Allocator final : public Child<ID3D12CommandAllocator> {
 public:
  using Child::Child;
  HRESULT STDMETHODCALLTYPE Reset() override { return S_OK; }
};

// Empty: the command was done; otherwise the rule that it breaks.
using Command = std::function<std::string()>;

class List final : public EmptyList {
 public:
  List(World& world, Com<ID3D12Device> device, D3D12_COMMAND_LIST_TYPE type)
      : EmptyList(world, std::move(device), nullptr), type_(type) {}
  D3D12_COMMAND_LIST_TYPE STDMETHODCALLTYPE GetType() override { return type_; }
  HRESULT STDMETHODCALLTYPE Close() override;
  void STDMETHODCALLTYPE ResourceBarrier(UINT count, const D3D12_RESOURCE_BARRIER* barriers) override;
  void STDMETHODCALLTYPE CopyTextureRegion(const D3D12_TEXTURE_COPY_LOCATION* to, UINT x, UINT y, UINT z,
                                           const D3D12_TEXTURE_COPY_LOCATION* from, const D3D12_BOX* box) override;
  void STDMETHODCALLTYPE CopyResource(ID3D12Resource* to, ID3D12Resource* from) override;
  // Null until it is closed.
  const std::shared_ptr<const std::vector<Command>>& closed() const { return closed_; }

 private:
  D3D12_COMMAND_LIST_TYPE type_;
  std::vector<Command> recorded_;
  std::shared_ptr<const std::vector<Command>> closed_;
};

class StandInQueue final : public Child<ID3D12CommandQueue> {
 public:
  using ID3D12CommandQueue::GetDesc;
  StandInQueue(World& world, Com<ID3D12Device> device, D3D12_COMMAND_LIST_TYPE type);
  ~StandInQueue() override;

  void STDMETHODCALLTYPE UpdateTileMappings(ID3D12Resource*, UINT, const D3D12_TILED_RESOURCE_COORDINATE*,
                                            const D3D12_TILE_REGION_SIZE*, UINT, const D3D12_TILE_RANGE_FLAGS*, UINT*,
                                            UINT*, D3D12_TILE_MAPPING_FLAGS) override {}
  void STDMETHODCALLTYPE CopyTileMappings(ID3D12Resource*, const D3D12_TILED_RESOURCE_COORDINATE*, ID3D12Resource*,
                                          const D3D12_TILED_RESOURCE_COORDINATE*, const D3D12_TILE_REGION_SIZE*,
                                          D3D12_TILE_MAPPING_FLAGS) override {}
  void STDMETHODCALLTYPE ExecuteCommandLists(UINT count, ID3D12CommandList* const* lists) override;
  void STDMETHODCALLTYPE SetMarker(UINT, const void*, UINT) override {}
  void STDMETHODCALLTYPE BeginEvent(UINT, const void*, UINT) override {}
  void STDMETHODCALLTYPE EndEvent() override {}
  HRESULT STDMETHODCALLTYPE Signal(ID3D12Fence* fence, UINT64 value) override;
  HRESULT STDMETHODCALLTYPE Wait(ID3D12Fence* fence, UINT64 value) override;
  HRESULT STDMETHODCALLTYPE GetTimestampFrequency(UINT64*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetClockCalibration(UINT64*, UINT64*) override { return E_NOTIMPL; }
  D3D12_COMMAND_QUEUE_DESC* STDMETHODCALLTYPE GetDesc(D3D12_COMMAND_QUEUE_DESC* out) override {
    *out = {};
    out->Type = type_;
    return out;
  }
  // As far as its fences let it.
  void advance();

 private:
  struct Work {
    std::shared_ptr<const std::vector<Command>> commands;  // or:
    std::shared_ptr<SharedObject> fence;
    UINT64 value = 0;
    bool is_signal = false;
  };
  HRESULT add(bool is_signal, Fence& fence, UINT64 value);

  D3D12_COMMAND_LIST_TYPE type_;
  std::deque<Work> work_;
};

}  // namespace geyser::test
