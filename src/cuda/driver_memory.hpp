// What Geyser uses of CUDA's driver API to make, share and map memory of the device by address; see driver_api.hpp.
// CUDA Driver API, "Virtual Memory Management" and "External Resource Interoperability".
#pragma once

#include "cuda/driver_api.hpp"

namespace geyser::cuda::driver {

using Allocation = unsigned long long;  // CUmemGenericAllocationHandle

// CUmemAllocationType, CUmemAllocationHandleType, CUmemLocationType, CUmemAccess_flags, CUmemRangeHandleType.
inline constexpr int allocation_pinned = 1;
inline constexpr int allocation_posix_fd = 1;
inline constexpr int location_device = 1;
inline constexpr int access_read_write = 3;
inline constexpr int range_dma_buf = 1;
// CUmemAllocationGranularity_flags.
inline constexpr int granularity_minimum = 0;
// CU_EXTERNAL_MEMORY_HANDLE_TYPE_DMABUF_FD, since CUDA 13.0.
inline constexpr int memory_dma_buf = 9;

struct Location {  // CUmemLocation
  int type = location_device;
  int id = 0;
};

struct AllocationProperties {  // CUmemAllocationProp
  int type = allocation_pinned;
  int handle_types = 0;
  Location location;
  void* win32_meta_data = nullptr;
  unsigned char compression = 0;
  unsigned char gpu_direct_rdma = 0;
  unsigned short usage = 0;
  unsigned char reserved[4] = {};
};

struct AccessDescriptor {  // CUmemAccessDesc
  Location location;
  int flags = access_read_write;
};

struct ExternalMemoryBuffer {  // CUDA_EXTERNAL_MEMORY_BUFFER_DESC
  unsigned long long offset = 0;
  unsigned long long size = 0;
  unsigned flags = 0;
  unsigned reserved[16] = {};
};

}  // namespace geyser::cuda::driver
