// Surfaces behind a program's own textures in macOS's OpenGL: for who draws by CGL or NSOpenGL and has a Metal manager.
// A manager of OpenGL's own is in geyser/opengl.hpp. OpenGL has no events there: CPUs keep the order.
//
//   auto access = texture->begin_access(AccessMode::read, state);   // of a Metal manager, agreed on host_timeline
//   glBindTexture(GL_TEXTURE_RECTANGLE, name);
//   cgl::attach_plane(CGLGetCurrentContext(), metal::native(*texture)->io_surface, texture->descriptor());
//   ... draw ...; glFinish();
//   texture->end_access(...);
//
// What Metal's queue has been told to wait for, OpenGL does not wait for: agree on host_timeline, for which
// begin_access() waits itself. An attachment stays until the GL texture gets another; it is needed once, but the
// texture has to be bound again to show what others have drawn since. Rectangle textures have coordinates in texels,
// one level, and no repetition.
//
// Threads: the context's. Specification: Apple's documentation of CGLTexImageIOSurface2D.
#pragma once

#include <cstdint>
#include <vector>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser::cgl {

// Formats whose planes OpenGL sees on a surface.
[[nodiscard]] GEYSER_API std::vector<TextureFormat> formats();

// Puts plane `plane` of the surface (IOSurfaceRef) behind the rectangle texture that is bound in `context`
// (CGLContextObj): nv12's are red and red-green, p010's the same of 16 bits.
// Errors: invalid_argument (null, a plane that the format has not), unsupported (a format that is not among formats(),
// which are named), incompatible_layout (a surface that is not what the descriptor says), operating_system (CGL's
// error).
[[nodiscard]] GEYSER_API Result<void> attach_plane(void* context, void* io_surface, const TextureDescriptor& descriptor,
                                                   std::uint32_t plane = 0);

}  // namespace geyser::cgl
