// OpenGL 4.5 core and OpenGL ES 3.2 through EGL, on Windows through WGL; OpenGL 4.1 core through CGL on macOS. libEGL
// or opengl32.dll is loaded at run time: nothing links it.
//
// Handle kinds: opaque_fd (GL_EXT_memory_object_fd), dma_buf (EGL_EXT_image_dma_buf_import_modifiers: formats with a
// DRM fourcc and modifiers that make a plain 2D texture, and with LINEAR the formats that a view shows of one with
// texels of the same size; exported by EGL_MESA_image_dma_buf_export where that works), host_memory (copied). In a
// dma-buf bgra8 is really BGRA to GL; with the other kinds it is a swizzled rgba8, which cannot be rendered to.
//
// Fence kinds: opaque_fd_binary (GL_EXT_semaphore_fd), opaque_fd_timeline (GL_NV_timeline_semaphore), sync_file
// (EGL_ANDROID_native_fence_sync), drm_syncobj (by sync files, where a DRM node has timelines), host_timeline. OpenGL
// opens others' memory and fences and makes none: to publish without a copy, export dma-bufs, or give the manager a
// Vulkan (on Windows also a Direct3D) manager of the same device by use_allocator().
//
// Windows: opaque_win32, opaque_win32_kmt, d3d_nt (textures of Direct3D 11, resources and heaps of 12) and d3d_kmt
// (GL_EXT_memory_object_win32), d3d12_fence and opaque_win32_binary (GL_EXT_semaphore_win32; by NT handle alone, not by
// number), opaque_win32_timeline (GL_NV_timeline_semaphore, too), keyed mutexes (GL_EXT_win32_keyed_mutex),
// host_memory, host_timeline. Direct3D's kinds open on the adapter of the context's LUID. What a driver says it has is
// offered: GL has no query for kinds, and refuses when it opens one.
// Where a driver has WGL_NV_DX_interop2 and not GL_EXT_memory_object_win32, the caller gives an ID3D11Device
// (`direct3d_device`): OpenGL then makes, opens and exports d3d_nt and d3d_kmt textures of that device (2D, one level,
// one layer; core profile) and d3d12_fence, and has its adapter's LUID. A reference is kept. The extension wants a
// device that is not for one thread alone. begin_access() waits for fences on the CPU, acquires the keyed mutex, at
// most for the texture's wait timeout, and locks the texture for OpenGL, which may wait in the driver without an end
// for what that device has queued; end_access() gives it back. Both use the device's immediate context
// (geyser/d3d11.hpp: Threads). Outside an access such a texture must not be touched, an access for reading must not
// write. Formats are those of a small texture that the driver took. Geyser copies nothing; whether the driver does, the
// extension does not say. create_manager() makes a hidden window, which goes with the thread that made it: that thread
// must outlive the manager and destroy it. wrap_current_context() takes wglGetCurrentContext()'s and compares it at
// each call.
//
// macOS: io_surface in place, for the formats of cgl::formats() (others are refused, and what there is is named), and
// host_memory copied by the CPU, for those and rgba8_unorm; host_timeline only, for which begin_access() and
// end_access() wait. Textures are GL_TEXTURE_RECTANGLE (NativeTexture::target): one level, coordinates in texels; a
// texture for each plane, which can be rendered to. What others have written is seen from begin_access() on, which
// binds the textures, as CGL asks for. Neither OpenGL ES nor debug contexts nor UUIDs;
// DeviceIdentity::metal_registry_id says which device of Metal's it is, where no other has the renderer's number.
//
// Ownership: glImportMemoryFdEXT, glImportSemaphoreFdEXT and eglCreateSyncKHR take the descriptor; eglCreateImageKHR,
// glImportMemoryWin32HandleEXT and glImportSemaphoreWin32HandleEXT borrow the handle. Geyser closes what is left.
//
// Threads: every call on a manager, its textures and its fences comes from the thread on which its context is current
// (wrap_current_context) or from any one thread at a time (create_manager: the context is made current inside each
// call and the previous one restored).
//
// Published textures are in GL_LAYOUT_GENERAL_EXT. Sampler state, texture bindings and pixel-store state that Geyser
// touches are restored. A GL error that is pending when a call begins is the caller's: it is read, which clears it, and
// reported to the diagnostics.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::opengl {

enum class Profile : std::uint8_t { core, es };

struct Options {
  Profile profile = Profile::core;
  // Not on Windows. On macOS: index among CGLQueryRendererInfo's renderers, or none: the system's choice. Elsewhere:
  // index among EGL_EXT_device_enumeration's devices, or none: the first device whose UUID is
  // `device_uuid` if that is given, else surfaceless (EGL_MESA_platform_surfaceless), else device 0. Where surfaceless
  // is a device node rendered in software, the software device instead: it opens other devices' dma-bufs.
  std::optional<std::uint32_t> device_index;
  std::optional<Uuid> device_uuid;
  bool debug = false;  // a debug context; GL_KHR_debug errors go to `diagnostics`
  DiagnosticHandler diagnostics;
  // Windows: an ID3D11Device for WGL_NV_DX_interop2 (above). Where the driver opens handles by itself it is not used;
  // where it lacks the extension or does not reach the device, `diagnostics` is told, and nothing is borrowed.
  void* direct3d_device = nullptr;
};

// Makes a context of its own, without a window. Errors: not_available (no libEGL, no such device or version);
// with `direct3d_device`: invalid_argument (one for one thread), device_lost, unsupported (a build without Direct3D
// 11).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

// A function of GL's, or of EGL's or WGL's extensions (CGL has none); null when there is none of that name.
using Procedure = void (*)();
using ProcedureLookup = std::function<Procedure(const char* name)>;

// Wraps the context that is current on this thread; it stays the caller's and must outlive everything made here.
// Errors: not_available (none current, too old, no libEGL), and with `direct3d_device` those of create_manager().
struct WrapOptions {
  DiagnosticHandler diagnostics;
  // The caller's loader, asked with the context current while this call lasts. None: the system's (eglGetProcAddress,
  // or wglGetProcAddress and opengl32.dll, which has OpenGL 1.1).
  ProcedureLookup procedure;
  void* direct3d_device = nullptr;  // as in Options
};
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> wrap_current_context(const WrapOptions& options);
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> wrap_current_context(
    DiagnosticHandler diagnostics = {});

// Borrowed native objects; valid as long as the texture. GL names as GLuint/GLenum values.
struct NativeTexture {
  std::uint32_t name = 0;             // texture name; of plane 0
  std::uint32_t target = 0;           // GL_TEXTURE_2D, GL_TEXTURE_2D_ARRAY, ...; macOS: GL_TEXTURE_RECTANGLE
  std::uint32_t internal_format = 0;  // sized internal format; of plane 0
  // Formats of several planes (nv12, p010, i420): a texture for each plane, of red or red and green.
  struct Plane {
    std::uint32_t name = 0;
    std::uint32_t internal_format = 0;
  };
  std::uint32_t plane_count = 1;
  std::array<Plane, 3> planes{};
};
// Errors: invalid_argument (a texture of another API).
[[nodiscard]] GEYSER_API Result<NativeTexture> native(const SharedTexture& texture);

// Makes the manager's own context current on this thread, for the caller's rendering; undone by release_current().
// Errors: invalid_argument (a manager of another API), not_available.
[[nodiscard]] GEYSER_API Result<void> make_current(TextureShareManager& manager);
GEYSER_API void release_current(TextureShareManager& manager);

// GL entry points for callers that have no loader of their own. Null when absent.
[[nodiscard]] GEYSER_API Procedure get_procedure(const TextureShareManager& manager, const char* name);

}  // namespace geyser::opengl
