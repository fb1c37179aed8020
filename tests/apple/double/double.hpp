// The double of Apple's graphics on Linux: src/metal runs on it unchanged. An IOSurface is shared memory behind a
// port of the kernel's double (tests/apple/mach), a shared event a counter in shared memory, a command queue a thread.
// It shows Geyser's own logic, its counting and its errors, and says nothing of Metal.
//
// It refuses what Apple's documentation says is refused; each refusal names the page. What the documentation calls a
// programming error ends the program.
#pragma once

#include <cstdint>
#include <vector>

namespace geyser::apple_double {

// Objects of each kind that are alive in this process.
struct Alive {
  int surfaces = 0;
  int textures = 0;
  int buffers = 0;
  int events = 0;
  int event_handles = 0;
  int texture_handles = 0;
  int queues = 0;
  int command_buffers = 0;
  int descriptors = 0;  // MTLTextureDescriptor
  int pixel_buffers = 0;
  int xpc_objects = 0;
  int gl_contexts = 0;
  friend bool operator==(const Alive&, const Alive&) = default;
};
Alive alive();

// Registry ids of the two devices: the system's own, and one in a box that can be unplugged.
inline constexpr std::uint64_t built_in = 0x100000abc;
inline constexpr std::uint64_t external = 0x100000def;
// Unplugs the external device, or plugs it in again. Whatever is committed on it fails.
void unplug(bool unplugged);
// From now on no device opens another one's events.
void refuse_foreign_events(bool refused);
// From now on this many command buffers fail with an MTLCommandBufferError.
void fail_next(int count, int code);

// What CGL was told since the last time: OpenGL's numbers.
struct CglCall {
  unsigned internal_format, format, type, width, height, plane;
};
std::vector<CglCall> take_cgl_calls();

// As a camera makes it: 420v.
struct __IOSurface* new_planar_surface(unsigned width, unsigned height);

// In memory of a process of its own.
struct __CVBuffer* new_plain_pixel_buffer(unsigned width, unsigned height);

// Posts as another program of the session would: delivered when this one's main run loop runs. `description` is an
// NSDictionary, or null.
void post_notification(const char* name, void* description);
// Message ports that are there.
int message_ports();

// For the driver of Vulkan's on this double (tests/apple/moltenvk), which knows Metal's objects as plain pointers.
void* system_device();  // borrowed
void* new_shared_event();
void retain(void* object);
void release(void* object);
std::uint64_t event_value(void* event);
void set_event_value(void* event, std::uint64_t value);
// What an NSXPCConnection does with an MTLSharedTextureHandle and an MTLSharedEventHandle: of each a descriptor that
// another process makes a handle of (-1 and null: it is none). The caller closes it, and releases the handle.
int descriptor_of(void* handle);
void* new_texture_handle(int descriptor);
void* new_event_handle(int descriptor);

// Where a texture that is on nothing else has its texels, levels and slices one after another, in whole pages.
struct TextureMemory {
  void* base = nullptr;
  std::uint64_t size = 0;
  std::uint64_t device = 0;                             // its registry id
  unsigned long type = 0, pixel_format = 0, usage = 0;  // Metal's numbers
  std::uint64_t width = 0, height = 0, depth = 0, levels = 0, slices = 0;
  std::uint64_t block_bytes = 0, block_width = 0, block_height = 0;
};
TextureMemory memory_of(void* texture);
// On the system's device, of that type, format, use and size, in memory that is not handed on; null: refused.
void* new_private_texture(const TextureMemory& wanted);
// Only ever forwards.
void raise_event_value(void* event, std::uint64_t value);

}  // namespace geyser::apple_double
