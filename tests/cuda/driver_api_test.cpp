// src/cuda/driver_api.hpp and loader.hpp beside the toolkit's own header: every size, offset, value and signature.
#include <cuda.h>

#include <gtest/gtest.h>

#include <type_traits>

#include "cuda/driver_memory.hpp"

namespace driver = geyser::cuda::driver;
using driver::ArrayFormat;
using driver::Attribute;

#define SAME_VALUE(mine, theirs) static_assert(static_cast<int>(mine) == static_cast<int>(theirs))
#define SAME_SIZE(mine, theirs) \
  static_assert(sizeof(driver::mine) == sizeof(theirs) && alignof(driver::mine) == alignof(theirs))
#define SAME_PLACE(mine, member, theirs, their_member)                              \
  static_assert(offsetof(driver::mine, member) == offsetof(theirs, their_member) && \
                sizeof(driver::mine::member) == sizeof(static_cast<theirs*>(nullptr)->their_member))

static_assert(std::is_same_v<driver::Context, CUcontext> && std::is_same_v<driver::Stream, CUstream> &&
              std::is_same_v<driver::Event, CUevent> && std::is_same_v<driver::Array, CUarray> &&
              std::is_same_v<driver::MipmappedArray, CUmipmappedArray> &&
              std::is_same_v<driver::ExternalMemory, CUexternalMemory> &&
              std::is_same_v<driver::ExternalSemaphore, CUexternalSemaphore> &&
              std::is_same_v<driver::DevicePointer, CUdeviceptr> && std::is_same_v<driver::Object, CUtexObject> &&
              std::is_same_v<driver::Object, CUsurfObject> && std::is_same_v<driver::Device, CUdevice>);
static_assert(sizeof(driver::Result) == sizeof(CUresult));

SAME_VALUE(driver::success, CUDA_SUCCESS);
SAME_VALUE(driver::invalid_value, CUDA_ERROR_INVALID_VALUE);
SAME_VALUE(driver::out_of_memory, CUDA_ERROR_OUT_OF_MEMORY);
SAME_VALUE(driver::not_initialized, CUDA_ERROR_NOT_INITIALIZED);
SAME_VALUE(driver::deinitialized, CUDA_ERROR_DEINITIALIZED);
SAME_VALUE(driver::stub_library, CUDA_ERROR_STUB_LIBRARY);
SAME_VALUE(driver::call_requires_newer_driver, CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER);
SAME_VALUE(driver::device_unavailable, CUDA_ERROR_DEVICE_UNAVAILABLE);
SAME_VALUE(driver::no_device, CUDA_ERROR_NO_DEVICE);
SAME_VALUE(driver::invalid_device, CUDA_ERROR_INVALID_DEVICE);
SAME_VALUE(driver::invalid_context, CUDA_ERROR_INVALID_CONTEXT);
SAME_VALUE(driver::ecc_uncorrectable, CUDA_ERROR_ECC_UNCORRECTABLE);
SAME_VALUE(driver::nvlink_uncorrectable, CUDA_ERROR_NVLINK_UNCORRECTABLE);
SAME_VALUE(driver::peer_access_unsupported, CUDA_ERROR_PEER_ACCESS_UNSUPPORTED);
SAME_VALUE(driver::peer_access_already_enabled, CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED);
SAME_VALUE(driver::contained, CUDA_ERROR_CONTAINED);
SAME_VALUE(driver::operating_system, CUDA_ERROR_OPERATING_SYSTEM);
SAME_VALUE(driver::invalid_handle, CUDA_ERROR_INVALID_HANDLE);
SAME_VALUE(driver::not_ready, CUDA_ERROR_NOT_READY);
SAME_VALUE(driver::illegal_address, CUDA_ERROR_ILLEGAL_ADDRESS);
SAME_VALUE(driver::launch_timeout, CUDA_ERROR_LAUNCH_TIMEOUT);
SAME_VALUE(driver::context_is_destroyed, CUDA_ERROR_CONTEXT_IS_DESTROYED);
SAME_VALUE(driver::assert_failed, CUDA_ERROR_ASSERT);
SAME_VALUE(driver::host_memory_already_registered, CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
SAME_VALUE(driver::hardware_stack_error, CUDA_ERROR_HARDWARE_STACK_ERROR);
SAME_VALUE(driver::illegal_instruction, CUDA_ERROR_ILLEGAL_INSTRUCTION);
SAME_VALUE(driver::misaligned_address, CUDA_ERROR_MISALIGNED_ADDRESS);
SAME_VALUE(driver::invalid_address_space, CUDA_ERROR_INVALID_ADDRESS_SPACE);
SAME_VALUE(driver::invalid_pc, CUDA_ERROR_INVALID_PC);
SAME_VALUE(driver::launch_failed, CUDA_ERROR_LAUNCH_FAILED);
SAME_VALUE(driver::not_supported, CUDA_ERROR_NOT_SUPPORTED);
SAME_VALUE(driver::system_not_ready, CUDA_ERROR_SYSTEM_NOT_READY);
SAME_VALUE(driver::system_driver_mismatch, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
SAME_VALUE(driver::compat_not_supported_on_device, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE);
SAME_VALUE(driver::external_device, CUDA_ERROR_EXTERNAL_DEVICE);
SAME_VALUE(driver::unknown, CUDA_ERROR_UNKNOWN);

SAME_VALUE(Attribute::can_map_host_memory, CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY);
SAME_VALUE(Attribute::texture_2d_width, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH);
SAME_VALUE(Attribute::texture_2d_height, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_HEIGHT);
SAME_VALUE(Attribute::texture_3d_width, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH);
SAME_VALUE(Attribute::texture_3d_height, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT);
SAME_VALUE(Attribute::texture_3d_depth, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH);
SAME_VALUE(Attribute::texture_2d_layered_width, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_WIDTH);
SAME_VALUE(Attribute::texture_2d_layered_height, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_HEIGHT);
SAME_VALUE(Attribute::texture_2d_layered_layers, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_LAYERS);
SAME_VALUE(Attribute::pci_bus_id, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID);
SAME_VALUE(Attribute::pci_device_id, CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID);
SAME_VALUE(Attribute::pci_domain_id, CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID);
SAME_VALUE(Attribute::texture_pitch_alignment, CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT);
SAME_VALUE(Attribute::texture_cubemap_width, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_WIDTH);
SAME_VALUE(Attribute::texture_cubemap_layered_width, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_WIDTH);
SAME_VALUE(Attribute::texture_cubemap_layered_layers, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_LAYERS);
SAME_VALUE(Attribute::texture_2d_mipmapped_width, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_MIPMAPPED_WIDTH);
SAME_VALUE(Attribute::texture_2d_mipmapped_height, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_MIPMAPPED_HEIGHT);
SAME_VALUE(Attribute::host_register_supported, CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED);
SAME_VALUE(Attribute::timeline_semaphore_interop_supported, CU_DEVICE_ATTRIBUTE_TIMELINE_SEMAPHORE_INTEROP_SUPPORTED);

SAME_VALUE(ArrayFormat::unsigned_int8, CU_AD_FORMAT_UNSIGNED_INT8);
SAME_VALUE(ArrayFormat::unsigned_int16, CU_AD_FORMAT_UNSIGNED_INT16);
SAME_VALUE(ArrayFormat::unsigned_int32, CU_AD_FORMAT_UNSIGNED_INT32);
SAME_VALUE(ArrayFormat::signed_int8, CU_AD_FORMAT_SIGNED_INT8);
SAME_VALUE(ArrayFormat::signed_int16, CU_AD_FORMAT_SIGNED_INT16);
SAME_VALUE(ArrayFormat::signed_int32, CU_AD_FORMAT_SIGNED_INT32);
SAME_VALUE(ArrayFormat::half, CU_AD_FORMAT_HALF);
SAME_VALUE(ArrayFormat::floating, CU_AD_FORMAT_FLOAT);
SAME_VALUE(ArrayFormat::bc1_unorm, CU_AD_FORMAT_BC1_UNORM);
SAME_VALUE(ArrayFormat::bc1_unorm_srgb, CU_AD_FORMAT_BC1_UNORM_SRGB);
SAME_VALUE(ArrayFormat::bc2_unorm, CU_AD_FORMAT_BC2_UNORM);
SAME_VALUE(ArrayFormat::bc2_unorm_srgb, CU_AD_FORMAT_BC2_UNORM_SRGB);
SAME_VALUE(ArrayFormat::bc3_unorm, CU_AD_FORMAT_BC3_UNORM);
SAME_VALUE(ArrayFormat::bc3_unorm_srgb, CU_AD_FORMAT_BC3_UNORM_SRGB);
SAME_VALUE(ArrayFormat::bc4_unorm, CU_AD_FORMAT_BC4_UNORM);
SAME_VALUE(ArrayFormat::bc4_snorm, CU_AD_FORMAT_BC4_SNORM);
SAME_VALUE(ArrayFormat::bc5_unorm, CU_AD_FORMAT_BC5_UNORM);
SAME_VALUE(ArrayFormat::bc5_snorm, CU_AD_FORMAT_BC5_SNORM);
SAME_VALUE(ArrayFormat::bc6h_uf16, CU_AD_FORMAT_BC6H_UF16);
SAME_VALUE(ArrayFormat::bc6h_sf16, CU_AD_FORMAT_BC6H_SF16);
SAME_VALUE(ArrayFormat::bc7_unorm, CU_AD_FORMAT_BC7_UNORM);
SAME_VALUE(ArrayFormat::bc7_unorm_srgb, CU_AD_FORMAT_BC7_UNORM_SRGB);
SAME_VALUE(ArrayFormat::unorm_int8x1, CU_AD_FORMAT_UNORM_INT8X1);
SAME_VALUE(ArrayFormat::unorm_int8x2, CU_AD_FORMAT_UNORM_INT8X2);
SAME_VALUE(ArrayFormat::unorm_int8x4, CU_AD_FORMAT_UNORM_INT8X4);
SAME_VALUE(ArrayFormat::unorm_int16x1, CU_AD_FORMAT_UNORM_INT16X1);
SAME_VALUE(ArrayFormat::unorm_int16x2, CU_AD_FORMAT_UNORM_INT16X2);
SAME_VALUE(ArrayFormat::unorm_int16x4, CU_AD_FORMAT_UNORM_INT16X4);
SAME_VALUE(ArrayFormat::snorm_int8x1, CU_AD_FORMAT_SNORM_INT8X1);
SAME_VALUE(ArrayFormat::snorm_int8x2, CU_AD_FORMAT_SNORM_INT8X2);
SAME_VALUE(ArrayFormat::snorm_int8x4, CU_AD_FORMAT_SNORM_INT8X4);
SAME_VALUE(ArrayFormat::snorm_int16x1, CU_AD_FORMAT_SNORM_INT16X1);
SAME_VALUE(ArrayFormat::snorm_int16x2, CU_AD_FORMAT_SNORM_INT16X2);
SAME_VALUE(ArrayFormat::snorm_int16x4, CU_AD_FORMAT_SNORM_INT16X4);
#if CUDA_VERSION >= 12090
SAME_VALUE(ArrayFormat::unorm_int_101010_2, CU_AD_FORMAT_UNORM_INT_101010_2);
#endif

SAME_VALUE(driver::array_layered, CUDA_ARRAY3D_LAYERED);
SAME_VALUE(driver::array_surface, CUDA_ARRAY3D_SURFACE_LDST);
SAME_VALUE(driver::array_cubemap, CUDA_ARRAY3D_CUBEMAP);
SAME_VALUE(driver::array_color_attachment, CUDA_ARRAY3D_COLOR_ATTACHMENT);
SAME_VALUE(driver::MemoryType::host, CU_MEMORYTYPE_HOST);
SAME_VALUE(driver::MemoryType::device, CU_MEMORYTYPE_DEVICE);
SAME_VALUE(driver::MemoryType::array, CU_MEMORYTYPE_ARRAY);
SAME_VALUE(driver::memory_opaque_fd, CU_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD);
SAME_VALUE(driver::memory_dedicated, CUDA_EXTERNAL_MEMORY_DEDICATED);
SAME_VALUE(driver::semaphore_opaque_fd, CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD);
SAME_VALUE(driver::semaphore_timeline_fd, CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_TIMELINE_SEMAPHORE_FD);
SAME_VALUE(driver::ResourceType::array, CU_RESOURCE_TYPE_ARRAY);
SAME_VALUE(driver::ResourceType::mipmapped_array, CU_RESOURCE_TYPE_MIPMAPPED_ARRAY);
SAME_VALUE(driver::ResourceType::pitched, CU_RESOURCE_TYPE_PITCH2D);
SAME_VALUE(driver::AddressMode::wrap, CU_TR_ADDRESS_MODE_WRAP);
SAME_VALUE(driver::AddressMode::clamp, CU_TR_ADDRESS_MODE_CLAMP);
SAME_VALUE(driver::AddressMode::mirror, CU_TR_ADDRESS_MODE_MIRROR);
SAME_VALUE(driver::AddressMode::border, CU_TR_ADDRESS_MODE_BORDER);
SAME_VALUE(driver::FilterMode::linear, CU_TR_FILTER_MODE_LINEAR);
SAME_VALUE(driver::read_as_integer, CU_TRSF_READ_AS_INTEGER);
SAME_VALUE(driver::normalized_coordinates, CU_TRSF_NORMALIZED_COORDINATES);
SAME_VALUE(driver::read_srgb, CU_TRSF_SRGB);
SAME_VALUE(driver::register_portable, CU_MEMHOSTREGISTER_PORTABLE);
SAME_VALUE(driver::register_device_map, CU_MEMHOSTREGISTER_DEVICEMAP);
SAME_VALUE(driver::stream_non_blocking, CU_STREAM_NON_BLOCKING);
SAME_VALUE(driver::event_disable_timing, CU_EVENT_DISABLE_TIMING);

SAME_SIZE(Uuid, CUuuid);
SAME_SIZE(ArrayDescriptor, CUDA_ARRAY3D_DESCRIPTOR);
SAME_PLACE(ArrayDescriptor, width, CUDA_ARRAY3D_DESCRIPTOR, Width);
SAME_PLACE(ArrayDescriptor, height, CUDA_ARRAY3D_DESCRIPTOR, Height);
SAME_PLACE(ArrayDescriptor, depth, CUDA_ARRAY3D_DESCRIPTOR, Depth);
SAME_PLACE(ArrayDescriptor, format, CUDA_ARRAY3D_DESCRIPTOR, Format);
SAME_PLACE(ArrayDescriptor, channels, CUDA_ARRAY3D_DESCRIPTOR, NumChannels);
SAME_PLACE(ArrayDescriptor, flags, CUDA_ARRAY3D_DESCRIPTOR, Flags);
SAME_SIZE(Memcpy3d, CUDA_MEMCPY3D);
SAME_PLACE(Memcpy3d, source_x_bytes, CUDA_MEMCPY3D, srcXInBytes);
SAME_PLACE(Memcpy3d, source_y, CUDA_MEMCPY3D, srcY);
SAME_PLACE(Memcpy3d, source_z, CUDA_MEMCPY3D, srcZ);
SAME_PLACE(Memcpy3d, source_level, CUDA_MEMCPY3D, srcLOD);
SAME_PLACE(Memcpy3d, source_type, CUDA_MEMCPY3D, srcMemoryType);
SAME_PLACE(Memcpy3d, source_host, CUDA_MEMCPY3D, srcHost);
SAME_PLACE(Memcpy3d, source_device, CUDA_MEMCPY3D, srcDevice);
SAME_PLACE(Memcpy3d, source_array, CUDA_MEMCPY3D, srcArray);
SAME_PLACE(Memcpy3d, source_pitch, CUDA_MEMCPY3D, srcPitch);
SAME_PLACE(Memcpy3d, source_height, CUDA_MEMCPY3D, srcHeight);
SAME_PLACE(Memcpy3d, target_x_bytes, CUDA_MEMCPY3D, dstXInBytes);
SAME_PLACE(Memcpy3d, target_y, CUDA_MEMCPY3D, dstY);
SAME_PLACE(Memcpy3d, target_z, CUDA_MEMCPY3D, dstZ);
SAME_PLACE(Memcpy3d, target_level, CUDA_MEMCPY3D, dstLOD);
SAME_PLACE(Memcpy3d, target_type, CUDA_MEMCPY3D, dstMemoryType);
SAME_PLACE(Memcpy3d, target_host, CUDA_MEMCPY3D, dstHost);
SAME_PLACE(Memcpy3d, target_device, CUDA_MEMCPY3D, dstDevice);
SAME_PLACE(Memcpy3d, target_array, CUDA_MEMCPY3D, dstArray);
SAME_PLACE(Memcpy3d, target_pitch, CUDA_MEMCPY3D, dstPitch);
SAME_PLACE(Memcpy3d, target_height, CUDA_MEMCPY3D, dstHeight);
SAME_PLACE(Memcpy3d, width_bytes, CUDA_MEMCPY3D, WidthInBytes);
SAME_PLACE(Memcpy3d, height, CUDA_MEMCPY3D, Height);
SAME_PLACE(Memcpy3d, depth, CUDA_MEMCPY3D, Depth);
SAME_SIZE(Memcpy3d, CUDA_MEMCPY3D_PEER);
SAME_PLACE(Memcpy3d, source_array, CUDA_MEMCPY3D_PEER, srcArray);
SAME_PLACE(Memcpy3d, source_context, CUDA_MEMCPY3D_PEER, srcContext);
SAME_PLACE(Memcpy3d, source_pitch, CUDA_MEMCPY3D_PEER, srcPitch);
SAME_PLACE(Memcpy3d, target_type, CUDA_MEMCPY3D_PEER, dstMemoryType);
SAME_PLACE(Memcpy3d, target_context, CUDA_MEMCPY3D_PEER, dstContext);
SAME_PLACE(Memcpy3d, target_height, CUDA_MEMCPY3D_PEER, dstHeight);
SAME_PLACE(Memcpy3d, depth, CUDA_MEMCPY3D_PEER, Depth);

SAME_VALUE(Attribute::virtual_memory_management_supported, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED);
SAME_VALUE(Attribute::posix_fd_supported, CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED);
SAME_VALUE(driver::allocation_pinned, CU_MEM_ALLOCATION_TYPE_PINNED);
SAME_VALUE(driver::allocation_posix_fd, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR);
SAME_VALUE(driver::location_device, CU_MEM_LOCATION_TYPE_DEVICE);
SAME_VALUE(driver::access_read_write, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
SAME_VALUE(driver::granularity_minimum, CU_MEM_ALLOC_GRANULARITY_MINIMUM);
#if CUDA_VERSION >= 11070
SAME_VALUE(Attribute::dma_buf_supported, CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED);
SAME_VALUE(driver::range_dma_buf, CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD);
#endif
#if CUDA_VERSION >= 13000
SAME_VALUE(driver::memory_dma_buf, CU_EXTERNAL_MEMORY_HANDLE_TYPE_DMABUF_FD);
#endif
SAME_SIZE(Location, CUmemLocation);
SAME_SIZE(AllocationProperties, CUmemAllocationProp);
SAME_PLACE(AllocationProperties, handle_types, CUmemAllocationProp, requestedHandleTypes);
SAME_PLACE(AllocationProperties, location, CUmemAllocationProp, location);
SAME_PLACE(AllocationProperties, win32_meta_data, CUmemAllocationProp, win32HandleMetaData);
SAME_PLACE(AllocationProperties, compression, CUmemAllocationProp, allocFlags.compressionType);
SAME_PLACE(AllocationProperties, usage, CUmemAllocationProp, allocFlags.usage);
SAME_SIZE(AccessDescriptor, CUmemAccessDesc);
SAME_PLACE(AccessDescriptor, flags, CUmemAccessDesc, flags);
SAME_SIZE(ExternalMemoryBuffer, CUDA_EXTERNAL_MEMORY_BUFFER_DESC);
SAME_PLACE(ExternalMemoryBuffer, offset, CUDA_EXTERNAL_MEMORY_BUFFER_DESC, offset);
SAME_PLACE(ExternalMemoryBuffer, size, CUDA_EXTERNAL_MEMORY_BUFFER_DESC, size);
SAME_PLACE(ExternalMemoryBuffer, flags, CUDA_EXTERNAL_MEMORY_BUFFER_DESC, flags);
SAME_SIZE(ExternalMemoryHandle, CUDA_EXTERNAL_MEMORY_HANDLE_DESC);
SAME_PLACE(ExternalMemoryHandle, type, CUDA_EXTERNAL_MEMORY_HANDLE_DESC, type);
SAME_PLACE(ExternalMemoryHandle, fd, CUDA_EXTERNAL_MEMORY_HANDLE_DESC, handle.fd);
SAME_PLACE(ExternalMemoryHandle, win32, CUDA_EXTERNAL_MEMORY_HANDLE_DESC, handle.win32);
SAME_PLACE(ExternalMemoryHandle, size, CUDA_EXTERNAL_MEMORY_HANDLE_DESC, size);
SAME_PLACE(ExternalMemoryHandle, flags, CUDA_EXTERNAL_MEMORY_HANDLE_DESC, flags);
SAME_SIZE(ExternalMemoryArray, CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC);
SAME_PLACE(ExternalMemoryArray, offset, CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC, offset);
SAME_PLACE(ExternalMemoryArray, array, CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC, arrayDesc);
SAME_PLACE(ExternalMemoryArray, levels, CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC, numLevels);
SAME_SIZE(ExternalSemaphoreHandle, CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC);
SAME_PLACE(ExternalSemaphoreHandle, type, CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC, type);
SAME_PLACE(ExternalSemaphoreHandle, fd, CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC, handle.fd);
SAME_PLACE(ExternalSemaphoreHandle, flags, CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC, flags);
SAME_SIZE(SemaphoreUse, CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS);
SAME_SIZE(SemaphoreUse, CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS);
SAME_PLACE(SemaphoreUse, value, CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS, params.fence.value);
SAME_PLACE(SemaphoreUse, value, CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS, params.fence.value);
SAME_PLACE(SemaphoreUse, flags, CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS, flags);
SAME_PLACE(SemaphoreUse, flags, CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS, flags);
SAME_SIZE(Resource, CUDA_RESOURCE_DESC);
SAME_PLACE(Resource, type, CUDA_RESOURCE_DESC, resType);
SAME_PLACE(Resource, array, CUDA_RESOURCE_DESC, res.array.hArray);
SAME_PLACE(Resource, mipmapped_array, CUDA_RESOURCE_DESC, res.mipmap.hMipmappedArray);
SAME_PLACE(Resource, flags, CUDA_RESOURCE_DESC, flags);
static_assert(offsetof(driver::Resource, pitched.format) == offsetof(CUDA_RESOURCE_DESC, res.pitch2D.format) &&
              offsetof(driver::Resource, pitched.channels) == offsetof(CUDA_RESOURCE_DESC, res.pitch2D.numChannels) &&
              offsetof(driver::Resource, pitched.width) == offsetof(CUDA_RESOURCE_DESC, res.pitch2D.width) &&
              offsetof(driver::Resource, pitched.height) == offsetof(CUDA_RESOURCE_DESC, res.pitch2D.height) &&
              offsetof(driver::Resource, pitched.pitch) == offsetof(CUDA_RESOURCE_DESC, res.pitch2D.pitchInBytes));
SAME_SIZE(Sampling, CUDA_TEXTURE_DESC);
SAME_PLACE(Sampling, address, CUDA_TEXTURE_DESC, addressMode);
SAME_PLACE(Sampling, filter, CUDA_TEXTURE_DESC, filterMode);
SAME_PLACE(Sampling, flags, CUDA_TEXTURE_DESC, flags);
SAME_PLACE(Sampling, max_anisotropy, CUDA_TEXTURE_DESC, maxAnisotropy);
SAME_PLACE(Sampling, mip_filter, CUDA_TEXTURE_DESC, mipmapFilterMode);
SAME_PLACE(Sampling, mip_bias, CUDA_TEXTURE_DESC, mipmapLevelBias);
SAME_PLACE(Sampling, min_mip, CUDA_TEXTURE_DESC, minMipmapLevelClamp);
SAME_PLACE(Sampling, max_mip, CUDA_TEXTURE_DESC, maxMipmapLevelClamp);
SAME_PLACE(Sampling, border, CUDA_TEXTURE_DESC, borderColor);

// What is compared above is compared by the compiler; that this is linked says that it was.
TEST(CudaDriverApi, IsTheToolkits) { EXPECT_GE(CUDA_VERSION, 11000); }
