// Operating-system handles that carry memory or fences between APIs and processes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser {

// What a handle is. Values are stable: they travel on the wire.
enum class HandleKind : std::uint8_t {
  none = 0,
  opaque_fd = 1,              // Vulkan, OpenGL, CUDA: the same driver and device only
  dma_buf = 2,                // Linux: a kernel buffer that any driver may open
  host_memory = 3,            // mapped memory: a sealed memfd (Linux), a section (Windows), a memory entry (Apple)
  sync_file = 4,              // Linux: a one-shot fence
  drm_syncobj = 5,            // Linux: a container of fences, timeline variety
  opaque_win32 = 6,           // Windows: NT handle, same driver and device only
  opaque_win32_kmt = 7,       // Windows: a global number; holds no reference and is never closed
  d3d_nt = 8,                 // Windows: NT handle of a Direct3D resource, heap or fence
  io_surface = 9,             // Apple: a send right of an IOSurface's Mach port
  metal_shared_texture = 10,  // Apple: an MTLSharedTextureHandle, which only XPC carries; in one process an MTLTexture
  metal_shared_event = 11,    // Apple: an MTLSharedEventHandle, which only XPC carries
  d3d_kmt = 12,               // Windows: a global number of a Direct3D 11 texture (its legacy shared handle)
};
inline constexpr std::size_t handle_kind_count = 13;

// Who closes the handle after an API has imported it (the ownership table, docs/ownership.md).
enum class ImportOwnership : std::uint8_t {
  consumed_on_success,  // the driver takes it when the import succeeds; on failure the caller still owns it
  borrowed,             // the caller closes it, whether the import succeeds or not
  not_owned,            // a number without a reference: nobody closes it
};

struct HandleKindInfo {
  HandleKind kind;
  std::string_view name;      // as in the enumeration
  ImportOwnership on_import;  // the rule of the API that defines the kind; an API that differs says so in its header
  bool crosses_process;       // can be sent to another process by a Channel
  bool is_global_number;      // no handle of any process: nothing is duplicated or closed
};

// The row of a kind; the row of `none` for a value that is none. Never fails.
[[nodiscard]] GEYSER_API const HandleKindInfo& handle_kind_info(HandleKind kind) noexcept;
[[nodiscard]] GEYSER_API std::string_view to_string(HandleKind kind) noexcept;

// A descriptor on POSIX, a HANDLE or a global number on Windows; on Apple also a right of a Mach port (its name,
// marked) or a pointer to an object. -1 is "no handle" everywhere.
using NativeHandle = std::intptr_t;
inline constexpr NativeHandle no_native_handle = -1;

// The only owner of a handle: move-only, closes exactly once, always close-on-exec.
// Thread safety: distinct objects are independent; one object belongs to one thread at a time.
class GEYSER_API OwnedHandle {
 public:
  OwnedHandle() noexcept = default;
  OwnedHandle(OwnedHandle&& other) noexcept;
  OwnedHandle& operator=(OwnedHandle&& other) noexcept;
  OwnedHandle(const OwnedHandle&) = delete;
  OwnedHandle& operator=(const OwnedHandle&) = delete;
  ~OwnedHandle();

  // Takes `native` over: from now on this object closes it. The caller must not.
  [[nodiscard]] static OwnedHandle adopt(HandleKind kind, NativeHandle native) noexcept;
  // Makes a second handle to the same kernel object; `native` stays the caller's.
  // Errors: invalid_handle (closed or none), operating_system (descriptor limit).
  [[nodiscard]] static Result<OwnedHandle> duplicate(HandleKind kind, NativeHandle native);
  [[nodiscard]] Result<OwnedHandle> duplicate() const { return duplicate(kind_, native_); }

  // Borrows: the handle stays owned here.
  [[nodiscard]] NativeHandle get() const noexcept { return native_; }
  [[nodiscard]] HandleKind kind() const noexcept { return kind_; }
  [[nodiscard]] bool has_value() const noexcept { return native_ != no_native_handle; }

  // Gives ownership to the caller, who closes it.
  [[nodiscard]] NativeHandle detach() noexcept;
  // Closes now.
  void reset() noexcept;

 private:
  OwnedHandle(HandleKind kind, NativeHandle native) noexcept : kind_(kind), native_(native) {}

  HandleKind kind_ = HandleKind::none;
  NativeHandle native_ = no_native_handle;
};

}  // namespace geyser
