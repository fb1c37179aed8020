// Direct3D 11. d3d11.dll and dxgi.dll are loaded at run time: nothing links them.
//
// Handle kinds: d3d_nt (an NT handle of the texture; with a keyed mutex, or without one when the two ends agreed on
// d3d12_fence), d3d_kmt (a legacy shared handle, as Spout and older programs pass them: a global number that holds no
// reference, so the texture lives as long as who made it), host_memory (copied through a staging texture). Handles of
// Direct3D open on the adapter that they were made on: the LUIDs are compared before a driver hears of them.
//
// Which of them a device has is asked by doing, once for each manager: a small texture is shared with the device
// itself. What refuses goes to `diagnostics` with its HRESULT. Microsoft documents sharing for 2D textures of one mip
// level; levels and layers are offered where a probe with two of them succeeds.
//
// Fence kinds: d3d12_fence (ID3D11Fence, where the device has ID3D11Device5), host_timeline.
//
// A keyed mutex is acquired by begin_access(), for at most the texture's wait timeout, and released by end_access(),
// both with key 0: among Geyser's ends it excludes and orders, and fences say when. Readers of one texture object hold
// it together; other objects' accesses wait. It is acquired only by S_OK: a time-out and an abandoned mutex, which
// Direct3D reports as success, are errors. An abandoned one (its holder died) stays so; Direct3D asks for a new
// texture.
//
// Ownership: OpenSharedResource1, OpenSharedResource and OpenSharedFence borrow the handle; Geyser closes what came in
// a parcel. CreateSharedHandle gives a new NT handle, GetSharedHandle a number that nobody closes. Every COM object
// that Geyser keeps is counted.
//
// Threads: the device's immediate context is one thread's at a time. begin_access, end_access, copy_texture and
// SharedFence::signal use it, and so does the caller; unless the device is protected (ID3D11Multithread, which
// create_manager() sets on its own device), they must not run at once. Other calls may come from any thread.
//
// Objects are plain pointers here, so that the header needs none of Windows': `static_cast<ID3D11Device*>(d.device)`.
//
// Specification: Microsoft's documentation of ID3D11Device1, ID3D11Device5, ID3D11Fence, IDXGIResource1,
// IDXGIKeyedMutex and D3D11_RESOURCE_MISC_FLAG.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::d3d11 {

struct Options {
  std::optional<std::array<std::uint8_t, 8>> luid;  // the adapter's; none: the system's default
  bool software = false;                            // WARP, which needs no GPU
  bool debug = false;                               // the debug layer, where it is installed
  DiagnosticHandler diagnostics;
};
// Makes a device of its own. Errors: not_available (no Direct3D 11, no such adapter, no debug layer).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

// The caller's device and its immediate context; references are kept. Errors: invalid_argument (null),
// not_available (a device without ID3D11Device1 or without an adapter), device_lost.
struct WrapOptions {
  void* device = nullptr;  // ID3D11Device
  DiagnosticHandler diagnostics;
};
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> wrap_device(const WrapOptions& options);

// Shares a texture that the caller has made (ID3D11Texture2D) with one of the flags D3D11_RESOURCE_MISC_SHARED,
// SHARED_KEYEDMUTEX or SHARED_NTHANDLE; its descriptor is read from it. A reference is kept.
// Errors: invalid_argument (a manager of another API, null, another device's), unsupported (not shareable; a format or
// shape that Geyser has not).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<SharedTexture>> adopt_texture(TextureShareManager& manager,
                                                                              void* texture,
                                                                              const PictureInfo& picture = {});

// Opens a legacy shared handle that came without a description, as Spout's do; the descriptor is read from the texture.
// `handle` is a number and stays the caller's. Errors: invalid_argument, invalid_handle (it names no live texture, or
// one on another adapter), unsupported (a format or shape that Geyser has not).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<SharedTexture>> open_legacy_handle(TextureShareManager& manager,
                                                                                   std::uintptr_t handle,
                                                                                   const PictureInfo& picture = {});

// Borrowed; valid as long as the manager, texture or fence.
struct NativeDevice {
  void* device = nullptr;   // ID3D11Device
  void* context = nullptr;  // ID3D11DeviceContext, the immediate one
};
struct NativeTexture {
  void* resource = nullptr;     // ID3D11Texture2D; ID3D11Texture3D of three_d
  void* keyed_mutex = nullptr;  // IDXGIKeyedMutex, held inside an access; null without one
  std::uint32_t format = 0;     // DXGI_FORMAT
};
// Errors: invalid_argument (an object of another API).
[[nodiscard]] GEYSER_API Result<NativeDevice> native(const TextureShareManager& manager);
[[nodiscard]] GEYSER_API Result<NativeTexture> native(const SharedTexture& texture);
// ID3D11Fence. Errors: invalid_argument (another kind of fence, or not this manager's).
[[nodiscard]] GEYSER_API Result<void*> native(const TextureShareManager& manager, const SharedFence& fence);

}  // namespace geyser::d3d11
