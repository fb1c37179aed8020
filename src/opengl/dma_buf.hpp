// Textures in kernel dma-bufs: which a display takes, opening one, and making one. EGL_EXT_image_dma_buf_import,
// EGL_EXT_image_dma_buf_import_modifiers, EGL_MESA_image_dma_buf_export.
//
// A format of several planes becomes a texture for each plane (NV12: R8 and RG8) and not one GL_TEXTURE_EXTERNAL_OES,
// which converts to RGB when it is sampled: its planes could not be read back, compared or written.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/descriptor.hpp>
#include <geyser/layout.hpp>
#include <geyser/texture.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

// One plane as a texture of its own: its single-planar format (`format` itself when it has one plane) and descriptor.
TextureFormat plane_format(TextureFormat format, std::uint32_t plane) noexcept;
TextureDescriptor plane_descriptor(const TextureDescriptor& descriptor, std::uint32_t plane);
// What a single-planar texture has for GL when its memory is a dma-buf: bgra8 is then really BGRA.
GLenum dma_buf_internal_format(TextureFormat format) noexcept;

// The format with a fourcc as which memory of `format` is opened and made: itself, or for a format that no fourcc
// stands for the one with texels of the same size, of which the texture is then a view; `unknown` where there is none.
TextureFormat carrier_of(TextureFormat format) noexcept;
// Replaces `name`, a texture of the carrier with immutable storage, by a view of it as `format`, which is then bound to
// GL_TEXTURE_2D. Errors: unsupported, with GL's code; `name` stays.
Result<void> view_as(const Context& context, TextureFormat format, GLuint& name);

// The modifiers that an image of `format` can be imported with and that can be rendered to and sampled as a plain 2D
// texture; empty without the extensions.
std::vector<std::uint64_t> importable_modifiers(const Context& context, TextureFormat format);

// Whether a received parcel's buffers are what it says. Errors: as platform::inspect_dma_bufs(), and
// incompatible_layout for offsets and strides that are out of EGL's numbers.
Result<void> inspect_dma_buf(const ApiTextureHandle& parcel);

// An image that textures are made from. The context must be current in its destructor, too.
class DmaBufImage {
 public:
  // One plane of a parcel that passed inspect_dma_buf(), or with a single-planar format all its memory planes. EGL
  // borrows the handles. Errors: incompatible_layout, unsupported, out_of_memory, with EGL's code.
  static Result<DmaBufImage> open(const Context& context, const ApiTextureHandle& parcel, std::uint32_t plane);
  // The first level of a texture of this context.
  static Result<DmaBufImage> of_texture(const Context& context, GLuint texture);
  DmaBufImage(DmaBufImage&& other) noexcept;
  DmaBufImage& operator=(DmaBufImage&&) = delete;
  ~DmaBufImage();

  // Makes it the storage of the texture that is bound to GL_TEXTURE_2D.
  Result<void> attach() const;

  struct Exported {
    std::uint32_t fourcc = 0;
    MemoryLayout layout;
    std::uint32_t handle_count = 0;
    std::array<OwnedHandle, max_memory_planes> handles;
  };
  // Errors: unsupported (a driver that has the extension and exports nothing).
  Result<Exported> export_planes() const;

 private:
  DmaBufImage(const Context& context, void* image) : context_(&context), image_(image) {}
  const Context* context_;
  void* image_;  // EGLImageKHR
};

// The layout that the driver gives a small texture of `format` when it exports it. Asked by doing: Mesa 22 has the
// extension and exports no descriptor. Errors: unsupported.
Result<MemoryLayout> probe_export(const Context& context, TextureFormat format);

}  // namespace geyser::opengl
