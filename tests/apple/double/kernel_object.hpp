// What the double has instead of the kernel's surfaces, events and shared textures: shared memory with a header page,
// so that another process that gets the descriptor finds the same object.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace geyser::apple_double {

enum class ObjectKind : std::uint32_t { surface = 1, event = 2, shared_texture = 3 };

struct PlaneHeader {
  std::uint64_t width, height, bytes_per_element, bytes_per_row, offset;
};

struct Header {
  std::uint64_t magic;
  ObjectKind kind;
  std::uint32_t plane_count;  // of a surface; 0: not planar, and plane 0 describes it
  std::uint64_t size;         // of what follows the header page
  std::uint64_t width, height, depth, levels, layers;
  std::uint64_t type;                // MTLTextureType
  std::uint64_t pixel_format;        // of a surface: four characters; of a texture: MTLPixelFormat
  std::uint64_t usage;               // MTLTextureUsage
  std::uint64_t device;              // registry id
  std::atomic<std::uint64_t> value;  // of an event; of a surface: how many use it
  std::array<PlaneHeader, 4> planes;
  std::uint32_t id;                      // of a surface
  bool global;                           // everybody may find it by that
  std::array<std::uint64_t, 3> element;  // of a surface: bytes, width, height
};

class KernelObject {
 public:
  // Null when the kernel has no memory.
  static std::shared_ptr<KernelObject> create(ObjectKind kind, std::uint64_t size);
  // Borrows the descriptor. Null when it is no object of that kind.
  static std::shared_ptr<KernelObject> open(int descriptor, ObjectKind kind);
  KernelObject(int descriptor, void* address, std::size_t size) noexcept;
  KernelObject(const KernelObject&) = delete;
  KernelObject& operator=(const KernelObject&) = delete;
  ~KernelObject();

  Header& header() const noexcept { return *static_cast<Header*>(address_); }
  std::byte* bytes() const noexcept;
  // A new descriptor of it; -1 when there is none.
  int duplicate() const noexcept;

 private:
  int descriptor_;
  void* address_;
  std::size_t size_;
};

}  // namespace geyser::apple_double
