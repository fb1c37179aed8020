// What Geyser uses of CUDA's driver API, declared here: types, values and layouts of structures, as NVIDIA documents
// them (CUDA Driver API, "Data types used by CUDA driver", "External Resource Interoperability").
//
// Why not <cuda.h>: it comes with the toolkit, which Debian's main section has not, and which nobody needs for a
// library that looks libcuda.so.1 up at run time. The free headers of that kind (nv-codec-headers, whose CUDA_VERSION
// is 7050) declare no timeline semaphores, no 3D copies, no surfaces, no pages of the host's and no normalised arrays.
// tests/cuda/driver_api_test.cpp compares every size, offset and value with cuda.h wherever a toolkit is.
#pragma once

#include <cstddef>

#include "cuda/driver_attribute.hpp"
#include "cuda/driver_result.hpp"

struct CUctx_st;
struct CUstream_st;
struct CUevent_st;
struct CUarray_st;
struct CUmipmappedArray_st;
struct CUextMemory_st;
struct CUextSemaphore_st;

namespace geyser::cuda::driver {

using Device = int;
using DevicePointer = unsigned long long;
using Object = unsigned long long;  // of a texture or a surface
using Context = CUctx_st*;
using Stream = CUstream_st*;
using Event = CUevent_st*;
using Array = CUarray_st*;
using MipmappedArray = CUmipmappedArray_st*;
using ExternalMemory = CUextMemory_st*;
using ExternalSemaphore = CUextSemaphore_st*;

// CUarray_format.
enum class ArrayFormat : int {
  none = 0,
  unsigned_int8 = 0x01,
  unsigned_int16 = 0x02,
  unsigned_int32 = 0x03,
  signed_int8 = 0x08,
  signed_int16 = 0x09,
  signed_int32 = 0x0a,
  half = 0x10,
  floating = 0x20,
  unorm_int_101010_2 = 0x50,
  bc1_unorm = 0x91,
  bc1_unorm_srgb = 0x92,
  bc2_unorm = 0x93,
  bc2_unorm_srgb = 0x94,
  bc3_unorm = 0x95,
  bc3_unorm_srgb = 0x96,
  bc4_unorm = 0x97,
  bc4_snorm = 0x98,
  bc5_unorm = 0x99,
  bc5_snorm = 0x9a,
  bc6h_uf16 = 0x9b,
  bc6h_sf16 = 0x9c,
  bc7_unorm = 0x9d,
  bc7_unorm_srgb = 0x9e,
  unorm_int8x1 = 0xc0,
  unorm_int8x2 = 0xc1,
  unorm_int8x4 = 0xc2,
  unorm_int16x1 = 0xc3,
  unorm_int16x2 = 0xc4,
  unorm_int16x4 = 0xc5,
  snorm_int8x1 = 0xc6,
  snorm_int8x2 = 0xc7,
  snorm_int8x4 = 0xc8,
  snorm_int16x1 = 0xc9,
  snorm_int16x2 = 0xca,
  snorm_int16x4 = 0xcb,
};

// CUDA_ARRAY3D_*.
inline constexpr unsigned array_layered = 0x01;
inline constexpr unsigned array_surface = 0x02;
inline constexpr unsigned array_cubemap = 0x04;
inline constexpr unsigned array_color_attachment = 0x20;

struct ArrayDescriptor {  // CUDA_ARRAY3D_DESCRIPTOR
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t depth = 0;
  ArrayFormat format = ArrayFormat::none;
  unsigned channels = 0;
  unsigned flags = 0;
};

enum class MemoryType : int { none = 0, host = 1, device = 2, array = 3, unified = 4 };  // CUmemorytype

struct Memcpy3d {  // CUDA_MEMCPY3D, and CUDA_MEMCPY3D_PEER, which alone has the contexts
  std::size_t source_x_bytes = 0;
  std::size_t source_y = 0;
  std::size_t source_z = 0;
  std::size_t source_level = 0;
  MemoryType source_type = MemoryType::none;
  const void* source_host = nullptr;
  DevicePointer source_device = 0;
  Array source_array = nullptr;
  Context source_context = nullptr;
  std::size_t source_pitch = 0;
  std::size_t source_height = 0;
  std::size_t target_x_bytes = 0;
  std::size_t target_y = 0;
  std::size_t target_z = 0;
  std::size_t target_level = 0;
  MemoryType target_type = MemoryType::none;
  void* target_host = nullptr;
  DevicePointer target_device = 0;
  Array target_array = nullptr;
  Context target_context = nullptr;
  std::size_t target_pitch = 0;
  std::size_t target_height = 0;
  std::size_t width_bytes = 0;
  std::size_t height = 0;
  std::size_t depth = 0;
};

// CUexternalMemoryHandleType, CUDA_EXTERNAL_MEMORY_DEDICATED.
inline constexpr int memory_opaque_fd = 1;
inline constexpr int memory_opaque_win32 = 2;
inline constexpr int memory_opaque_win32_kmt = 3;
inline constexpr int memory_d3d12_heap = 4;
inline constexpr int memory_d3d12_resource = 5;
inline constexpr int memory_d3d11_resource = 6;
inline constexpr int memory_d3d11_resource_kmt = 7;
inline constexpr unsigned memory_dedicated = 1;

struct ExternalMemoryHandle {  // CUDA_EXTERNAL_MEMORY_HANDLE_DESC
  int type = 0;
  union {
    int fd;
    struct {
      void* handle;
      const void* name;
    } win32{};
  };
  unsigned long long size = 0;
  unsigned flags = 0;
  unsigned reserved[16] = {};
};

struct ExternalMemoryArray {  // CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC
  unsigned long long offset = 0;
  ArrayDescriptor array;
  unsigned levels = 0;
  unsigned reserved[16] = {};
};

// CUexternalSemaphoreHandleType.
inline constexpr int semaphore_opaque_fd = 1;
inline constexpr int semaphore_opaque_win32 = 2;
inline constexpr int semaphore_d3d12_fence = 4;
inline constexpr int semaphore_timeline_fd = 9;
inline constexpr int semaphore_timeline_win32 = 10;

struct ExternalSemaphoreHandle {  // CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC
  int type = 0;
  union {
    int fd;
    struct {
      void* handle;
      const void* name;
    } win32{};
  };
  unsigned flags = 0;
  unsigned reserved[16] = {};
};

struct SemaphoreUse {  // CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS and ..._WAIT_PARAMS, which differ in what is not used
  unsigned long long value = 0;
  unsigned char not_used[64] = {};
  unsigned flags = 0;
  unsigned reserved[16] = {};
};

enum class ResourceType : int { array = 0, mipmapped_array = 1, linear = 2, pitched = 3 };  // CUresourcetype

struct Resource {  // CUDA_RESOURCE_DESC
  ResourceType type = ResourceType::array;
  union {
    Array array;
    MipmappedArray mipmapped_array;
    struct {
      DevicePointer pointer;
      ArrayFormat format;
      unsigned channels;
      std::size_t width;
      std::size_t height;
      std::size_t pitch;
    } pitched;
    int reserved[32] = {};
  };
  unsigned flags = 0;
};

// CUaddress_mode, CUfilter_mode, CU_TRSF_*.
enum class AddressMode : int { wrap = 0, clamp = 1, mirror = 2, border = 3 };
enum class FilterMode : int { point = 0, linear = 1 };
inline constexpr unsigned read_as_integer = 0x01;
inline constexpr unsigned normalized_coordinates = 0x02;
inline constexpr unsigned read_srgb = 0x10;

struct Sampling {  // CUDA_TEXTURE_DESC
  AddressMode address[3] = {AddressMode::clamp, AddressMode::clamp, AddressMode::clamp};
  FilterMode filter = FilterMode::point;
  unsigned flags = 0;
  unsigned max_anisotropy = 0;
  FilterMode mip_filter = FilterMode::point;
  float mip_bias = 0;
  float min_mip = 0;
  float max_mip = 0;
  float border[4] = {};
  int reserved[12] = {};
};

struct Uuid {  // CUuuid
  unsigned char bytes[16] = {};
};

// CU_MEMHOSTREGISTER_*, CU_STREAM_NON_BLOCKING, CU_EVENT_DISABLE_TIMING.
inline constexpr unsigned register_portable = 1;
inline constexpr unsigned register_device_map = 2;
inline constexpr unsigned stream_non_blocking = 1;
inline constexpr unsigned event_disable_timing = 2;

}  // namespace geyser::cuda::driver
