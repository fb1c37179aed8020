#include "d3d11/stand_in.hpp"

#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include <geyser/layout.hpp>

#include "d3d11/stand_in_parts.hpp"
#include "dxgi/format.hpp"

namespace geyser::test::stand_in {

namespace {

std::mutex mutex;
std::vector<std::string> calls;
std::map<std::string, HRESULT> answers;
std::atomic<std::size_t> alive{0};
std::atomic<std::uint32_t> drawn{0};

}  // namespace

std::optional<HRESULT> called(const std::string& call, const std::string& arguments) {
  const std::scoped_lock lock(mutex);
  calls.push_back(call + arguments);
  const auto found = answers.find(call);
  if (found == answers.end()) return std::nullopt;
  const HRESULT result = found->second;
  answers.erase(found);
  return result;
}

void answer_next(const std::string& call, HRESULT result) {
  const std::scoped_lock lock(mutex);
  answers[call] = result;
}

std::vector<std::string> take_calls() {
  const std::scoped_lock lock(mutex);
  return std::exchange(calls, {});
}

std::size_t live_objects() { return alive; }
Alive::Alive() { ++alive; }
Alive::~Alive() { --alive; }

Section::Section(Section&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), view_(std::exchange(other.view_, nullptr)) {}

Section::~Section() {
  if (view_ != nullptr) ::UnmapViewOfFile(view_);
  if (handle_ != nullptr) ::CloseHandle(handle_);
}

bool Section::map() {
  view_ = ::MapViewOfFile(handle_, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
  return view_ != nullptr;
}

Section Section::create(std::size_t bytes, const std::wstring& name) {
  Section section;
  section.handle_ =
      ::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, static_cast<DWORD>(header_bytes + bytes),
                           name.empty() ? nullptr : name.c_str());
  if (section.handle_ != nullptr) section.map();
  return section;
}

Section Section::open(HANDLE handle) {
  Section section;
  const HANDLE process = ::GetCurrentProcess();
  if (::DuplicateHandle(process, handle, process, &section.handle_, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0)
    return section;
  section.map();
  return section;
}

Section Section::open(const std::wstring& name) {
  Section section;
  section.handle_ = ::OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, name.c_str());
  if (section.handle_ != nullptr) section.map();
  return section;
}

std::wstring name_of_number(std::uint32_t number) { return L"Local\\geyser-stand-in-" + std::to_wstring(number); }

TextureDescriptor descriptor_of(const D3D11_TEXTURE2D_DESC& description) {
  TextureDescriptor d;
  d.extent = {description.Width, description.Height, 1};
  d.mip_levels = description.MipLevels;
  d.array_layers = description.ArraySize;
  d.dimension = description.ArraySize > 1 ? TextureDimension::two_d_array : TextureDimension::two_d;
  d.format = dxgi::from_dxgi(description.Format);
  return d;
}

class Device::Adapter final : public EmptyAdapter {
 public:
  explicit Adapter(const Options& options) : options_(options) {}
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID, void**) override { return E_NOINTERFACE; }
  ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
  ULONG STDMETHODCALLTYPE Release() override {
    const ULONG left = --references_;
    if (left == 0) delete this;
    return left;
  }
  HRESULT STDMETHODCALLTYPE GetDesc(DXGI_ADAPTER_DESC* description) override {
    *description = {};
    static constexpr wchar_t name[] = L"Stand-in";
    std::memcpy(description->Description, name, sizeof(name));
    std::memcpy(&description->AdapterLuid, options_.luid.data(), options_.luid.size());
    return S_OK;
  }
  HRESULT STDMETHODCALLTYPE CheckInterfaceSupport(REFGUID, LARGE_INTEGER* version) override {
    version->QuadPart = 0x0001000200030004;
    return S_OK;
  }

 private:
  Alive alive_;
  Options options_;
  std::atomic<ULONG> references_{1};
};

HRESULT Device::DxgiDevice::GetAdapter(IDXGIAdapter** adapter) {
  *adapter = new Adapter(outer_.options_);
  return S_OK;
}

Device::Device(const Options& options)
    : options_(options), holder_id_(static_cast<LONG64>(::GetCurrentProcessId()) << 32 | ++drawn) {}

Com<ID3D11Device> make_device(const Options& options) { return Com<ID3D11Device>::adopt(new Device(options)); }

void remove_device(ID3D11Device& device, HRESULT reason) { static_cast<Device&>(device).remove(reason); }

void set_creation_flags(ID3D11Device& device, UINT flags) { static_cast<Device&>(device).set_creation_flags(flags); }

void Device::remove(HRESULT reason) {
  removed_ = reason;
  context_.forget();
}

ULONG Device::Release() {
  const ULONG left = --references_;
  if (left == 0) {
    context_.forget();
    delete this;
  }
  return left;
}

HRESULT Device::QueryInterface(REFIID id, void** object) {
  *object = nullptr;
  if (id == __uuidof(ID3D11Device5) && options_.fences) *object = static_cast<ID3D11Device5*>(this);
  if (id == __uuidof(ID3D11Device1)) *object = static_cast<ID3D11Device1*>(this);
  if (id == __uuidof(ID3D11Device) || id == __uuidof(IUnknown)) *object = static_cast<ID3D11Device*>(this);
  if (id == __uuidof(IDXGIDevice)) *object = static_cast<IDXGIDevice*>(&dxgi_);
  const bool context = id == __uuidof(ID3D11DeviceContext) || (id == __uuidof(ID3D11DeviceContext4) && options_.fences);
  if (context) *object = static_cast<ID3D11DeviceContext4*>(&context_);
  if (*object == nullptr) return E_NOINTERFACE;
  AddRef();
  return S_OK;
}

void Device::GetImmediateContext(ID3D11DeviceContext** context) {
  AddRef();
  *context = &context_;
}

HRESULT Device::CheckFormatSupport(DXGI_FORMAT format, UINT* support) {
  if (dxgi::from_dxgi(format) == TextureFormat::unknown) return E_FAIL;
  *support = D3D11_FORMAT_SUPPORT_TEXTURE2D | D3D11_FORMAT_SUPPORT_TEXTURECUBE | D3D11_FORMAT_SUPPORT_MIP |
             D3D11_FORMAT_SUPPORT_SHADER_SAMPLE | D3D11_FORMAT_SUPPORT_RENDER_TARGET |
             D3D11_FORMAT_SUPPORT_TYPED_UNORDERED_ACCESS_VIEW;
  return S_OK;
}

HRESULT Device::CreateQuery(const D3D11_QUERY_DESC*, ID3D11Query** query) {
  *query = new Query;
  return S_OK;
}

ULONG Query::Release() {
  const ULONG left = --references_;
  if (left == 0) delete this;
  return left;
}

// As "D3D11_RESOURCE_MISC_FLAG" says which flags go together.
HRESULT Device::CreateTexture2D(const D3D11_TEXTURE2D_DESC* description, const D3D11_SUBRESOURCE_DATA*,
                                ID3D11Texture2D** texture) {
  if (const auto answer = called("CreateTexture2D")) return *answer;
  if (removed_ != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
  const UINT flags = description->MiscFlags;
  const bool plain = (flags & D3D11_RESOURCE_MISC_SHARED) != 0;
  const bool keyed = (flags & D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX) != 0;
  const bool nt = (flags & D3D11_RESOURCE_MISC_SHARED_NTHANDLE) != 0;
  if ((plain && keyed) || (nt && !plain && !keyed)) return E_INVALIDARG;
  if ((plain || keyed) && description->MipLevels > 1 && !options_.mips) return E_INVALIDARG;
  if (description->Usage == D3D11_USAGE_STAGING && (description->BindFlags != 0 || flags != 0)) return E_INVALIDARG;
  const std::uint32_t number =
      plain && !nt ? 0x80000000U | static_cast<std::uint32_t>(::GetCurrentProcessId()) << 12 | (++drawn & 0xfffU) : 0;
  Section section =
      Section::create(host_size(descriptor_of(*description)), number != 0 ? name_of_number(number) : std::wstring());
  if (!section) return E_OUTOFMEMORY;
  section.header() = {Header::texture, options_.luid, *description, 0, 0, 0, 0};
  *texture = new Texture(*this, std::move(section), number);
  return S_OK;
}

HRESULT Device::open(Section section, REFIID id, void** object) {
  if (!section) return ::GetLastError() == ERROR_ACCESS_DENIED ? E_ACCESSDENIED : E_INVALIDARG;
  if (section.header().magic != Header::texture || section.header().luid != options_.luid) return E_INVALIDARG;
  const auto texture = Com<ID3D11Texture2D>::adopt(new Texture(*this, std::move(section), 0));
  return texture->QueryInterface(id, object);
}

HRESULT Device::OpenSharedResource(HANDLE number, REFIID id, void** object) {
  if (const auto answer = called("OpenSharedResource")) return *answer;
  if (removed_ != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
  return open(Section::open(name_of_number(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(number)))), id,
              object);
}

HRESULT Device::OpenSharedResource1(HANDLE handle, REFIID id, void** object) {
  if (const auto answer = called("OpenSharedResource1")) return *answer;
  if (removed_ != S_OK) return DXGI_ERROR_DEVICE_REMOVED;
  return open(Section::open(handle), id, object);
}

HRESULT Device::CreateFence(UINT64 value, D3D11_FENCE_FLAG flags, REFIID id, void** object) {
  if (const auto answer = called("CreateFence")) return *answer;
  if ((flags & D3D11_FENCE_FLAG_SHARED) == 0) return E_INVALIDARG;
  Section section = Section::create(0);
  section.header().magic = Header::fence;
  section.header().luid = options_.luid;
  section.header().value = static_cast<LONG64>(value);
  const auto fence = Com<ID3D11Fence>::adopt(new Fence(*this, std::move(section)));
  return fence->QueryInterface(id, object);
}

HRESULT Device::OpenSharedFence(HANDLE handle, REFIID id, void** object) {
  if (const auto answer = called("OpenSharedFence")) return *answer;
  Section section = Section::open(handle);
  if (!section) return ::GetLastError() == ERROR_ACCESS_DENIED ? E_ACCESSDENIED : E_INVALIDARG;
  if (section.header().magic != Header::fence || section.header().luid != options_.luid) return E_INVALIDARG;
  const auto fence = Com<ID3D11Fence>::adopt(new Fence(*this, std::move(section)));
  return fence->QueryInterface(id, object);
}

}  // namespace geyser::test::stand_in
