// IOSurfaces: made for a descriptor, opened from a right, and looked at. Objective-C++ only.
#pragma once

#include <cstdint>

#include <IOSurface/IOSurface.h>

#include <geyser/descriptor.hpp>
#include <geyser/handle.hpp>
#include <geyser/layout.hpp>

#include "metal/reference.hpp"

namespace geyser::metal {

// A surface that counts as in use as long as this object lives.
class Surface {
 public:
  // With rows at multiples of `row_alignment` and of what IOSurface wants. Errors: out_of_memory, unsupported.
  static Result<Surface> create(const TextureDescriptor& descriptor, std::uint64_t row_alignment);
  // Borrows the right. Errors: invalid_handle (a port that is dead or no surface's).
  static Result<Surface> open(const OwnedHandle& right);
  explicit Surface(Reference<IOSurfaceRef> surface) noexcept;
  Surface(Surface&&) noexcept = default;
  Surface& operator=(Surface&& other) noexcept;
  ~Surface();

  IOSurfaceRef get() const noexcept { return surface_.get(); }
  const Reference<IOSurfaceRef>& reference() const noexcept { return surface_; }
  // Whether it has the size, format and planes of `descriptor`. Errors: incompatible_layout (field and both values).
  Result<void> check(const TextureDescriptor& descriptor) const;
  // Where its planes are. Errors: operating_system (no CPU may look at it).
  Result<MemoryLayout> layout() const;
  // A new right to it. Errors: operating_system.
  Result<OwnedHandle> right() const;

 private:
  Reference<IOSurfaceRef> surface_;
};

}  // namespace geyser::metal
