// Shared objects, fences, command lists and queues of the stand-in.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include <geyser/layout.hpp>

#include "d3d12/stand_in_parts.hpp"
#include "dxgi/format.hpp"

namespace geyser::test {

std::shared_ptr<Pages> Pages::create(std::size_t bytes, bool shared) {
  if (!shared) {
    void* begin = ::VirtualAlloc(nullptr, bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    return begin != nullptr ? std::shared_ptr<Pages>(new Pages(nullptr, static_cast<std::byte*>(begin))) : nullptr;
  }
  const HANDLE section = ::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE,
                                              static_cast<DWORD>(std::uint64_t{bytes} >> 32),
                                              static_cast<DWORD>(bytes & 0xffffffffU), nullptr);
  if (section == nullptr) return nullptr;
  auto pages = open(section);
  ::CloseHandle(section);
  return pages;
}

std::shared_ptr<Pages> Pages::open(HANDLE handle) {
  const HANDLE self = ::GetCurrentProcess();
  HANDLE own = nullptr;
  if (::DuplicateHandle(self, handle, self, &own, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0) return nullptr;
  void* begin = ::MapViewOfFile(own, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
  if (begin != nullptr) return std::shared_ptr<Pages>(new Pages(own, static_cast<std::byte*>(begin)));
  const DWORD error = ::GetLastError();
  ::CloseHandle(own);
  ::SetLastError(error);
  return nullptr;
}

Pages::~Pages() {
  if (handle_ == nullptr) {
    ::VirtualFree(begin_, 0, MEM_RELEASE);
    return;
  }
  ::UnmapViewOfFile(begin_);
  ::CloseHandle(handle_);
}

std::shared_ptr<SharedObject> World::make(SharedObject::Kind kind, std::size_t bytes, bool shared) {
  static std::atomic<std::uint32_t> drawn = 0;
  auto object = std::make_shared<SharedObject>();
  object->memory = Pages::create(SharedObject::header_bytes + bytes, shared);
  if (object->memory == nullptr) return nullptr;
  object->pages = object->memory->begin() + SharedObject::header_bytes;
  auto* header = ::new (object->memory->begin()) SharedObject::Header;
  header->number = std::uint64_t{::GetCurrentProcessId()} << 32 | ++drawn;
  header->kind = kind;
  header->mark = SharedObject::Header::of_stand_in;
  const std::scoped_lock lock(mutex);
  std::erase_if(objects, [](const auto& one) { return one.second.expired(); });
  objects[header->number] = object;
  return object;
}

std::shared_ptr<SharedObject> World::open(HANDLE handle) {
  auto object = std::make_shared<SharedObject>();
  object->memory = Pages::open(handle);
  if (object->memory == nullptr) return nullptr;
  if (object->header().mark != SharedObject::Header::of_stand_in) {
    ::SetLastError(ERROR_INVALID_HANDLE);
    return nullptr;
  }
  object->pages = object->memory->begin() + SharedObject::header_bytes;
  const std::scoped_lock lock(mutex);
  auto& known = objects[object->header().number];
  if (auto there = known.lock()) return there;
  known = object;
  return object;
}

void World::signal(SharedObject& fence, UINT64 value) {
  fence.header().value = value;
  advance();
}

void World::advance() {
  const std::scoped_lock lock(mutex);
  for (const auto& [number, weak] : objects) {
    const auto object = weak.lock();
    if (object == nullptr || object->header().kind != SharedObject::Kind::fence) continue;
    std::erase_if(object->waiters, [&](const SharedObject::Waiter& one) {
      if (one.value > object->header().value) return false;
      if (::SetEvent(one.event) == 0) ++lost_events;
      return true;
    });
  }
  for (StandInQueue* queue : std::vector<StandInQueue*>(queues)) queue->advance();
}

void World::watch_others() {
  watcher_ = std::jthread([this](const std::stop_token& end) {
    while (!end.stop_requested()) {
      advance();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
}

TextureDescriptor descriptor_of(const D3D12_RESOURCE_DESC& desc) {
  TextureDescriptor d;
  const bool volume = desc.Dimension == D3D12_RESOURCE_DIMENSION_TEXTURE3D;
  d.extent = {static_cast<std::uint32_t>(desc.Width), desc.Height, volume ? desc.DepthOrArraySize : 1U};
  d.mip_levels = desc.MipLevels;
  d.array_layers = volume ? 1U : desc.DepthOrArraySize;
  d.dimension = volume               ? TextureDimension::three_d
                : d.array_layers > 1 ? TextureDimension::two_d_array
                                     : TextureDimension::two_d;
  d.format = dxgi::from_dxgi(desc.Format);
  return d;
}

std::size_t bytes_of(const D3D12_RESOURCE_DESC& desc) {
  const bool buffer = desc.Dimension == D3D12_RESOURCE_DIMENSION_BUFFER;
  return static_cast<std::size_t>(buffer ? desc.Width : host_size(descriptor_of(desc)));
}

// A resource that the processor sees is a buffer in one of the heaps for that.
HRESULT Resource::Map(UINT, const D3D12_RANGE*, void** data) {
  if (shared()->heap_type == D3D12_HEAP_TYPE_DEFAULT) return E_INVALIDARG;
  *data = shared()->pages;
  return S_OK;
}

Fence::~Fence() {
  const std::scoped_lock lock(world().mutex);
  std::erase_if(shared()->waiters, [&](const SharedObject::Waiter& one) { return one.fence == this; });
}

HRESULT Fence::SetEventOnCompletion(UINT64 value, HANDLE event) {
  const std::scoped_lock lock(world().mutex);
  if (shared()->header().value >= value) {
    ::SetEvent(event);
  } else {
    shared()->waiters.push_back({value, event, this});
  }
  return S_OK;
}

HRESULT Fence::Signal(UINT64 value) {
  world().calls.push_back("fence.Signal " + std::to_string(value));
  world().signal(*shared(), value);
  return S_OK;
}

HRESULT List::Close() {
  if (closed_ != nullptr) return E_FAIL;
  closed_ = std::make_shared<const std::vector<Command>>(std::move(recorded_));
  return S_OK;
}

void List::ResourceBarrier(UINT count, const D3D12_RESOURCE_BARRIER* barriers) {
  for (UINT i = 0; i < count; ++i) {
    const auto& change = barriers[i].Transition;
    recorded_.emplace_back([object = static_cast<Resource*>(change.pResource)->shared(), before = change.StateBefore,
                            after = change.StateAfter] {
      if (object->state != before) return std::string("a transition is from another state than the resource's");
      object->state = after;
      return std::string();
    });
  }
}

namespace {

// A subresource of a texture as rows, and the buffer's rows.
struct Region {
  std::byte* packed;
  HostSubresource host;
  std::byte* rows;
  UINT pitch;
  void copy(bool to_texture) const {
    for (std::uint64_t slice = 0; slice < host.slices; ++slice) {
      for (std::uint64_t row = 0; row < host.rows; ++row) {
        std::byte* texel = packed + slice * host.slice_stride + row * host.row_stride;
        std::byte* here = rows + (slice * host.rows + row) * pitch;
        std::memcpy(to_texture ? texel : here, to_texture ? here : texel, host.row_bytes);
      }
    }
  }
};

HostSubresource subresource(const TextureDescriptor& d, UINT index) {
  return host_subresource(d, index / (d.mip_levels * d.array_layers), index / d.mip_levels % d.array_layers,
                          index % d.mip_levels);
}

std::string copy_region(SharedObject& texture, UINT index, SharedObject& buffer,
                        const D3D12_PLACED_SUBRESOURCE_FOOTPRINT& placed, bool to_texture) {
  const auto wanted = to_texture ? D3D12_RESOURCE_STATE_COPY_DEST : D3D12_RESOURCE_STATE_COPY_SOURCE;
  if (texture.state != wanted) return "a texture is copied in another state";
  if (buffer.heap_type != (to_texture ? D3D12_HEAP_TYPE_UPLOAD : D3D12_HEAP_TYPE_READBACK)) {
    return "a buffer is copied the wrong way for its heap";
  }
  const TextureDescriptor descriptor = descriptor_of(texture.header().desc);
  const HostSubresource host = subresource(descriptor, index);
  const D3D12_SUBRESOURCE_FOOTPRINT& rows = placed.Footprint;
  if (placed.Offset % D3D12_TEXTURE_DATA_PLACEMENT_ALIGNMENT != 0 ||
      rows.RowPitch % D3D12_TEXTURE_DATA_PITCH_ALIGNMENT != 0 || rows.RowPitch < host.row_bytes) {
    return "a footprint is not aligned";
  }
  const FormatInfo& info = format_info(descriptor.format);
  const auto whole = [](UINT64 value, UINT64 block) { return (value + block - 1) / block * block; };
  if (rows.Width != whole(host.extent.width, info.block_width) ||
      rows.Height != whole(host.extent.height, info.block_height) || rows.Depth != host.slices) {
    return "a footprint has another extent than its subresource";
  }
  const UINT64 end = placed.Offset + UINT64{rows.RowPitch} * (host.rows * host.slices - 1) + host.row_bytes;
  if (end > buffer.header().desc.Width) return "a footprint ends behind its buffer";
  Region{texture.pages + host.offset, host, buffer.pages + placed.Offset, rows.RowPitch}.copy(to_texture);
  return {};
}

}  // namespace

void List::CopyTextureRegion(const D3D12_TEXTURE_COPY_LOCATION* to, UINT x, UINT y, UINT z,
                             const D3D12_TEXTURE_COPY_LOCATION* from, const D3D12_BOX* box) {
  const bool in = to->Type == D3D12_TEXTURE_COPY_TYPE_SUBRESOURCE_INDEX;
  const D3D12_TEXTURE_COPY_LOCATION& image = in ? *to : *from;
  const D3D12_TEXTURE_COPY_LOCATION& buffer = in ? *from : *to;
  const bool known = image.Type == D3D12_TEXTURE_COPY_TYPE_SUBRESOURCE_INDEX &&
                     buffer.Type == D3D12_TEXTURE_COPY_TYPE_PLACED_FOOTPRINT && (x | y | z) == 0 && box == nullptr;
  recorded_.emplace_back([known, in, texture = static_cast<Resource*>(image.pResource)->shared(),
                          index = image.SubresourceIndex, rows = static_cast<Resource*>(buffer.pResource)->shared(),
                          placed = buffer.PlacedFootprint] {
    return known ? copy_region(*texture, index, *rows, placed, in) : std::string("a copy that nobody makes");
  });
}

void List::CopyResource(ID3D12Resource* to, ID3D12Resource* from) {
  recorded_.emplace_back([out = static_cast<Resource*>(to)->shared(), in = static_cast<Resource*>(from)->shared()] {
    if (out->state != D3D12_RESOURCE_STATE_COPY_DEST || in->state != D3D12_RESOURCE_STATE_COPY_SOURCE) {
      return std::string("a resource is copied in another state");
    }
    std::memcpy(out->pages, in->pages, bytes_of(in->header().desc));
    return std::string();
  });
}

StandInQueue::StandInQueue(World& world, Com<ID3D12Device> device, D3D12_COMMAND_LIST_TYPE type)
    : Child(world, std::move(device), nullptr), type_(type) {
  const std::scoped_lock lock(world.mutex);
  world.queues.push_back(this);
}

StandInQueue::~StandInQueue() {
  const std::scoped_lock lock(world().mutex);
  std::erase(world().queues, this);
}

void StandInQueue::ExecuteCommandLists(UINT count, ID3D12CommandList* const* lists) {
  const std::scoped_lock lock(world().mutex);
  world().calls.emplace_back("queue.ExecuteCommandLists");
  for (UINT i = 0; i < count; ++i) {
    const auto& commands = static_cast<List*>(lists[i])->closed();
    if (commands == nullptr) world().removed = DXGI_ERROR_INVALID_CALL;
    if (commands != nullptr) work_.push_back({commands, nullptr});
  }
  advance();
}

HRESULT StandInQueue::Signal(ID3D12Fence* fence, UINT64 value) { return add(true, *static_cast<Fence*>(fence), value); }
HRESULT StandInQueue::Wait(ID3D12Fence* fence, UINT64 value) { return add(false, *static_cast<Fence*>(fence), value); }

HRESULT StandInQueue::add(bool is_signal, Fence& fence, UINT64 value) {
  if (world().removed != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
  const std::scoped_lock lock(world().mutex);
  // The context's own tickets are not shared, and of no interest.
  if (fence.shared()->is_shared()) {
    world().calls.push_back((is_signal ? "queue.Signal " : "queue.Wait ") + std::to_string(value));
  }
  work_.push_back({nullptr, fence.shared(), value, is_signal});
  advance();
  return S_OK;
}

void StandInQueue::advance() {
  while (!work_.empty() && world().removed == S_OK) {
    const Work next = work_.front();
    if (next.fence != nullptr && !next.is_signal && next.fence->header().value < next.value) return;
    work_.pop_front();
    if (next.is_signal) world().signal(*next.fence, next.value);
    if (next.commands == nullptr) continue;
    for (const Command& command : *next.commands) {
      const std::string broken = command();
      if (broken.empty()) continue;
      std::fprintf(stderr, "stand-in: %s\n", broken.c_str());
      world().removed = DXGI_ERROR_INVALID_CALL;
      return;
    }
  }
}

}  // namespace geyser::test
