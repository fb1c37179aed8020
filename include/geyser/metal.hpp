// Metal, on macOS and iOS.
//
// Handle kinds: io_surface (textures on an IOSurface: 2D, one mip and layer; the send right of its Mach port travels),
// metal_shared_texture (MTLSharedTextureHandle: any shape, the same device only; an object that only XPC carries; of a
// texture that somebody else made without newSharedTextureWithDescriptor: the MTLTexture, which stays in its process),
// host_memory (linear: rows that the GPU uses in place; packed: copied by the GPU). An IOSurface serves every device of
// the machine, so io_surface asks for no device; metal_shared_texture asks for the same registry id.
//
// Formats on an IOSurface: those that CoreVideo has a name for, which native programs know, too; others are refused
// with the list (io_surface_formats()). nv12, p010 and i420 are a texture for each plane, of red, or red and green.
//
// Fence kinds: metal_shared_event (MTLSharedEvent, waited for and signalled in command buffers; its handle is an object
// that only XPC carries), host_timeline.
//
// Ownership: every object and every right is counted. IOSurfaceLookupFromMachPort() and newSharedEventWithHandle:
// borrow; Geyser closes what came in a parcel. A surface counts as in use (IOSurfaceIncrementUseCount) as long as a
// texture of Geyser's is on it, so that pools leave it alone.
//
// Threads: a manager and its fences may be called from any thread; a texture from one thread at a time. Work of the
// caller's belongs on the manager's command queue, inside an access: command buffers of one queue run in the order of
// their commits.
//
// Objects are plain pointers here, so that C++ can read this header: `(__bridge id<MTLTexture>)native.textures[0]`.
//
// Specification: Apple's documentation of Metal ("Synchronizing events between a GPU and the CPU", "MTLTexture") and
// IOSurface.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::metal {

struct Options {
  std::optional<std::uint64_t> registry_id;  // MTLDevice.registryID; none: the system's default device
  DiagnosticHandler diagnostics;
};
// Makes a command queue of its own. Errors: not_available (no Metal device, or none with that registry id: those that
// there are are named).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

// The caller's objects; a reference of each is kept.
struct WrapOptions {
  void* device = nullptr;  // id<MTLDevice>; null: the queue's
  void* queue = nullptr;   // id<MTLCommandQueue>; null: a new one of the device's
  DiagnosticHandler diagnostics;
};
// Errors: invalid_argument (neither is given, or the queue is another device's).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> wrap(const WrapOptions& options);

// Makes a texture on a surface that somebody else has made (a CVPixelBuffer's, a camera's): its size, format and planes
// must be the descriptor's. A reference of the surface is kept. It is exported like any other.
// Errors: invalid_argument (a manager of another API, null), incompatible_layout (what differs, with both values), busy
// (IOSurfaceIsInUse: another process draws on it), unsupported (a format that no surface has: those that do are named).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<SharedTexture>> adopt_io_surface(TextureShareManager& manager,
                                                                                 void* io_surface,
                                                                                 const TextureDescriptor& descriptor);

// The same for a texture, which the caller made on the manager's device: in a heap, with mips or layers. A reference of
// it is kept. Its parcel is of kind metal_shared_texture: one that is shareable goes to other processes, too; any other
// is opened in this one, by Metal or by Vulkan on it. Contents are the caller's to declare: AccessState::initialized.
// Errors: invalid_argument (a manager of another API, null), unsupported (a format of several planes, or none of
// Metal's), incompatible_device, incompatible_layout (what the texture is, and what the descriptor says).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<SharedTexture>> adopt_texture(TextureShareManager& manager,
                                                                              void* texture,
                                                                              const TextureDescriptor& descriptor);

// Formats that an IOSurface can have here.
[[nodiscard]] GEYSER_API std::vector<TextureFormat> io_surface_formats();

// Borrowed; valid as long as the manager, texture or fence.
struct NativeDevice {
  void* device = nullptr;  // id<MTLDevice>
  void* queue = nullptr;   // id<MTLCommandQueue>
};
struct NativeTexture {
  void* io_surface = nullptr;       // IOSurfaceRef; null for the other handle kinds
  std::uint32_t texture_count = 0;  // one for each plane of the format
  std::array<void*, 3> textures{};  // id<MTLTexture>
};
// Errors: invalid_argument (an object of another API).
[[nodiscard]] GEYSER_API Result<NativeDevice> native(const TextureShareManager& manager);
[[nodiscard]] GEYSER_API Result<NativeTexture> native(const SharedTexture& texture);
// id<MTLSharedEvent>. Errors: invalid_argument (another kind of fence, or not this manager's).
[[nodiscard]] GEYSER_API Result<void*> native(const TextureShareManager& manager, const SharedFence& fence);

// Between a parcel's handle and the object that XPC carries (NSXPCConnection encodes MTLSharedEventHandle and
// MTLSharedTextureHandle). `object_of` lends it; `adopt_object` takes a reference of its own.
// Errors: invalid_handle (another kind, null).
[[nodiscard]] GEYSER_API Result<void*> object_of(const OwnedHandle& handle);
[[nodiscard]] GEYSER_API Result<OwnedHandle> adopt_object(HandleKind kind, void* object);

}  // namespace geyser::metal
