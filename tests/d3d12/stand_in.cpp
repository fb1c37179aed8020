#include "d3d12/stand_in.hpp"

#include <algorithm>
#include <atomic>
#include <new>
#include <utility>

namespace geyser::test {

namespace {

constexpr std::uint32_t section_mark = 0x12d3d3d1;
struct SectionContents {
  std::uint32_t mark;
  std::uint32_t number;
};

// IUnknown and ID3D12Object of an object. `Interfaces`: what QueryInterface knows, itself first.
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
template <typename Interface>
class Child : public Object<Interface, ID3D12DeviceChild, ID3D12Pageable> {
 public:
  Child(World& world, Com<ID3D12Device> device, std::shared_ptr<SharedObject> shared)
      : Object<Interface, ID3D12DeviceChild, ID3D12Pageable>(world),
        device_(std::move(device)),
        shared_(std::move(shared)) {}
  HRESULT STDMETHODCALLTYPE GetDevice(REFIID id, void** out) override { return device_->QueryInterface(id, out); }
  const std::shared_ptr<SharedObject>& shared() const { return shared_; }

 private:
  Com<ID3D12Device> device_;
  std::shared_ptr<SharedObject> shared_;
};

class Resource final : public Child<ID3D12Resource> {
 public:
  using Child::Child;
  using ID3D12Resource::GetDesc;
  HRESULT STDMETHODCALLTYPE Map(UINT, const D3D12_RANGE*, void**) override { return E_NOTIMPL; }
  void STDMETHODCALLTYPE Unmap(UINT, const D3D12_RANGE*) override {}
  D3D12_RESOURCE_DESC* STDMETHODCALLTYPE GetDesc(D3D12_RESOURCE_DESC* out) override {
    *out = shared()->desc;
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
    properties->Type = D3D12_HEAP_TYPE_DEFAULT;
    *flags = shared()->is_shared ? D3D12_HEAP_FLAG_SHARED : D3D12_HEAP_FLAG_NONE;
    return S_OK;
  }
};

class Heap final : public Child<ID3D12Heap> {
 public:
  using Child::Child;
  using ID3D12Heap::GetDesc;
  D3D12_HEAP_DESC* STDMETHODCALLTYPE GetDesc(D3D12_HEAP_DESC* out) override {
    *out = {};
    out->SizeInBytes = shared()->heap_size;
    return out;
  }
};

class Fence final : public Child<ID3D12Fence> {
 public:
  using Child::Child;
  UINT64 STDMETHODCALLTYPE GetCompletedValue() override {
    return world().removed == S_OK ? shared()->value : ~UINT64{0};
  }
  HRESULT STDMETHODCALLTYPE SetEventOnCompletion(UINT64 value, HANDLE event) override {
    if (shared()->value >= value) {
      ::SetEvent(event);
    } else {
      shared()->events.emplace_back(value, event);
    }
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE Signal(UINT64 value) override {
    world().calls.push_back("fence.Signal " + std::to_string(value));
    world().signal(*shared(), value);
    return S_OK;
  }
};

}  // namespace

class StandInQueue final : public Child<ID3D12CommandQueue> {
 public:
  using ID3D12CommandQueue::GetDesc;
  StandInQueue(World& world, Com<ID3D12Device> device, D3D12_COMMAND_LIST_TYPE type)
      : Child(world, std::move(device), nullptr), type_(type) {
    world.queues.push_back(this);
  }
  ~StandInQueue() override { std::erase(world().queues, this); }

  void STDMETHODCALLTYPE UpdateTileMappings(ID3D12Resource*, UINT, const D3D12_TILED_RESOURCE_COORDINATE*,
                                            const D3D12_TILE_REGION_SIZE*, UINT, const D3D12_TILE_RANGE_FLAGS*, UINT*,
                                            UINT*, D3D12_TILE_MAPPING_FLAGS) override {}
  void STDMETHODCALLTYPE CopyTileMappings(ID3D12Resource*, const D3D12_TILED_RESOURCE_COORDINATE*, ID3D12Resource*,
                                          const D3D12_TILED_RESOURCE_COORDINATE*, const D3D12_TILE_REGION_SIZE*,
                                          D3D12_TILE_MAPPING_FLAGS) override {}
  void STDMETHODCALLTYPE ExecuteCommandLists(UINT, ID3D12CommandList* const*) override {
    world().calls.emplace_back("queue.ExecuteCommandLists");
  }
  void STDMETHODCALLTYPE SetMarker(UINT, const void*, UINT) override {}
  void STDMETHODCALLTYPE BeginEvent(UINT, const void*, UINT) override {}
  void STDMETHODCALLTYPE EndEvent() override {}
  HRESULT STDMETHODCALLTYPE Signal(ID3D12Fence* fence, UINT64 value) override {
    return add(true, *static_cast<Fence*>(fence), value);
  }
  HRESULT STDMETHODCALLTYPE Wait(ID3D12Fence* fence, UINT64 value) override {
    return add(false, *static_cast<Fence*>(fence), value);
  }
  HRESULT STDMETHODCALLTYPE GetTimestampFrequency(UINT64*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE GetClockCalibration(UINT64*, UINT64*) override { return E_NOTIMPL; }
  D3D12_COMMAND_QUEUE_DESC* STDMETHODCALLTYPE GetDesc(D3D12_COMMAND_QUEUE_DESC* out) override {
    *out = {};
    out->Type = type_;
    return out;
  }

  // As far as its fences let it.
  void advance() {
    while (!work_.empty()) {
      const Work next = work_.front();
      if (!next.is_signal && next.fence->value < next.value) return;
      work_.pop_front();
      if (next.is_signal) world().signal(*next.fence, next.value);
    }
  }

 private:
  struct Work {
    bool is_signal;
    std::shared_ptr<SharedObject> fence;
    UINT64 value;
  };
  HRESULT add(bool is_signal, Fence& fence, UINT64 value) {
    if (world().removed != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
    // The context's own tickets are not shared, and of no interest.
    if (fence.shared()->is_shared) {
      world().calls.push_back((is_signal ? "queue.Signal " : "queue.Wait ") + std::to_string(value));
    }
    work_.push_back({is_signal, fence.shared(), value});
    advance();
    return S_OK;
  }

  D3D12_COMMAND_LIST_TYPE type_;
  std::deque<Work> work_;
};

void World::signal(SharedObject& fence, UINT64 value) {
  fence.value = value;
  std::erase_if(fence.events, [&](const auto& event) {
    if (event.first > value) return false;
    ::SetEvent(event.second);
    return true;
  });
  for (StandInQueue* queue : std::vector<StandInQueue*>(queues)) queue->advance();
}

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
  HRESULT STDMETHODCALLTYPE CreateCommandAllocator(D3D12_COMMAND_LIST_TYPE, REFIID, void**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE CreateGraphicsPipelineState(const D3D12_GRAPHICS_PIPELINE_STATE_DESC*, REFIID,
                                                        void**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE CreateComputePipelineState(const D3D12_COMPUTE_PIPELINE_STATE_DESC*, REFIID,
                                                       void**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE CreateCommandList(UINT, D3D12_COMMAND_LIST_TYPE, ID3D12CommandAllocator*,
                                              ID3D12PipelineState*, REFIID, void**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE CheckFeatureSupport(D3D12_FEATURE feature, void* data, UINT) override {
    if (feature != D3D12_FEATURE_FORMAT_SUPPORT) return E_INVALIDARG;
    auto& support = *static_cast<D3D12_FEATURE_DATA_FORMAT_SUPPORT*>(data);
    const bool planar = support.Format == DXGI_FORMAT_NV12;
    if (support.Format != DXGI_FORMAT_R8G8B8A8_UNORM && support.Format != DXGI_FORMAT_B8G8R8A8_UNORM && !planar) {
      return E_INVALIDARG;
    }
    support.Support1 = static_cast<D3D12_FORMAT_SUPPORT1>(
        D3D12_FORMAT_SUPPORT1_TEXTURE2D | D3D12_FORMAT_SUPPORT1_SHADER_SAMPLE |
        (planar ? 0
                : D3D12_FORMAT_SUPPORT1_TEXTURE3D | D3D12_FORMAT_SUPPORT1_TEXTURECUBE | D3D12_FORMAT_SUPPORT1_MIP |
                      D3D12_FORMAT_SUPPORT1_RENDER_TARGET | D3D12_FORMAT_SUPPORT1_TYPED_UNORDERED_ACCESS_VIEW));
    support.Support2 = planar ? D3D12_FORMAT_SUPPORT2_NONE : D3D12_FORMAT_SUPPORT2_UAV_TYPED_STORE;
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
  HRESULT STDMETHODCALLTYPE CreateCommittedResource(const D3D12_HEAP_PROPERTIES*, D3D12_HEAP_FLAGS flags,
                                                    const D3D12_RESOURCE_DESC* desc, D3D12_RESOURCE_STATES state,
                                                    const D3D12_CLEAR_VALUE*, REFIID, void** out) override {
    world().calls.push_back("CreateCommittedResource flags " + std::to_string(flags) + " resource flags " +
                            std::to_string(desc->Flags) + " state " + std::to_string(state));
    auto shared = remember(SharedObject::Kind::resource, (flags & D3D12_HEAP_FLAG_SHARED) != 0);
    shared->desc = *desc;
    return give(new Resource(world(), self(), std::move(shared)), out);
  }
  HRESULT STDMETHODCALLTYPE CreateHeap(const D3D12_HEAP_DESC* desc, REFIID, void** out) override {
    auto shared = remember(SharedObject::Kind::heap, (desc->Flags & D3D12_HEAP_FLAG_SHARED) != 0);
    shared->heap_size = desc->SizeInBytes;
    return give(new Heap(world(), self(), std::move(shared)), out);
  }
  HRESULT STDMETHODCALLTYPE CreatePlacedResource(ID3D12Heap* heap, UINT64 offset, const D3D12_RESOURCE_DESC* desc,
                                                 D3D12_RESOURCE_STATES state, const D3D12_CLEAR_VALUE*, REFIID,
                                                 void** out) override {
    world().calls.push_back("CreatePlacedResource offset " + std::to_string(offset) + " state " +
                            std::to_string(state));
    if (offset + size_of(*desc) > static_cast<Heap*>(heap)->shared()->heap_size) return E_INVALIDARG;
    auto shared = remember(SharedObject::Kind::resource, true);
    shared->desc = *desc;
    return give(new Resource(world(), self(), std::move(shared)), out);
  }
  HRESULT STDMETHODCALLTYPE CreateReservedResource(const D3D12_RESOURCE_DESC*, D3D12_RESOURCE_STATES,
                                                   const D3D12_CLEAR_VALUE*, REFIID, void**) override {
    return E_NOTIMPL;
  }
  HRESULT STDMETHODCALLTYPE CreateSharedHandle(ID3D12DeviceChild* object, const SECURITY_ATTRIBUTES* attributes,
                                               DWORD access, const WCHAR* name, HANDLE* handle) override {
    world().calls.emplace_back("CreateSharedHandle");
    *handle = nullptr;
    if (world().share_result != S_OK) return world().share_result;
    const std::shared_ptr<SharedObject> shared = shared_of(*object);
    if (!shared || !shared->is_shared || access != GENERIC_ALL || name != nullptr) return E_INVALIDARG;
    const HANDLE section = ::CreateFileMappingW(INVALID_HANDLE_VALUE, const_cast<SECURITY_ATTRIBUTES*>(attributes),
                                                PAGE_READWRITE, 0, 4096, nullptr);
    auto* contents = static_cast<SectionContents*>(::MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0));
    *contents = {section_mark, shared->number};
    ::UnmapViewOfFile(contents);
    *handle = section;
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE OpenSharedHandle(HANDLE handle, REFIID id, void** out) override {
    world().calls.emplace_back("OpenSharedHandle");
    *out = nullptr;
    if (world().removed != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
    // The rights are the system's business: a handle without them maps nothing.
    auto* contents = static_cast<SectionContents*>(::MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0));
    if (contents == nullptr) return ::GetLastError() == ERROR_ACCESS_DENIED ? E_ACCESSDENIED : E_INVALIDARG;
    const SectionContents copy = *contents;
    ::UnmapViewOfFile(contents);
    const auto found = copy.mark == section_mark ? world().objects.find(copy.number) : world().objects.end();
    if (found == world().objects.end()) return E_INVALIDARG;
    const std::shared_ptr<SharedObject>& shared = found->second;
    if (id == __uuidof(ID3D12Resource) && shared->kind == SharedObject::Kind::resource) {
      return give(new Resource(world(), self(), shared), out);
    }
    if (id == __uuidof(ID3D12Heap) && shared->kind == SharedObject::Kind::heap) {
      return give(new Heap(world(), self(), shared), out);
    }
    if (id == __uuidof(ID3D12Fence) && shared->kind == SharedObject::Kind::fence) {
      return give(new Fence(world(), self(), shared), out);
    }
    return E_NOINTERFACE;
  }
  HRESULT STDMETHODCALLTYPE OpenSharedHandleByName(const WCHAR*, DWORD, HANDLE*) override { return E_NOTIMPL; }
  HRESULT STDMETHODCALLTYPE MakeResident(UINT, ID3D12Pageable* const*) override { return S_OK; }
  HRESULT STDMETHODCALLTYPE Evict(UINT, ID3D12Pageable* const*) override { return S_OK; }
  HRESULT STDMETHODCALLTYPE CreateFence(UINT64 value, D3D12_FENCE_FLAGS flags, REFIID, void** out) override {
    if (world().removed != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
    auto shared = remember(SharedObject::Kind::fence, (flags & D3D12_FENCE_FLAG_SHARED) != 0);
    shared->value = value;
    return give(new Fence(world(), self(), std::move(shared)), out);
  }
  HRESULT STDMETHODCALLTYPE GetDeviceRemovedReason() override { return world().removed; }
  void STDMETHODCALLTYPE GetCopyableFootprints(const D3D12_RESOURCE_DESC*, UINT, UINT, UINT64,
                                               D3D12_PLACED_SUBRESOURCE_FOOTPRINT*, UINT*, UINT64*, UINT64*) override {}
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
  static UINT64 size_of(const D3D12_RESOURCE_DESC& desc) {
    const UINT64 bytes = desc.Width * desc.Height * desc.DepthOrArraySize * 8;
    return (bytes + 65535) / 65536 * 65536;
  }
  Com<ID3D12Device> self() { return Com<ID3D12Device>::share(this); }
  std::shared_ptr<SharedObject> remember(SharedObject::Kind kind, bool shared) {
    auto object = std::make_shared<SharedObject>();
    object->kind = kind;
    object->number = ++world().last_number;
    object->is_shared = shared;
    world().objects[object->number] = object;
    return object;
  }
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
