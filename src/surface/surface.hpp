// IOSurfaces: made for a descriptor, opened from a right, and looked at. For C++ too.
#pragma once

#include <cstdint>

#include <IOSurface/IOSurface.h>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/handle.hpp>
#include <geyser/layout.hpp>

namespace geyser::surface {

// Who can find a surface by its number.
enum class Reach { holders, everybody };

// "Metal Feature Set Tables", minimum linear texture alignment: no device wants more. For who has none to ask.
inline constexpr std::uint64_t any_row_alignment = 256;

// A surface that counts as in use as long as this object lives.
class Surface {
 public:
  // With rows at multiples of `row_alignment` and of what IOSurface wants. Errors: out_of_memory, unsupported.
  static Result<Surface> create(const TextureDescriptor& descriptor, std::uint64_t row_alignment,
                                Reach reach = Reach::holders);
  // By the number of one that everybody can find. Errors: invalid_handle.
  static Result<Surface> find(std::uint32_t id);
  // Borrows the right. Errors: invalid_handle (a port that is dead or no surface's).
  static Result<Surface> open(const OwnedHandle& right);
  // With a reference of its own.
  static Surface share(IOSurfaceRef surface) noexcept;
  Surface(Surface&& other) noexcept;
  Surface& operator=(Surface&& other) noexcept;
  ~Surface();

  IOSurfaceRef get() const noexcept { return surface_; }
  std::uint32_t id() const noexcept;
  Extent3D extent() const noexcept;
  // Whether it has the size, format and planes of `descriptor`. Errors: incompatible_layout (field and both values).
  Result<void> check(const TextureDescriptor& descriptor) const;
  // Whether MoltenVK opens it, if it has several planes: others than Geyser need not say what an element of all is.
  // Errors: unsupported (both values).
  Result<void> check_planar_element(const TextureDescriptor& descriptor) const;
  // Where its planes are. Errors: operating_system (no CPU may look at it).
  Result<MemoryLayout> layout() const;
  // Whether they are where somebody says. Errors: incompatible_layout (both values), as layout().
  Result<void> check(const MemoryLayout& told) const;
  // A new right to it. Errors: operating_system.
  Result<OwnedHandle> right() const;

 private:
  // Takes over a reference.
  explicit Surface(IOSurfaceRef surface) noexcept;
  IOSurfaceRef surface_ = nullptr;
};

}  // namespace geyser::surface
