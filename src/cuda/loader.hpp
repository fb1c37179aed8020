// libcuda loaded at run time, and the entry points that Geyser calls, by the names that the library exports.
#pragma once

#include <geyser/error.hpp>

#include "cuda/driver_api.hpp"
#include "cuda/driver_memory.hpp"
#include "platform/dynamic_library.hpp"

namespace geyser::cuda {

// A name and what it takes. `_v2` and the like are the versions that cuda.h gives programs of today.
#define GEYSER_CU_REQUIRED(X)                                                                                 \
  X(cuInit, (unsigned))                                                                                       \
  X(cuDriverGetVersion, (int*))                                                                               \
  X(cuGetErrorName, (driver::Result, const char**))                                                           \
  X(cuDeviceGetCount, (int*))                                                                                 \
  X(cuDeviceGet, (driver::Device*, int))                                                                      \
  X(cuDeviceGetName, (char*, int, driver::Device))                                                            \
  X(cuDeviceGetUuid, (driver::Uuid*, driver::Device))                                                         \
  X(cuDeviceGetAttribute, (int*, driver::Attribute, driver::Device))                                          \
  X(cuDevicePrimaryCtxRetain, (driver::Context*, driver::Device))                                             \
  X(cuDevicePrimaryCtxRelease_v2, (driver::Device))                                                           \
  X(cuCtxGetCurrent, (driver::Context*))                                                                      \
  X(cuCtxGetDevice, (driver::Device*))                                                                        \
  X(cuCtxPushCurrent_v2, (driver::Context))                                                                   \
  X(cuCtxPopCurrent_v2, (driver::Context*))                                                                   \
  X(cuStreamCreate, (driver::Stream*, unsigned))                                                              \
  X(cuStreamDestroy_v2, (driver::Stream))                                                                     \
  X(cuEventCreate, (driver::Event*, unsigned))                                                                \
  X(cuEventRecord, (driver::Event, driver::Stream))                                                           \
  X(cuEventQuery, (driver::Event))                                                                            \
  X(cuEventDestroy_v2, (driver::Event))                                                                       \
  X(cuMemHostRegister_v2, (void*, std::size_t, unsigned))                                                     \
  X(cuMemHostUnregister, (void*))                                                                             \
  X(cuMemHostGetDevicePointer_v2, (driver::DevicePointer*, void*, unsigned))                                  \
  X(cuMemcpy3DAsync_v2, (const driver::Memcpy3d*, driver::Stream))                                            \
  X(cuMemcpy3DPeerAsync, (const driver::Memcpy3d*, driver::Stream))                                           \
  X(cuStreamWaitEvent, (driver::Stream, driver::Event, unsigned))                                             \
  X(cuDeviceCanAccessPeer, (int*, driver::Device, driver::Device))                                            \
  X(cuCtxEnablePeerAccess, (driver::Context, unsigned))                                                       \
  X(cuMemFree_v2, (driver::DevicePointer))                                                                    \
  X(cuMemGetAllocationGranularity, (std::size_t*, const driver::AllocationProperties*, int))                  \
  X(cuMemCreate, (driver::Allocation*, std::size_t, const driver::AllocationProperties*, unsigned long long)) \
  X(cuMemRelease, (driver::Allocation))                                                                       \
  X(cuMemAddressReserve,                                                                                      \
    (driver::DevicePointer*, std::size_t, std::size_t, driver::DevicePointer, unsigned long long))            \
  X(cuMemAddressFree, (driver::DevicePointer, std::size_t))                                                   \
  X(cuMemMap, (driver::DevicePointer, std::size_t, std::size_t, driver::Allocation, unsigned long long))      \
  X(cuMemUnmap, (driver::DevicePointer, std::size_t))                                                         \
  X(cuMemSetAccess, (driver::DevicePointer, std::size_t, const driver::AccessDescriptor*, std::size_t))       \
  X(cuMemExportToShareableHandle, (void*, driver::Allocation, int, unsigned long long))                       \
  X(cuMemImportFromShareableHandle, (driver::Allocation*, void*, int))                                        \
  X(cuExternalMemoryGetMappedBuffer,                                                                          \
    (driver::DevicePointer*, driver::ExternalMemory, const driver::ExternalMemoryBuffer*))                    \
  X(cuMipmappedArrayCreate, (driver::MipmappedArray*, const driver::ArrayDescriptor*, unsigned))              \
  X(cuMipmappedArrayGetLevel, (driver::Array*, driver::MipmappedArray, unsigned))                             \
  X(cuMipmappedArrayDestroy, (driver::MipmappedArray))                                                        \
  X(cuImportExternalMemory, (driver::ExternalMemory*, const driver::ExternalMemoryHandle*))                   \
  X(cuExternalMemoryGetMappedMipmappedArray,                                                                  \
    (driver::MipmappedArray*, driver::ExternalMemory, const driver::ExternalMemoryArray*))                    \
  X(cuDestroyExternalMemory, (driver::ExternalMemory))                                                        \
  X(cuImportExternalSemaphore, (driver::ExternalSemaphore*, const driver::ExternalSemaphoreHandle*))          \
  X(cuSignalExternalSemaphoresAsync,                                                                          \
    (const driver::ExternalSemaphore*, const driver::SemaphoreUse*, unsigned, driver::Stream))                \
  X(cuWaitExternalSemaphoresAsync,                                                                            \
    (const driver::ExternalSemaphore*, const driver::SemaphoreUse*, unsigned, driver::Stream))                \
  X(cuDestroyExternalSemaphore, (driver::ExternalSemaphore))                                                  \
  X(cuSurfObjectCreate, (driver::Object*, const driver::Resource*))                                           \
  X(cuSurfObjectDestroy, (driver::Object))                                                                    \
  X(cuTexObjectCreate, (driver::Object*, const driver::Resource*, const driver::Sampling*, const void*))      \
  X(cuTexObjectDestroy, (driver::Object))
// Null in older drivers. cuDeviceGetUuid_v2 tells the parts of a divided GPU apart; cuDeviceGetLuid works on Windows
// alone.
#define GEYSER_CU_OPTIONAL(X)                                   \
  X(cuDeviceGetUuid_v2, (driver::Uuid*, driver::Device))        \
  X(cuDeviceGetLuid, (char*, unsigned*, driver::Device))        \
  X(cuArrayGetPlane, (driver::Array*, driver::Array, unsigned)) \
  X(cuMemGetHandleForAddressRange, (void*, driver::DevicePointer, std::size_t, int, unsigned long long))

struct Functions {
#define GEYSER_CU_MEMBER(name, parameters) driver::Result(*name) parameters = nullptr;
  GEYSER_CU_REQUIRED(GEYSER_CU_MEMBER)
  GEYSER_CU_OPTIONAL(GEYSER_CU_MEMBER)
#undef GEYSER_CU_MEMBER
};

// The driver's library, or the one that GEYSER_CUDA_LIBRARY in the environment names. Errors: not_available.
Result<platform::DynamicLibrary> open_cuda();
// Errors: not_available (a driver older than the API needs: the entry point is named).
Result<Functions> load_functions(const platform::DynamicLibrary& library);

}  // namespace geyser::cuda
