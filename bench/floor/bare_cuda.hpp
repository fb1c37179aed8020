// As little of CUDA's driver API as the ways need, loaded at run time. Types and values are src/cuda/driver_api.hpp's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cuda/driver_api.hpp"
#include "way.hpp"

namespace bench {

namespace driver = geyser::cuda::driver;

struct IpcHandle {  // CUipcMemHandle, CUipcEventHandle
  std::array<std::byte, 64> bytes{};
};

// clang-format off
#define BENCH_CU_FUNCTIONS(X)                                                                           \
  X(cuInit, (unsigned)) X(cuDeviceGetCount, (int*)) X(cuDeviceGet, (driver::Device*, int))              \
  X(cuDeviceGetUuid, (driver::Uuid*, driver::Device))                                                   \
  X(cuDevicePrimaryCtxRetain, (driver::Context*, driver::Device))                                       \
  X(cuCtxPushCurrent_v2, (driver::Context)) X(cuStreamCreate, (driver::Stream*, unsigned))              \
  X(cuEventCreate, (driver::Event*, unsigned)) X(cuEventRecord, (driver::Event, driver::Stream))        \
  X(cuEventQuery, (driver::Event)) X(cuMemHostRegister_v2, (void*, std::size_t, unsigned))              \
  X(cuMemcpy3DAsync_v2, (const driver::Memcpy3d*, driver::Stream))                                      \
  X(cuMipmappedArrayCreate, (driver::MipmappedArray*, const driver::ArrayDescriptor*, unsigned))        \
  X(cuMipmappedArrayGetLevel, (driver::Array*, driver::MipmappedArray, unsigned))                       \
  X(cuImportExternalMemory, (driver::ExternalMemory*, const driver::ExternalMemoryHandle*))             \
  X(cuExternalMemoryGetMappedMipmappedArray,                                                            \
    (driver::MipmappedArray*, driver::ExternalMemory, const driver::ExternalMemoryArray*))              \
  X(cuImportExternalSemaphore, (driver::ExternalSemaphore*, const driver::ExternalSemaphoreHandle*))    \
  X(cuSignalExternalSemaphoresAsync,                                                                    \
    (const driver::ExternalSemaphore*, const driver::SemaphoreUse*, unsigned, driver::Stream))          \
  X(cuWaitExternalSemaphoresAsync,                                                                      \
    (const driver::ExternalSemaphore*, const driver::SemaphoreUse*, unsigned, driver::Stream))
// Null in a stand-in; what needs them is Unavailable then.
#define BENCH_CU_OPTIONAL(X)                                                                            \
  X(cuEventSynchronize, (driver::Event)) X(cuStreamWaitEvent, (driver::Stream, driver::Event, unsigned)) \
  X(cuMemAlloc_v2, (driver::DevicePointer*, std::size_t))                                               \
  X(cuIpcGetMemHandle, (IpcHandle*, driver::DevicePointer))                                             \
  X(cuIpcOpenMemHandle_v2, (driver::DevicePointer*, IpcHandle, unsigned))                               \
  X(cuIpcGetEventHandle, (IpcHandle*, driver::Event))                                                   \
  X(cuIpcOpenEventHandle, (driver::Event*, IpcHandle))
// clang-format on

struct BareCuda {
  driver::Context context = nullptr;
  driver::Stream stream = nullptr;
#define BENCH_CU_MEMBER(name, parameters) driver::Result(*name) parameters = nullptr;
  BENCH_CU_FUNCTIONS(BENCH_CU_MEMBER)
  BENCH_CU_OPTIONAL(BENCH_CU_MEMBER)
#undef BENCH_CU_MEMBER

  // The functions alone.
  static BareCuda load();
  // The device of that UUID (null: the first) by its primary context, which is current from then on, and a stream.
  static BareCuda open(const std::array<std::uint8_t, 16>* uuid);

  driver::Event make_event(unsigned flags = driver::event_disable_timing) const;
  void await(driver::Event event) const;
};

void check(driver::Result result, const char* what);

// The work of a frame in CUDA: the last texel of an array to or from memory of the host's, in turns as Work has it.
class CudaWork {
 public:
  CudaWork(const BareCuda& cuda, driver::Stream stream, const Scene& scene);
  // Queues the reading; `place` is the turn's.
  void read(driver::Array array, std::uint32_t place) const;
  // Queues the writing of a stamp, which is given.
  std::uint32_t write(driver::Array array, std::uint32_t place) const;
  // Marks the end of what is queued for the turn, and waits for it.
  void mark(std::uint32_t place) const;
  std::uint32_t await(std::uint32_t place) const;

 private:
  driver::Memcpy3d texel(std::uint32_t place) const;
  const BareCuda& cuda_;
  driver::Stream stream_;
  Scene scene_;
  std::uint64_t* words_ = nullptr;
  std::vector<driver::Event> events_;
};

}  // namespace bench
