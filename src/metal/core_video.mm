#include <geyser/core_video.hpp>

#import <CoreVideo/CoreVideo.h>
#import <Foundation/Foundation.h>

#include <array>
#include <string>
#include <utility>

#include <geyser/metal.hpp>

#include "common/text.hpp"
#include "metal/adopt.hpp"
#include "metal/reference.hpp"
#include "surface/format.hpp"

namespace geyser::metal {

using detail::text;

namespace {

// One of ITU-T H.273's code points and CoreVideo's word for it.
struct CodePoint {
  std::uint8_t value;
  CFStringRef name;
};

using CodePoints = std::array<CodePoint, 3>;

struct Attachment {
  CFStringRef key;
  std::uint8_t PictureInfo::* field;
  CodePoints values;
};

// The constants are CoreVideo's, and have values only when it is loaded.
std::array<Attachment, 3> attachments() {
  return {{{kCVImageBufferYCbCrMatrixKey,
            &PictureInfo::matrix_coefficients,
            {{{1, kCVImageBufferYCbCrMatrix_ITU_R_709_2},
              {6, kCVImageBufferYCbCrMatrix_ITU_R_601_4},
              {9, kCVImageBufferYCbCrMatrix_ITU_R_2020}}}},
           {kCVImageBufferColorPrimariesKey,
            &PictureInfo::color_primaries,
            {{{1, kCVImageBufferColorPrimaries_ITU_R_709_2},
              {9, kCVImageBufferColorPrimaries_ITU_R_2020},
              {12, kCVImageBufferColorPrimaries_P3_D65}}}},
           {kCVImageBufferTransferFunctionKey,
            &PictureInfo::transfer_characteristics,
            {{{1, kCVImageBufferTransferFunction_ITU_R_709_2},
              {16, kCVImageBufferTransferFunction_SMPTE_ST_2084_PQ},
              {18, kCVImageBufferTransferFunction_ITU_R_2100_HLG}}}}}};
}

void read_attachments(CVPixelBufferRef buffer, PictureInfo& picture) {
  for (const Attachment& attachment : attachments()) {
    const auto found =
        Reference<NSString*>::adopt_pointer(const_cast<void*>(CVBufferCopyAttachment(buffer, attachment.key, nullptr)));
    if (!found) continue;
    for (const CodePoint& point : attachment.values) {
      if ([found.get() isEqual:(__bridge NSString*)point.name]) picture.*attachment.field = point.value;
    }
  }
}

void write_attachments(CVPixelBufferRef buffer, const PictureInfo& picture) {
  for (const Attachment& attachment : attachments()) {
    for (const CodePoint& point : attachment.values) {
      if (picture.*attachment.field != point.value) continue;
      CVBufferSetAttachment(buffer, attachment.key, point.name, kCVAttachmentMode_ShouldPropagate);
    }
  }
}

}  // namespace

Result<TextureDescriptor> describe_pixel_buffer(void* pixel_buffer) {
  if (pixel_buffer == nullptr) return fail(ErrorCode::invalid_argument, "The pixel buffer is null.");
  auto* buffer = static_cast<CVPixelBufferRef>(pixel_buffer);
  if (CVPixelBufferGetIOSurface(buffer) == nullptr) {
    GeyserError error(ErrorCode::unsupported, "The pixel buffer is not on an IOSurface.");
    error.suggest("kCVPixelBufferIOSurfacePropertiesKey among the attributes that it is made with");
    return fail(std::move(error));
  }
  const std::uint32_t name = CVPixelBufferGetPixelFormatType(buffer);
  const auto found = surface::find_surface_format(name);
  if (!found) {
    return fail(ErrorCode::unsupported,
                text("No texture has a pixel buffer's format [", surface::four_characters(name), "]."));
  }
  TextureDescriptor descriptor;
  descriptor.format = found->format;
  descriptor.extent = {static_cast<std::uint32_t>(CVPixelBufferGetWidth(buffer)),
                       static_cast<std::uint32_t>(CVPixelBufferGetHeight(buffer)), 1};
  descriptor.picture.range = found->limited ? ColorRange::limited : ColorRange::full;
  read_attachments(buffer, descriptor.picture);
  return descriptor;
}

Result<std::unique_ptr<SharedTexture>> adopt_pixel_buffer(TextureShareManager& manager, void* pixel_buffer,
                                                          TextureFormat format) {
  auto descriptor = describe_pixel_buffer(pixel_buffer);
  if (!descriptor) return fail(std::move(descriptor.error()).during("adopting a pixel buffer"));
  if (format != TextureFormat::unknown) descriptor->format = format;
  auto* buffer = static_cast<CVPixelBufferRef>(pixel_buffer);
  std::shared_ptr<void> keep(const_cast<void*>(CFRetain(buffer)), CFRelease);
  auto texture =
      adopt_surface(manager, CVPixelBufferGetIOSurface(buffer), *descriptor, InUse::taken, std::move(keep));
  if (!texture) return fail(std::move(texture.error()).during("adopting a pixel buffer"));
  return texture;
}

Result<void*> create_pixel_buffer(const SharedTexture& texture) {
  auto native = metal::native(texture);
  if (!native) return fail(std::move(native.error()));
  if (native->io_surface == nullptr) {
    GeyserError error(ErrorCode::unsupported, "The texture is not on an IOSurface.");
    error.suggest("handle kind [io_surface]");
    return fail(std::move(error));
  }
  auto* surface = static_cast<IOSurfaceRef>(native->io_surface);
  if (IOSurfaceGetPixelFormat(surface) == 0) {
    return fail(ErrorCode::unsupported, text("CoreVideo has no name for format [",
                                             to_string(texture.descriptor().format), "] in a pixel buffer."));
  }
  CVPixelBufferRef buffer = nullptr;
  const CVReturn made = CVPixelBufferCreateWithIOSurface(nullptr, surface, nullptr, &buffer);
  if (made != kCVReturnSuccess) {
    return fail(ErrorCode::out_of_memory, text("CVPixelBufferCreateWithIOSurface fails with [", made, "]."));
  }
  write_attachments(buffer, texture.descriptor().picture);
  return static_cast<void*>(buffer);
}

}  // namespace geyser::metal
