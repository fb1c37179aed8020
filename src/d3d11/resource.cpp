#include "d3d11/resource.hpp"

#include <array>

#include "common/text.hpp"
#include "dxgi/error.hpp"
#include "dxgi/format.hpp"

namespace geyser::d3d11 {

using detail::text;

namespace {

UINT bind_flags(TextureUsage usage) {
  UINT flags = 0;
  if (contains(usage, TextureUsage::sampled)) flags |= D3D11_BIND_SHADER_RESOURCE;
  if (contains(usage, TextureUsage::storage)) flags |= D3D11_BIND_UNORDERED_ACCESS;
  if (contains(usage, TextureUsage::color_attachment)) flags |= D3D11_BIND_RENDER_TARGET;
  if (contains(usage, TextureUsage::depth_stencil_attachment)) flags |= D3D11_BIND_DEPTH_STENCIL;
  return flags;
}

TextureUsage usage_of(UINT flags) {
  // Copies need no flag.
  TextureUsage usage = TextureUsage::transfer_source | TextureUsage::transfer_destination;
  if ((flags & D3D11_BIND_SHADER_RESOURCE) != 0) usage = usage | TextureUsage::sampled;
  if ((flags & D3D11_BIND_UNORDERED_ACCESS) != 0) usage = usage | TextureUsage::storage;
  if ((flags & D3D11_BIND_RENDER_TARGET) != 0) usage = usage | TextureUsage::color_attachment;
  if ((flags & D3D11_BIND_DEPTH_STENCIL) != 0) usage = usage | TextureUsage::depth_stencil_attachment;
  return usage;
}

bool is_cube(TextureDimension dimension) {
  return dimension == TextureDimension::cube || dimension == TextureDimension::cube_array;
}

// "D3D11_RESOURCE_MISC_FLAG": SHARED and SHARED_KEYEDMUTEX exclude each other, and SHARED_NTHANDLE goes with one of
// them.
UINT misc_flags(Sharing sharing) {
  switch (sharing) {
    case Sharing::keyed_mutex:
      return D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX | D3D11_RESOURCE_MISC_SHARED_NTHANDLE;
    case Sharing::fences:
      return D3D11_RESOURCE_MISC_SHARED | D3D11_RESOURCE_MISC_SHARED_NTHANDLE;
    case Sharing::legacy:
      return D3D11_RESOURCE_MISC_SHARED;
    case Sharing::none:
    case Sharing::staging:
      break;
  }
  return 0;
}

struct Use {
  D3D11_USAGE usage = D3D11_USAGE_DEFAULT;
  UINT bind = 0, cpu = 0;
};

Use use_of(TextureUsage usage, Sharing sharing) {
  if (sharing == Sharing::staging) return {D3D11_USAGE_STAGING, 0, D3D11_CPU_ACCESS_READ | D3D11_CPU_ACCESS_WRITE};
  return {D3D11_USAGE_DEFAULT, bind_flags(usage), 0};
}

}  // namespace

Result<Com<ID3D11Resource>> create_resource(const Context& context, const TextureDescriptor& d, Sharing sharing) {
  const DXGI_FORMAT format = dxgi::to_dxgi(d.format);
  if (format_info(d.format).is_multi_planar() && (d.extent.width % 2 != 0 || d.extent.height % 2 != 0)) {
    return fail(ErrorCode::unsupported, text("Direct3D makes [", to_string(d.format), "] of even extents, not of [",
                                             d.extent.width, "x", d.extent.height, "]."));
  }
  const Use use = use_of(d.usage, sharing);
  if (d.dimension == TextureDimension::three_d) {
    const D3D11_TEXTURE3D_DESC description{d.extent.width, d.extent.height, d.extent.depth, d.mip_levels,       format,
                                           use.usage,      use.bind,        use.cpu,        misc_flags(sharing)};
    Com<ID3D11Texture3D> texture;
    const HRESULT result = context.device().CreateTexture3D(&description, nullptr, texture.put());
    if (result != S_OK) return fail(context.make_error(result, "CreateTexture3D", ErrorCode::unsupported));
    return texture.query<ID3D11Resource>();
  }
  D3D11_TEXTURE2D_DESC description{};
  description.Width = d.extent.width;
  description.Height = d.extent.height;
  description.MipLevels = d.mip_levels;
  description.ArraySize = d.array_layers;
  description.Format = format;
  description.SampleDesc.Count = d.samples;
  description.Usage = use.usage;
  description.BindFlags = use.bind;
  description.CPUAccessFlags = use.cpu;
  description.MiscFlags = misc_flags(sharing);
  if (is_cube(d.dimension) && sharing != Sharing::staging) description.MiscFlags |= D3D11_RESOURCE_MISC_TEXTURECUBE;
  Com<ID3D11Texture2D> texture;
  const HRESULT result = context.device().CreateTexture2D(&description, nullptr, texture.put());
  if (result != S_OK) return fail(context.make_error(result, "CreateTexture2D", ErrorCode::unsupported));
  return texture.query<ID3D11Resource>();
}

Result<OwnedHandle> share_resource(const Context& context, const Com<ID3D11Resource>& resource, HandleKind kind) {
  HRESULT result = S_OK;
  HANDLE handle = nullptr;
  if (kind == HandleKind::d3d_kmt) {
    const auto shared = resource.query<IDXGIResource>(&result);
    if (!shared) return fail(context.make_error(result, "IDXGIResource", ErrorCode::unsupported));
    result = shared->GetSharedHandle(&handle);
    if (result != S_OK) return fail(context.make_error(result, "GetSharedHandle", ErrorCode::operating_system));
  } else {
    const auto shared = resource.query<IDXGIResource1>(&result);
    if (!shared) return fail(context.make_error(result, "IDXGIResource1", ErrorCode::unsupported));
    result =
        shared->CreateSharedHandle(nullptr, DXGI_SHARED_RESOURCE_READ | DXGI_SHARED_RESOURCE_WRITE, nullptr, &handle);
    if (result != S_OK) return fail(context.make_error(result, "CreateSharedHandle", ErrorCode::operating_system));
  }
  OwnedHandle owned = OwnedHandle::adopt(kind, reinterpret_cast<NativeHandle>(handle));
  if (!owned.has_value()) return fail(ErrorCode::operating_system, "The texture's shared handle is null.");
  return owned;
}

Result<Com<ID3D11Resource>> open_resource(const Context& context, const OwnedHandle& handle) {
  const bool legacy = handle.kind() == HandleKind::d3d_kmt;
  // As Windows makes a handle of 64 bits of one of 32.
  const auto number = static_cast<std::intptr_t>(static_cast<std::int32_t>(handle.get()));
  const auto native = reinterpret_cast<HANDLE>(legacy ? number : handle.get());
  Com<ID3D11Resource> resource;
  const HRESULT result =
      legacy ? context.device().OpenSharedResource(native, __uuidof(ID3D11Resource), resource.receive())
             : context.device().OpenSharedResource1(native, __uuidof(ID3D11Resource), resource.receive());
  if (result == S_OK && resource) return resource;
  return fail(context.make_error(result == S_OK ? E_POINTER : result,
                                 legacy ? "OpenSharedResource" : "OpenSharedResource1", ErrorCode::invalid_handle));
}

Result<TextureDescriptor> describe_resource(const Com<ID3D11Resource>& resource) {
  const auto texture = resource.query<ID3D11Texture2D>();
  if (!texture) return fail(ErrorCode::unsupported, "The resource is no 2D texture.");
  D3D11_TEXTURE2D_DESC description{};
  texture->GetDesc(&description);
  TextureDescriptor d;
  d.format = dxgi::from_dxgi(description.Format);
  if (d.format == TextureFormat::unknown) {
    return fail(ErrorCode::unsupported, text("The texture's DXGI format [", static_cast<int>(description.Format),
                                             "] has no equal among Geyser's."));
  }
  d.extent = {description.Width, description.Height, 1};
  d.mip_levels = description.MipLevels;
  d.array_layers = description.ArraySize;
  d.samples = description.SampleDesc.Count;
  d.usage = usage_of(description.BindFlags);
  const bool cube = (description.MiscFlags & D3D11_RESOURCE_MISC_TEXTURECUBE) != 0;
  if (cube) {
    d.dimension = description.ArraySize == 6 ? TextureDimension::cube : TextureDimension::cube_array;
  } else {
    d.dimension = description.ArraySize > 1 ? TextureDimension::two_d_array : TextureDimension::two_d;
  }
  return d;
}

Result<void> check_resource(const Com<ID3D11Resource>& resource, const TextureDescriptor& d) {
  auto real = describe_resource(resource);
  if (!real) return fail(std::move(real.error()));
  // Whether layers are faces is not compared: Direct3D 12 does not say it of its textures.
  const bool same = real->extent == d.extent && real->mip_levels == d.mip_levels &&
                    real->array_layers == d.array_layers && real->samples == d.samples && real->format == d.format;
  if (!same) {
    return fail(ErrorCode::incompatible_layout, text("The handle's texture is [", to_string(*real),
                                                     "], but the descriptor says [", to_string(d), "]."));
  }
  if (!contains(real->usage, d.usage)) {
    return fail(ErrorCode::incompatible_layout, text("The handle's texture was made for [", to_string(real->usage),
                                                     "], but the descriptor says [", to_string(d.usage), "]."));
  }
  return {};
}

}  // namespace geyser::d3d11
