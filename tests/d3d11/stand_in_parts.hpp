// What the stand-in's parts know of each other.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include <geyser/descriptor.hpp>

#include "d3d11/stand_in.hpp"
#include "d3d11/stand_in_base.hpp"
#include "platform/win32/error.hpp"

namespace geyser::test::stand_in {

using dxgi::Com;

// The code that answer_next() asked for, once; notes the call.
std::optional<HRESULT> called(const std::string& call, const std::string& arguments = {});

// Counts the object.
class Alive {
 public:
  Alive();
  ~Alive();
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
};

// Interfaces whose references are those of the object that they are a part of.
template <typename Interface, typename Outer>
class Part : public Interface {
 public:
  explicit Part(Outer& outer) : outer_(outer) {}
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override {
    return outer_.QueryInterface(id, object);
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return outer_.AddRef(); }
  ULONG STDMETHODCALLTYPE Release() override { return outer_.Release(); }

 protected:
  Outer& outer_;
};

// The start of a section.
struct Header {
  static constexpr std::uint64_t texture = 0x7865742d72737967, fence = 0x636e662d72737967;
  std::uint64_t magic;
  std::array<std::uint8_t, 8> luid;
  D3D11_TEXTURE2D_DESC description;
  volatile LONG64 holder;     // of the keyed mutex: process and device; 0: nobody
  volatile LONG64 abandoned;  // the holder died
  volatile LONG64 value;      // of a fence
  volatile LONG64 key;        // what the next AcquireSync must ask for
};
inline constexpr std::size_t header_bytes = 4096;

// A mapped section, with a handle of its own.
class Section {
 public:
  Section() = default;
  Section(Section&& other) noexcept;
  Section& operator=(Section&&) = delete;
  ~Section();
  static Section create(std::size_t bytes, const std::wstring& name = {});
  // A duplicate of `handle`, which stays the caller's. Empty with GetLastError() set.
  static Section open(HANDLE handle);
  static Section open(const std::wstring& name);
  explicit operator bool() const { return view_ != nullptr; }
  HANDLE handle() const { return handle_; }
  Header& header() const { return *static_cast<Header*>(view_); }
  std::byte* pixels() const { return static_cast<std::byte*>(view_) + header_bytes; }

 private:
  bool map();
  HANDLE handle_ = nullptr;
  void* view_ = nullptr;
};

std::wstring name_of_number(std::uint32_t number);
TextureDescriptor descriptor_of(const D3D11_TEXTURE2D_DESC& description);

class Device;

class Context final : public Part<EmptyContext, Device> {
 public:
  using Part::Part;
  void STDMETHODCALLTYPE GetDevice(ID3D11Device** device) override;
  void STDMETHODCALLTYPE Begin(ID3D11Asynchronous*) override {}
  void STDMETHODCALLTYPE End(ID3D11Asynchronous* query) override;
  HRESULT STDMETHODCALLTYPE GetData(ID3D11Asynchronous* query, void* data, UINT size, UINT flags) override;
  void STDMETHODCALLTYPE CopyResource(ID3D11Resource* to, ID3D11Resource* from) override;
  HRESULT STDMETHODCALLTYPE Map(ID3D11Resource* resource, UINT subresource, D3D11_MAP type, UINT flags,
                                D3D11_MAPPED_SUBRESOURCE* mapped) override;
  void STDMETHODCALLTYPE Unmap(ID3D11Resource*, UINT) override {}
  void STDMETHODCALLTYPE Flush() override;
  HRESULT STDMETHODCALLTYPE Signal(ID3D11Fence* fence, UINT64 value) override;
  HRESULT STDMETHODCALLTYPE Wait(ID3D11Fence* fence, UINT64 value) override;

  // Gives what has been recorded to the device, and runs what can.
  void submit();
  void forget() { recorded_.clear(), submitted_.clear(); }

 private:
  using Command = std::function<bool()>;  // false: not yet
  void run();
  std::deque<Command> recorded_, submitted_;
};

class Device final : public EmptyDevice {
 public:
  explicit Device(const Options& options);
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override;
  ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
  ULONG STDMETHODCALLTYPE Release() override;
  HRESULT STDMETHODCALLTYPE CreateTexture2D(const D3D11_TEXTURE2D_DESC* description, const D3D11_SUBRESOURCE_DATA*,
                                            ID3D11Texture2D** texture) override;
  HRESULT STDMETHODCALLTYPE CheckFormatSupport(DXGI_FORMAT format, UINT* support) override;
  HRESULT STDMETHODCALLTYPE CreateQuery(const D3D11_QUERY_DESC*, ID3D11Query** query) override;
  HRESULT STDMETHODCALLTYPE GetDeviceRemovedReason() override { return removed_; }
  UINT STDMETHODCALLTYPE GetCreationFlags() override { return creation_flags_; }
  void STDMETHODCALLTYPE GetImmediateContext(ID3D11DeviceContext** context) override;
  HRESULT STDMETHODCALLTYPE OpenSharedResource(HANDLE number, REFIID id, void** object) override;
  HRESULT STDMETHODCALLTYPE OpenSharedResource1(HANDLE handle, REFIID id, void** object) override;
  HRESULT STDMETHODCALLTYPE CreateFence(UINT64 value, D3D11_FENCE_FLAG flags, REFIID id, void** object) override;
  HRESULT STDMETHODCALLTYPE OpenSharedFence(HANDLE handle, REFIID id, void** object) override;

  const Options& options() const { return options_; }
  void remove(HRESULT reason);
  void set_creation_flags(UINT flags) { creation_flags_ = flags; }
  HRESULT removed() const { return removed_; }
  Context& context() { return context_; }
  LONG64 holder_id() const { return holder_id_; }  // in a keyed mutex

 private:
  class Adapter;
  class DxgiDevice final : public Part<EmptyDxgiDevice, Device> {
   public:
    using Part::Part;
    HRESULT STDMETHODCALLTYPE GetAdapter(IDXGIAdapter** adapter) override;
  };
  HRESULT open(Section section, REFIID id, void** object);

  Alive alive_;
  Options options_;
  std::atomic<ULONG> references_{1};
  std::atomic<HRESULT> removed_ = S_OK;  // a fence's watchers ask, too
  UINT creation_flags_ = 0;
  LONG64 holder_id_;
  Context context_{*this};
  DxgiDevice dxgi_{*this};
};

class Query final : public EmptyQuery {
 public:
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID, void**) override { return E_NOINTERFACE; }
  ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
  ULONG STDMETHODCALLTYPE Release() override;
  bool done = false;

 private:
  Alive alive_;
  std::atomic<ULONG> references_{1};
};

class Texture final : public EmptyTexture {
 public:
  // `number` of 0: without a legacy handle.
  Texture(Device& device, Section section, std::uint32_t number);
  ~Texture();
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override;
  ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
  ULONG STDMETHODCALLTYPE Release() override;
  void STDMETHODCALLTYPE GetDevice(ID3D11Device** device) override;
  void STDMETHODCALLTYPE GetDesc(D3D11_TEXTURE2D_DESC* description) override {
    *description = section_.header().description;
  }
  const Section& section() const { return section_; }

 private:
  class Shared final : public Part<EmptyShared, Texture> {
   public:
    using Part::Part;
    HRESULT STDMETHODCALLTYPE GetSharedHandle(HANDLE* handle) override;
    HRESULT STDMETHODCALLTYPE CreateSharedHandle(const SECURITY_ATTRIBUTES*, DWORD access, const WCHAR*,
                                                 HANDLE* handle) override;
  };
  class KeyedMutex final : public Part<EmptyKeyedMutex, Texture> {
   public:
    using Part::Part;
    HRESULT STDMETHODCALLTYPE AcquireSync(UINT64 key, DWORD milliseconds) override;
    HRESULT STDMETHODCALLTYPE ReleaseSync(UINT64 key) override;
  };

  Alive alive_;
  std::atomic<ULONG> references_{1};
  Com<ID3D11Device> keeps_device_;
  Device& device_;
  Section section_;
  std::uint32_t number_;
  Shared shared_{*this};
  KeyedMutex mutex_{*this};
};

class Fence final : public EmptyFence {
 public:
  Fence(Device& device, Section section);
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void** object) override;
  ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
  ULONG STDMETHODCALLTYPE Release() override;
  HRESULT STDMETHODCALLTYPE CreateSharedHandle(const SECURITY_ATTRIBUTES*, DWORD access, const WCHAR*,
                                               HANDLE* handle) override;
  UINT64 STDMETHODCALLTYPE GetCompletedValue() override;
  HRESULT STDMETHODCALLTYPE SetEventOnCompletion(UINT64 value, HANDLE event) override;
  const Section& section() const { return section_; }

 private:
  Alive alive_;
  std::atomic<ULONG> references_{1};
  Com<ID3D11Device> keeps_device_;
  Device& device_;
  Section section_;
  std::mutex watchers_mutex_;
  std::vector<std::jthread> watchers_;
};

}  // namespace geyser::test::stand_in
