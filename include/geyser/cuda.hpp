// CUDA's driver API. libcuda.so.1 (nvcuda.dll) is loaded at run time: nothing links it, and no toolkit is needed to
// build. The environment variable GEYSER_CUDA_LIBRARY names another file to load, for drivers in unusual places.
//
// Handle kinds: opaque_fd (tiled: what Vulkan made on the same GPU, opened as a mipmapped array; linear: rows in the
// GPU's memory by a device pointer, made by Vulkan or, with the VMM API, here), host_memory (linear: rows that the GPU
// uses in place by a device pointer; packed: copied to and from arrays of its own). Formats: those that CUDA has arrays
// for, which is asked by doing; linear rows may hold every format of one plane that is no depth format. CUDA makes
// linear memory alone, and opens fences and makes none: to publish tiled memory and with fences of the GPU's, give the
// manager a Vulkan manager of the same device by use_allocator(). No dma-bufs: CUDA imports them on Tegra only.
//
// On Windows, in place of descriptors, all of it opened and not made: opaque_win32, opaque_win32_kmt, d3d_nt (resources
// and heaps of Direct3D 12, textures of 11 without a keyed mutex), d3d_kmt; opaque_win32_timeline, d3d12_fence,
// opaque_win32_binary (by NT handle alone, not by number). Direct3D's handles ask for the same adapter (LUID). No rows
// in the GPU's memory there.
//
// Fence kinds: opaque_fd_timeline, opaque_fd_binary (waited for and signalled on the stream), host_timeline.
//
// Device identity: CUDA knows a GPU's UUID and not its driver's. One GPU has one driver of NVIDIA's at a time, so the
// driver's UUID stays empty here, which same_device_and_driver() takes for equal.
//
// Ownership: cuImportExternalMemory and cuImportExternalSemaphore take the descriptor when they succeed;
// cuMemImportFromShareableHandle, for memory that CUDA made, takes none: Geyser closes it. No Win32 handle is taken
// over: Geyser closes it, and numbers nobody closes.
//
// Threads: a manager, its textures and its fences are used by one thread at a time; each call makes the context current
// and brings the previous one back. Work of the caller's belongs on the manager's stream, or on one that waits for it,
// inside an access.
//
// Specification: CUDA Driver API, "External Resource Interoperability".
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

// The types that <cuda.h> calls CUcontext, CUstream, CUarray and CUmipmappedArray. Its CUdeviceptr, CUtexObject and
// CUsurfObject are numbers of 64 bits.
struct CUctx_st;
struct CUstream_st;
struct CUarray_st;
struct CUmipmappedArray_st;

namespace geyser::cuda {

// Which device create_manager picks: the first that fits everything given here.
struct Options {
  std::optional<std::uint32_t> device_index;  // among cuDeviceGet's
  std::optional<Uuid> device_uuid;            // as Vulkan and OpenGL have it for the same GPU
  DiagnosticHandler diagnostics;
  // Also opens opaque memory of CUDA's other devices (Capabilities::peers): each access copies it, on the manager's
  // stream (SharePath::gpu_copy). Retains the primary context of each such device, makes a stream there, lets this
  // device reach that one's memory where it can, and measures one copy.
  bool other_devices = false;
};

// Retains the device's primary context, which CUDA's runtime API uses too, and makes a stream of its own.
// Errors: not_available (no libcuda, a driver too old, no device that fits: each is named).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

// The caller's objects. Both stay the caller's and must outlive everything made here.
struct WrapOptions {
  CUctx_st* context = nullptr;    // null: the one that is current on this thread
  CUstream_st* stream = nullptr;  // null: the context's default stream
  DiagnosticHandler diagnostics;
  bool other_devices = false;  // as above
};
// Errors: not_available (no libcuda), invalid_argument (no context is given or current), device_lost (it is destroyed).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> wrap(const WrapOptions& options = {});

// Borrowed native objects; valid as long as the manager or texture.
struct NativeDevice {
  CUctx_st* context = nullptr;
  CUstream_st* stream = nullptr;
  int device = 0;
};
struct NativeTexture {
  CUarray_st* array = nullptr;  // level 0; null for linear rows
  CUmipmappedArray_st* mipmapped_array = nullptr;
  std::uint64_t pointer = 0;   // a CUdeviceptr, of linear rows; else 0
  std::uint64_t pitch = 0;     // bytes between rows, with `pointer`
  int array_format = 0;        // CUarray_format
  std::uint32_t channels = 0;  // bgra8's come in the order of memory: blue first
};
// Errors: invalid_argument (an object of another API).
[[nodiscard]] GEYSER_API Result<NativeDevice> native(const TextureShareManager& manager);
[[nodiscard]] GEYSER_API Result<NativeTexture> native(const SharedTexture& texture);

// A surface object (CUsurfObject) of one level, for kernels that write: all its layers, faces or slices. Made when it
// is first asked for, and the texture's: do not destroy it.
// Errors: invalid_argument (another API, no such level), unsupported (linear rows and compressed formats have none).
[[nodiscard]] GEYSER_API Result<std::uint64_t> surface_object(SharedTexture& texture, std::uint32_t level = 0);

// How a texture object reads. Values are CUDA's own. Formats of unorm, snorm and srgb read as floats, of uint and sint
// as integers; srgb is made linear.
enum class Address : std::uint8_t { wrap = 0, clamp = 1, mirror = 2, border = 3 };
struct Sampling {
  Address address = Address::clamp;
  bool filter = false;                  // between texels, and between levels; not for formats that read as integers
  bool normalized_coordinates = false;  // 0 to 1; `wrap` and `mirror`, and several levels, need it
  friend bool operator==(const Sampling&, const Sampling&) = default;
};
// A texture object (CUtexObject) over all levels, kept as above, one for each way of reading that was asked for.
// Errors: invalid_argument (another API; levels without normalized coordinates), unsupported (linear rows at a stride
// that the device cannot sample, or of a format that CUDA has no name for).
[[nodiscard]] GEYSER_API Result<std::uint64_t> texture_object(SharedTexture& texture, const Sampling& sampling = {});

// A linear texture as a tensor of height, width and channels, with what DLPack's DLTensor needs; nothing is copied.
// Inside an access, on the manager's stream. `pointer` and the numbers are valid as long as the texture.
struct TensorView {
  std::uint64_t pointer = 0;  // on the device
  std::uint64_t pitch = 0;    // bytes between rows
  int device = 0;
  std::array<std::int64_t, 3> shape{};    // height, width, channels
  std::array<std::int64_t, 3> strides{};  // in elements
  // DLDataType: DLPack's codes are 0 for signed integers, 1 for unsigned ones, 2 for floats. unorm and srgb are
  // unsigned integers here, snorm signed ones: memory is not converted.
  std::uint8_t type_code = 0;
  std::uint8_t type_bits = 0;
  std::uint16_t type_lanes = 1;
};
// Errors: invalid_argument (another API), unsupported (no linear rows; a packed or compressed format; rows that are no
// whole number of elements apart).
[[nodiscard]] GEYSER_API Result<TensorView> tensor(const SharedTexture& texture);

}  // namespace geyser::cuda
