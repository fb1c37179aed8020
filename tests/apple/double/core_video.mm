// CoreVideo's pixel buffers on surfaces.
#include <CoreVideo/CoreVideo.h>

#include "objects.hpp"

using geyser::apple_double::counters;

struct __CVBuffer : CFObject {
  __CVBuffer() : attachments([[NSMutableDictionary alloc] init]) { ++counters().pixel_buffers; }
  ~__CVBuffer() override {
    if (surface != nullptr) {
      IOSurfaceDecrementUseCount(surface);
      CFRelease(surface);
    }
    [attachments release];
    --counters().pixel_buffers;
  }
  IOSurfaceRef surface = nullptr;
  size_t width = 0, height = 0;
  OSType format = 0;
  NSMutableDictionary* attachments;
};

#define NAME(name) const CFStringRef name = reinterpret_cast<CFStringRef>(@ #name)
NAME(kCVImageBufferYCbCrMatrixKey);
NAME(kCVImageBufferYCbCrMatrix_ITU_R_709_2);
NAME(kCVImageBufferYCbCrMatrix_ITU_R_601_4);
NAME(kCVImageBufferYCbCrMatrix_ITU_R_2020);
NAME(kCVImageBufferColorPrimariesKey);
NAME(kCVImageBufferColorPrimaries_ITU_R_709_2);
NAME(kCVImageBufferColorPrimaries_ITU_R_2020);
NAME(kCVImageBufferColorPrimaries_P3_D65);
NAME(kCVImageBufferTransferFunctionKey);
NAME(kCVImageBufferTransferFunction_ITU_R_709_2);
NAME(kCVImageBufferTransferFunction_SMPTE_ST_2084_PQ);
NAME(kCVImageBufferTransferFunction_ITU_R_2100_HLG);
#undef NAME

extern "C" {

CFTypeRef CVBufferCopyAttachment(CVBufferRef buffer, CFStringRef key, CVAttachmentMode*) {
  return [[buffer->attachments objectForKey:(NSString*)key] retain];
}

void CVBufferSetAttachment(CVBufferRef buffer, CFStringRef key, CFTypeRef value, CVAttachmentMode) {
  [buffer->attachments setObject:(id)value forKey:(NSString*)key];
}

// Whether CoreVideo counts its buffer as a use of the surface is not documented; here it does, which is harder.
CVReturn CVPixelBufferCreateWithIOSurface(CFAllocatorRef, IOSurfaceRef surface, CFDictionaryRef,
                                          CVPixelBufferRef* pixelBufferOut) {
  auto* buffer = new __CVBuffer;
  CFRetain(surface);
  IOSurfaceIncrementUseCount(surface);
  buffer->surface = surface;
  buffer->width = IOSurfaceGetWidth(surface);
  buffer->height = IOSurfaceGetHeight(surface);
  buffer->format = IOSurfaceGetPixelFormat(surface);
  *pixelBufferOut = buffer;
  return kCVReturnSuccess;
}

IOSurfaceRef CVPixelBufferGetIOSurface(CVPixelBufferRef pixelBuffer) { return pixelBuffer->surface; }
OSType CVPixelBufferGetPixelFormatType(CVPixelBufferRef pixelBuffer) { return pixelBuffer->format; }
size_t CVPixelBufferGetWidth(CVPixelBufferRef pixelBuffer) { return pixelBuffer->width; }
size_t CVPixelBufferGetHeight(CVPixelBufferRef pixelBuffer) { return pixelBuffer->height; }

}  // extern "C"

namespace geyser::apple_double {

CVPixelBufferRef new_plain_pixel_buffer(unsigned width, unsigned height) {
  auto* buffer = new __CVBuffer;
  buffer->width = width;
  buffer->height = height;
  buffer->format = 0x42475241;  // BGRA
  return buffer;
}

}  // namespace geyser::apple_double
