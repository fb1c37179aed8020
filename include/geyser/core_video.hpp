// CoreVideo's pixel buffers (cameras, decoders, encoders) as textures of a Metal manager, and textures as pixel
// buffers, in place: both are on an IOSurface.
//
// Formats: those of io_surface_formats(); 420v, 420f, x420, xf20, y420 and f420 are nv12, p010 and i420 with the range
// that their name says. Matrix, primaries and transfer function come from the buffer's attachments (ITU-R 601, 709,
// 2020, P3, PQ, HLG) and are unspecified where it has none or another.
//
// Ownership: a texture keeps a reference of the pixel buffer and counts as a use of its surface, so that no pool gives
// it to anybody else. Threads: as geyser/metal.hpp. A pixel buffer is a CVPixelBufferRef as a plain pointer.
//
// Specification: Apple's documentation of CoreVideo ("CVPixelBuffer", "CVPixelBufferCreateWithIOSurface",
// "Image Buffer YCbCr Matrix Constants").
#pragma once

#include <memory>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::metal {

// What a texture on it is described by. Errors: invalid_argument (null), unsupported (not on an IOSurface; a format
// that Geyser has not: its four characters are named).
[[nodiscard]] GEYSER_API Result<TextureDescriptor> describe_pixel_buffer(void* pixel_buffer);

// A texture on the pixel buffer's surface. It is exported like any other. `format`: another view of the same memory
// (bgra8_srgb); unknown: as describe_pixel_buffer() says. A surface that is in use is taken all the same: the pixel
// buffer itself may count as a use.
// Errors: as describe_pixel_buffer(), invalid_argument (a manager of another API), incompatible_layout (what differs).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<SharedTexture>> adopt_pixel_buffer(
    TextureShareManager& manager, void* pixel_buffer, TextureFormat format = TextureFormat::unknown);

// A new pixel buffer on the texture's surface, with attachments that say its colours: a CVPixelBufferRef with a
// reference that the caller releases (CFRelease). Nothing waits for anything: hold an access while it is read.
// Errors: invalid_argument (another API), unsupported (not of handle kind io_surface; a surface without a name, which
// CoreVideo does not know), out_of_memory.
[[nodiscard]] GEYSER_API Result<void*> create_pixel_buffer(const SharedTexture& texture);

}  // namespace geyser::metal
