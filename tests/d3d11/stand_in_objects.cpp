// Textures, keyed mutexes, fences and the command queue of the stand-in.
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

#include <geyser/layout.hpp>

#include "d3d11/stand_in_parts.hpp"

namespace geyser::test::stand_in {

namespace {

std::string in_brackets(std::uint64_t value) { return "(" + std::to_string(value) + ")"; }

bool is_alive(DWORD process) {
  const HANDLE handle = ::OpenProcess(SYNCHRONIZE, FALSE, process);
  if (handle == nullptr) return false;
  const bool alive = ::WaitForSingleObject(handle, 0) == WAIT_TIMEOUT;
  ::CloseHandle(handle);
  return alive;
}

// Of an object's section, with the rights of `access`.
HRESULT share(const Section& section, DWORD rights, HANDLE* handle) {
  const HANDLE process = ::GetCurrentProcess();
  return ::DuplicateHandle(process, section.handle(), process, handle, rights, FALSE, 0) != 0 ? S_OK : E_FAIL;
}

}  // namespace

Texture::Texture(Device& device, Section section, std::uint32_t number)
    : keeps_device_(Com<ID3D11Device>::share(&device)),
      device_(device),
      section_(std::move(section)),
      number_(number) {}

// A resource that goes while its device holds its mutex leaves it to nobody.
Texture::~Texture() = default;

ULONG Texture::Release() {
  const ULONG left = --references_;
  if (left == 0) delete this;
  return left;
}

HRESULT Texture::QueryInterface(REFIID id, void** object) {
  *object = nullptr;
  const UINT flags = section_.header().description.MiscFlags;
  const bool shared = (flags & (D3D11_RESOURCE_MISC_SHARED | D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX)) != 0;
  if (id == __uuidof(ID3D11Texture2D) || id == __uuidof(ID3D11Resource) || id == __uuidof(IUnknown)) {
    *object = static_cast<ID3D11Texture2D*>(this);
  } else if ((id == __uuidof(IDXGIResource) || id == __uuidof(IDXGIResource1)) && shared) {
    *object = static_cast<IDXGIResource1*>(&shared_);
  } else if (id == __uuidof(IDXGIKeyedMutex) && (flags & D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX) != 0) {
    *object = static_cast<IDXGIKeyedMutex*>(&mutex_);
  }
  if (*object == nullptr) return E_NOINTERFACE;
  AddRef();
  return S_OK;
}

void Texture::GetDevice(ID3D11Device** device) {
  device_.AddRef();
  *device = &device_;
}

HRESULT Texture::Shared::GetSharedHandle(HANDLE* handle) {
  if (const auto answer = called("GetSharedHandle")) return *answer;
  if (!outer_.device_.options().by_number) return E_NOTIMPL;
  if (outer_.number_ == 0) return E_INVALIDARG;
  // With its sign extended, as some drivers give it.
  *handle = reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(static_cast<std::int32_t>(outer_.number_)));
  return S_OK;
}

HRESULT Texture::Shared::CreateSharedHandle(const SECURITY_ATTRIBUTES*, DWORD access, const WCHAR*, HANDLE* handle) {
  if (const auto answer = called("CreateSharedHandle")) return *answer;
  if (!outer_.device_.options().by_handle) return E_NOTIMPL;
  if ((outer_.section_.header().description.MiscFlags & D3D11_RESOURCE_MISC_SHARED_NTHANDLE) == 0) return E_INVALIDARG;
  DWORD rights = FILE_MAP_READ;
  if ((access & DXGI_SHARED_RESOURCE_WRITE) != 0) rights |= FILE_MAP_WRITE;
  return share(outer_.section_, rights, handle);
}

HRESULT Texture::KeyedMutex::AcquireSync(UINT64 key, DWORD milliseconds) {
  if (const auto answer = called("AcquireSync", in_brackets(key))) return *answer;
  if (outer_.device_.removed() != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
  Header& header = outer_.section_.header();
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  for (;;) {
    if (header.abandoned != 0) return static_cast<HRESULT>(WAIT_ABANDONED);
    const LONG64 before = static_cast<LONG64>(key) == header.key
                              ? ::InterlockedCompareExchange64(&header.holder, outer_.device_.holder_id(), 0)
                              : -1;
    if (before == 0) return S_OK;
    if (before == outer_.device_.holder_id()) return E_FAIL;  // of the same device, twice
    if (before > 0 && !is_alive(static_cast<DWORD>(before >> 32))) header.abandoned = 1;
    if (std::chrono::steady_clock::now() >= end) return static_cast<HRESULT>(WAIT_TIMEOUT);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// The next holder's commands come after those of this device: they are submitted here.
HRESULT Texture::KeyedMutex::ReleaseSync(UINT64 key) {
  if (const auto answer = called("ReleaseSync", in_brackets(key))) return *answer;
  Header& header = outer_.section_.header();
  outer_.device_.context().submit();
  header.key = static_cast<LONG64>(key);
  const LONG64 mine = outer_.device_.holder_id();
  return ::InterlockedCompareExchange64(&header.holder, 0, mine) == mine ? S_OK : DXGI_ERROR_INVALID_CALL;
}

Fence::Fence(Device& device, Section section)
    : keeps_device_(Com<ID3D11Device>::share(&device)), device_(device), section_(std::move(section)) {}

ULONG Fence::Release() {
  const ULONG left = --references_;
  if (left == 0) delete this;
  return left;
}

HRESULT Fence::QueryInterface(REFIID id, void** object) {
  *object = id == __uuidof(ID3D11Fence) ? static_cast<ID3D11Fence*>(this) : nullptr;
  if (*object == nullptr) return E_NOINTERFACE;
  AddRef();
  return S_OK;
}

HRESULT Fence::CreateSharedHandle(const SECURITY_ATTRIBUTES*, DWORD, const WCHAR*, HANDLE* handle) {
  if (const auto answer = called("Fence::CreateSharedHandle")) return *answer;
  return share(section_, FILE_MAP_READ | FILE_MAP_WRITE, handle);
}

UINT64 Fence::GetCompletedValue() {
  if (device_.removed() != S_OK) return std::numeric_limits<UINT64>::max();
  return static_cast<UINT64>(section_.header().value);
}

// By a thread that looks. The event is the caller's, and not kept alive: who closes it before the value is reached,
// while the fence is there, has another event of that number set.
HRESULT Fence::SetEventOnCompletion(UINT64 value, HANDLE event) {
  if (const auto answer = called("SetEventOnCompletion", in_brackets(value))) return *answer;
  const std::scoped_lock lock(watchers_mutex_);
  watchers_.emplace_back([this, event, value](const std::stop_token& end) {
    while (!end.stop_requested() && GetCompletedValue() < value) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (!end.stop_requested()) ::SetEvent(event);
  });
  return S_OK;
}

void Context::GetDevice(ID3D11Device** device) {
  outer_.AddRef();
  *device = &outer_;
}

void Context::run() {
  while (!submitted_.empty() && submitted_.front()()) submitted_.pop_front();
}

void Context::submit() {
  for (Command& command : recorded_) submitted_.push_back(std::move(command));
  recorded_.clear();
  run();
}

void Context::Flush() {
  called("Flush");
  submit();
}

void Context::End(ID3D11Asynchronous* query) {
  auto kept = Com<ID3D11Asynchronous>::share(query);
  static_cast<Query*>(query)->done = false;
  recorded_.push_back([kept] {
    static_cast<Query*>(kept.get())->done = true;
    return true;
  });
}

HRESULT Context::GetData(ID3D11Asynchronous* query, void* data, UINT size, UINT flags) {
  if (const auto answer = called("GetData")) return *answer;
  if (outer_.removed() != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
  if ((flags & D3D11_ASYNC_GETDATA_DONOTFLUSH) == 0) submit();
  run();
  if (!static_cast<Query*>(query)->done) return S_FALSE;
  const BOOL yes = TRUE;
  std::memcpy(data, &yes, size);
  return S_OK;
}

void Context::CopyResource(ID3D11Resource* to, ID3D11Resource* from) {
  called("CopyResource");
  auto source = Com<ID3D11Resource>::share(from);
  auto destination = Com<ID3D11Resource>::share(to);
  recorded_.push_back([source, destination] {
    const Section& read = static_cast<Texture*>(source.get())->section();
    const Section& written = static_cast<Texture*>(destination.get())->section();
    std::memcpy(written.pixels(), read.pixels(), host_size(descriptor_of(read.header().description)));
    return true;
  });
}

HRESULT Context::Map(ID3D11Resource* resource, UINT subresource, D3D11_MAP, UINT flags,
                     D3D11_MAPPED_SUBRESOURCE* mapped) {
  if (const auto answer = called("Map")) return *answer;
  if (outer_.removed() != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
  const Section& section = static_cast<Texture*>(resource)->section();
  const D3D11_TEXTURE2D_DESC& description = section.header().description;
  if (description.Usage != D3D11_USAGE_STAGING) return E_INVALIDARG;
  submit();
  // Without the flag a driver waits, for ever if it must: Geyser is not to ask for that.
  if ((flags & D3D11_MAP_FLAG_DO_NOT_WAIT) == 0) return E_ABORT;
  if (!submitted_.empty()) return DXGI_ERROR_WAS_STILL_DRAWING;
  const HostSubresource packed = host_subresource(descriptor_of(description), 0, subresource / description.MipLevels,
                                                  subresource % description.MipLevels);
  mapped->pData = section.pixels() + packed.offset;
  mapped->RowPitch = static_cast<UINT>(packed.row_stride);
  mapped->DepthPitch = static_cast<UINT>(packed.slice_stride);
  return S_OK;
}

HRESULT Context::Signal(ID3D11Fence* fence, UINT64 value) {
  if (const auto answer = called("Signal", in_brackets(value))) return *answer;
  auto kept = Com<ID3D11Fence>::share(fence);
  recorded_.push_back([kept, value] {
    static_cast<Fence*>(kept.get())->section().header().value = static_cast<LONG64>(value);
    return true;
  });
  return S_OK;
}

HRESULT Context::Wait(ID3D11Fence* fence, UINT64 value) {
  if (const auto answer = called("Wait", in_brackets(value))) return *answer;
  auto kept = Com<ID3D11Fence>::share(fence);
  recorded_.push_back([kept, value] {
    return static_cast<UINT64>(static_cast<Fence*>(kept.get())->section().header().value) >= value;
  });
  return S_OK;
}

}  // namespace geyser::test::stand_in
