// What Geyser uses of IOSurface, declared from its documentation; see CoreFoundation/CoreFoundation.h.
#pragma once

#include <CoreFoundation/CoreFoundation.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __APPLE__
#include <mach/mach_types.h>
#include <xpc/xpc.h>
#else
typedef void* xpc_object_t;
typedef unsigned int mach_port_t;
typedef int kern_return_t;
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __APPLE__
typedef struct __attribute__((objc_bridge(id))) __IOSurface* IOSurfaceRef;
#else
typedef struct __IOSurface* IOSurfaceRef;
#endif

typedef uint32_t IOSurfaceID;
typedef uint32_t IOSurfaceLockOptions;
enum { kIOSurfaceLockReadOnly = 1 };

extern const CFStringRef kIOSurfaceWidth;
extern const CFStringRef kIOSurfaceHeight;
extern const CFStringRef kIOSurfaceBytesPerElement;
extern const CFStringRef kIOSurfaceBytesPerRow;
extern const CFStringRef kIOSurfaceElementWidth;
extern const CFStringRef kIOSurfaceElementHeight;
extern const CFStringRef kIOSurfaceAllocSize;
extern const CFStringRef kIOSurfacePixelFormat;
extern const CFStringRef kIOSurfaceIsGlobal;
extern const CFStringRef kIOSurfacePlaneInfo;
extern const CFStringRef kIOSurfacePlaneWidth;
extern const CFStringRef kIOSurfacePlaneHeight;
extern const CFStringRef kIOSurfacePlaneBytesPerElement;
extern const CFStringRef kIOSurfacePlaneBytesPerRow;
extern const CFStringRef kIOSurfacePlaneOffset;
extern const CFStringRef kIOSurfacePlaneSize;

IOSurfaceRef IOSurfaceCreate(CFDictionaryRef properties);
kern_return_t IOSurfaceLock(IOSurfaceRef buffer, IOSurfaceLockOptions options, uint32_t* seed);
kern_return_t IOSurfaceUnlock(IOSurfaceRef buffer, IOSurfaceLockOptions options, uint32_t* seed);
size_t IOSurfaceGetAllocSize(IOSurfaceRef buffer);
size_t IOSurfaceGetWidth(IOSurfaceRef buffer);
size_t IOSurfaceGetHeight(IOSurfaceRef buffer);
size_t IOSurfaceGetBytesPerElement(IOSurfaceRef buffer);
size_t IOSurfaceGetElementWidth(IOSurfaceRef buffer);
size_t IOSurfaceGetElementHeight(IOSurfaceRef buffer);
size_t IOSurfaceGetBytesPerRow(IOSurfaceRef buffer);
void* IOSurfaceGetBaseAddress(IOSurfaceRef buffer);
uint32_t IOSurfaceGetPixelFormat(IOSurfaceRef buffer);
size_t IOSurfaceGetPlaneCount(IOSurfaceRef buffer);
size_t IOSurfaceGetWidthOfPlane(IOSurfaceRef buffer, size_t planeIndex);
size_t IOSurfaceGetHeightOfPlane(IOSurfaceRef buffer, size_t planeIndex);
size_t IOSurfaceGetBytesPerElementOfPlane(IOSurfaceRef buffer, size_t planeIndex);
size_t IOSurfaceGetBytesPerRowOfPlane(IOSurfaceRef buffer, size_t planeIndex);
void* IOSurfaceGetBaseAddressOfPlane(IOSurfaceRef buffer, size_t planeIndex);
Boolean IOSurfaceIsInUse(IOSurfaceRef buffer);
void IOSurfaceIncrementUseCount(IOSurfaceRef buffer);
void IOSurfaceDecrementUseCount(IOSurfaceRef buffer);
size_t IOSurfaceGetPropertyAlignment(CFStringRef property);
size_t IOSurfaceGetPropertyMaximum(CFStringRef property);
IOSurfaceID IOSurfaceGetID(IOSurfaceRef buffer);
IOSurfaceRef IOSurfaceLookup(IOSurfaceID csid);
xpc_object_t IOSurfaceCreateXPCObject(IOSurfaceRef aSurface);
IOSurfaceRef IOSurfaceLookupFromXPCObject(xpc_object_t xobj);
mach_port_t IOSurfaceCreateMachPort(IOSurfaceRef buffer);
IOSurfaceRef IOSurfaceLookupFromMachPort(mach_port_t port);

#ifdef __cplusplus
}
#endif
