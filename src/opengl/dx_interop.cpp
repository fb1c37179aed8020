#include "opengl/dx_interop.hpp"

#include <d3d11.h>

#include <string_view>
#include <utility>

#include <geyser/d3d11.hpp>

#include "common/text.hpp"
#include "opengl/context.hpp"
#include "platform/win32/error.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

constexpr const char* extension = "WGL_NV_DX_interop2";

// What the extension gives as reasons; what it does not name is the system's affair.
GeyserError refusal(const char* call, DWORD number) {
  ErrorCode code = ErrorCode::operating_system;
  if (number == ERROR_BUSY) code = ErrorCode::busy;
  if (number == ERROR_OPEN_FAILED || number == ERROR_NOT_SUPPORTED) code = ErrorCode::unsupported;
  return platform::win32_error(code, text(call, " failed."), number);
}

Result<void> done(int answer, const char* call) {
  if (answer != FALSE) return {};
  return fail(refusal(call, ::GetLastError()));
}

// Of WGL's extensions, which belong to a window's device context.
bool has_extension(const Context& context) {
  using GetExtensionsString = const char*(APIENTRY*)(void*);
  const auto get = reinterpret_cast<GetExtensionsString>(context.procedure("wglGetExtensionsStringARB"));
  const char* all = get != nullptr ? get(context.native().held().parts[0]) : nullptr;
  if (all == nullptr) return false;
  const std::string words = text(" ", all, " ");
  return words.find(text(" ", extension, " ")) != std::string::npos;
}

}  // namespace

Result<DxInterop::Functions> DxInterop::load(const Context& context) {
  Functions wgl;
  const char* missing = has_extension(context) ? nullptr : extension;
  const auto load = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(context.procedure(name));
    if (function == nullptr && missing == nullptr) missing = name;
  };
  load(wgl.wglDXOpenDeviceNV, "wglDXOpenDeviceNV");
  load(wgl.wglDXCloseDeviceNV, "wglDXCloseDeviceNV");
  load(wgl.wglDXRegisterObjectNV, "wglDXRegisterObjectNV");
  load(wgl.wglDXUnregisterObjectNV, "wglDXUnregisterObjectNV");
  load(wgl.wglDXObjectAccessNV, "wglDXObjectAccessNV");
  load(wgl.wglDXLockObjectsNV, "wglDXLockObjectsNV");
  load(wgl.wglDXUnlockObjectsNV, "wglDXUnlockObjectsNV");
  if (missing != nullptr) return fail(ErrorCode::not_available, text("The OpenGL driver has no [", missing, "]."));
  return wgl;
}

Result<std::unique_ptr<DxInterop>> DxInterop::open(const Context& context, void* device) {
  if ((static_cast<ID3D11Device*>(device)->GetCreationFlags() & D3D11_CREATE_DEVICE_SINGLETHREADED) != 0) {
    return fail(ErrorCode::invalid_argument,
                "The Direct3D 11 device is made for one thread; OpenGL's driver uses it from others.");
  }
  if (context.has("GL_EXT_memory_object_win32") || context.is_es()) return nullptr;
  const auto tell = [&](GeyserError&& error) -> std::unique_ptr<DxInterop> {
    if (context.diagnostics()) {
      context.diagnostics()(std::move(error).during("borrowing Direct3D 11's textures, which OpenGL does without"));
    }
    return nullptr;
  };
  auto wgl = load(context);
  if (!wgl) return tell(std::move(wgl.error()));
  auto direct3d = d3d11::wrap_device({device, context.diagnostics()});
  if (!direct3d) return fail(std::move(direct3d.error()));
  const DeviceIdentity& mine = context.identity();
  const DeviceIdentity& theirs = (*direct3d)->capabilities().identity;
  if (mine.has_luid && !same_adapter(mine, theirs)) {
    return tell({ErrorCode::incompatible_device, text("The Direct3D 11 device is on [", to_string(theirs),
                                                      "], but the context on [", to_string(mine), "].")});
  }
  std::unique_ptr<DxInterop> interop(new DxInterop());
  interop->wgl_ = *wgl;
  interop->direct3d_ = *std::move(direct3d);
  // Where the driver says which adapters it reaches: it has no other word for that.
  interop->device_ = wgl->wglDXOpenDeviceNV(device);
  if (interop->device_ == nullptr) {
    const DWORD number = ::GetLastError();
    const auto code = number == ERROR_NOT_SUPPORTED ? ErrorCode::incompatible_device : ErrorCode::not_available;
    return tell(platform::win32_error(code, "wglDXOpenDeviceNV failed.", number));
  }
  if (auto fence = interop->direct3d_->create_fence(FenceKind::d3d12_fence)) interop->own_fence_ = *std::move(fence);
  return interop;
}

DxInterop::~DxInterop() {
  if (device_ != nullptr) wgl_.wglDXCloseDeviceNV(device_);
}

std::shared_ptr<SharedFence> DxInterop::find_fence(const SharedFence& fence) const {
  const auto found = fences_.find(fence.id());
  return found != fences_.end() ? found->second.lock() : nullptr;
}

void DxInterop::add_fence(const std::shared_ptr<SharedFence>& fence) {
  std::erase_if(fences_, [](const auto& known) { return known.second.expired(); });
  fences_[fence->id()] = fence;
}

Result<void*> DxInterop::register_texture(const SharedTexture& texture, GLuint name) {
  auto native = d3d11::native(texture);
  if (!native) return fail(std::move(native.error()));
  void* object = wgl_.wglDXRegisterObjectNV(device_, native->resource, name, GL_TEXTURE_2D,
                                            static_cast<GLenum>(DxAccess::read_write));
  if (object != nullptr) return object;
  GeyserError error = refusal("wglDXRegisterObjectNV", ::GetLastError());
  // The name and the type are Geyser's own: what is wrong then is the texture.
  if (error.native().code != ERROR_INVALID_DATA) return fail(std::move(error));
  return fail(GeyserError(ErrorCode::unsupported, error.message(), error.native()));
}

Result<void> DxInterop::unregister(void* object) {
  return done(wgl_.wglDXUnregisterObjectNV(device_, object), "wglDXUnregisterObjectNV");
}

Result<void> DxInterop::set_access(void* object, DxAccess access) {
  return done(wgl_.wglDXObjectAccessNV(object, static_cast<GLenum>(access)), "wglDXObjectAccessNV");
}

Result<void> DxInterop::lock(void* object) {
  return done(wgl_.wglDXLockObjectsNV(device_, 1, &object), "wglDXLockObjectsNV");
}

Result<void> DxInterop::unlock(void* object) {
  return done(wgl_.wglDXUnlockObjectsNV(device_, 1, &object), "wglDXUnlockObjectsNV");
}

}  // namespace geyser::opengl
