// WGL_NV_DX_interop2: a Direct3D 11 device whose textures OpenGL borrows between a lock and an unlock. What Direct3D
// has to do for that (handles, keyed mutexes, fences, whether the device is there) its own manager does, by the header
// that everybody has. Windows with Direct3D 11; elsewhere there is none (no_dx_interop.cpp).
#pragma once

#include <memory>
#include <unordered_map>

#include <geyser/fence.hpp>
#include <geyser/manager.hpp>

#include "opengl/loader.hpp"

namespace geyser::opengl {

class Context;

enum class DxAccess : std::uint8_t { read_only = 0, read_write = 1, write_discard = 2 };  // WGL_ACCESS_*_NV

// The context must be current for each call; one context's thread.
class DxInterop {
 public:
  // `device`: ID3D11Device, of which a reference is kept. Null where the driver opens handles by itself, or has not the
  // extension, or does not open the device: `context.diagnostics()` is told why. Errors: invalid_argument (a device for
  // one thread), device_lost, unsupported (a build without Direct3D 11).
  static Result<std::unique_ptr<DxInterop>> open(const Context& context, void* device);
  // Without the context: closing asks for none.
  ~DxInterop();
  DxInterop(const DxInterop&) = delete;
  DxInterop& operator=(const DxInterop&) = delete;

  TextureShareManager& direct3d() const noexcept { return *direct3d_; }
  // Marks the ends of accesses in Direct3D, so that no CPU has to wait for them; null where the device has no fences.
  const std::shared_ptr<SharedFence>& own_fence() const noexcept { return own_fence_; }
  // Direct3D's object of a fence that this manager has made or opened, whichever API's object names it.
  std::shared_ptr<SharedFence> find_fence(const SharedFence& fence) const;
  void add_fence(const std::shared_ptr<SharedFence>& fence);

  // `texture` is direct3d()'s; `name` has nothing yet, and is a GL_TEXTURE_2D then. Gives the driver's object.
  // Errors: unsupported (a texture or format that the driver does not take), operating_system.
  Result<void*> register_texture(const SharedTexture& texture, GLuint name);
  Result<void> unregister(void* object);
  // Of an object that is not locked: what the next lock is for. Errors: busy, operating_system.
  Result<void> set_access(void* object, DxAccess access);
  // Between the two OpenGL has the texture, else Direct3D; each is done with it when it changes hands. The driver's
  // wait has no end. Errors: busy (locked already), operating_system.
  Result<void> lock(void* object);
  Result<void> unlock(void* object);

 private:
  struct Functions {
    void*(APIENTRY* wglDXOpenDeviceNV)(void* device) = nullptr;
    int(APIENTRY* wglDXCloseDeviceNV)(void* device) = nullptr;
    void*(APIENTRY* wglDXRegisterObjectNV)(void* device, void* resource, GLuint name, GLenum type,
                                           GLenum access) = nullptr;
    int(APIENTRY* wglDXUnregisterObjectNV)(void* device, void* object) = nullptr;
    int(APIENTRY* wglDXObjectAccessNV)(void* object, GLenum access) = nullptr;
    int(APIENTRY* wglDXLockObjectsNV)(void* device, GLint count, void** objects) = nullptr;
    int(APIENTRY* wglDXUnlockObjectsNV)(void* device, GLint count, void** objects) = nullptr;
  };
  DxInterop() = default;
  static Result<Functions> load(const Context& context);

  Functions wgl_;
  std::unique_ptr<TextureShareManager> direct3d_;
  std::shared_ptr<SharedFence> own_fence_;
  std::unordered_map<FenceId, std::weak_ptr<SharedFence>> fences_;
  void* device_ = nullptr;  // the driver's
};

}  // namespace geyser::opengl
