// Dawn loaded at run time, and the functions of its C API that Geyser calls.
#pragma once

#include <webgpu/webgpu.h>

#include <geyser/webgpu.hpp>

#include "platform/dynamic_library.hpp"

namespace geyser::webgpu {

#define GEYSER_WGPU_FUNCTIONS(X)                      \
  X(wgpuCreateInstance)                               \
  X(wgpuInstanceRequestAdapter)                       \
  X(wgpuInstanceWaitAny)                              \
  X(wgpuInstanceRelease)                              \
  X(wgpuAdapterGetFormatCapabilities)                 \
  X(wgpuAdapterGetInfo)                               \
  X(wgpuAdapterInfoFreeMembers)                       \
  X(wgpuAdapterGetInstance)                           \
  X(wgpuAdapterGetLimits)                             \
  X(wgpuAdapterHasFeature)                            \
  X(wgpuAdapterRequestDevice)                         \
  X(wgpuAdapterRelease)                               \
  X(wgpuDawnDrmFormatCapabilitiesFreeMembers)         \
  X(wgpuDeviceAddRef)                                 \
  X(wgpuDeviceRelease)                                \
  X(wgpuDeviceGetAdapter)                             \
  X(wgpuDeviceGetLimits)                              \
  X(wgpuDeviceGetLostFuture)                          \
  X(wgpuDeviceGetQueue)                               \
  X(wgpuDeviceHasFeature)                             \
  X(wgpuDevicePushErrorScope)                         \
  X(wgpuDevicePopErrorScope)                          \
  X(wgpuDeviceCreateBuffer)                           \
  X(wgpuDeviceCreateCommandEncoder)                   \
  X(wgpuDeviceCreateTexture)                          \
  X(wgpuDeviceImportSharedFence)                      \
  X(wgpuDeviceImportSharedTextureMemory)              \
  X(wgpuQueueOnSubmittedWorkDone)                     \
  X(wgpuQueueRelease)                                 \
  X(wgpuQueueSubmit)                                  \
  X(wgpuQueueWriteTexture)                            \
  X(wgpuCommandEncoderCopyTextureToBuffer)            \
  X(wgpuCommandEncoderCopyTextureToTexture)           \
  X(wgpuCommandEncoderFinish)                         \
  X(wgpuCommandEncoderRelease)                        \
  X(wgpuCommandBufferRelease)                         \
  X(wgpuBufferGetConstMappedRange)                    \
  X(wgpuBufferMapAsync)                               \
  X(wgpuBufferRelease)                                \
  X(wgpuBufferUnmap)                                  \
  X(wgpuTextureGetUsage)                              \
  X(wgpuTextureRelease)                               \
  X(wgpuSharedFenceAddRef)                            \
  X(wgpuSharedFenceExportInfo)                        \
  X(wgpuSharedFenceRelease)                           \
  X(wgpuSharedTextureMemoryBeginAccess)               \
  X(wgpuSharedTextureMemoryCreateTexture)             \
  X(wgpuSharedTextureMemoryEndAccess)                 \
  X(wgpuSharedTextureMemoryEndAccessStateFreeMembers) \
  X(wgpuSharedTextureMemoryGetProperties)             \
  X(wgpuSharedTextureMemoryRelease)

#define GEYSER_WGPU_MEMBER(name) decltype(&::name) name = nullptr;
struct Functions {
  GEYSER_WGPU_FUNCTIONS(GEYSER_WGPU_MEMBER)
};
#undef GEYSER_WGPU_MEMBER

struct Loader {
  platform::DynamicLibrary library;  // empty when the caller gave the functions
  GetProcAddress get_proc_address = nullptr;
  Functions functions;
};

// `get_proc_address` null: libwebgpu_dawn's. Errors: not_available, version_mismatch (features have other numbers).
Result<Loader> load(GetProcAddress get_proc_address);

}  // namespace geyser::webgpu
