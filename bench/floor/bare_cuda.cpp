#include "bare_cuda.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "bare_ring.hpp"

namespace bench {

void check(driver::Result result, const char* what) {
  if (result != driver::success) {
    throw std::runtime_error(std::string(what) + " gave CUresult " + std::to_string(static_cast<int>(result)));
  }
}

BareCuda BareCuda::load() {
  const char* named = std::getenv("GEYSER_CUDA_LIBRARY");
  const char* file = named != nullptr ? named : "libcuda.so.1";
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Unavailable(std::string("there is no ") + file);
  BareCuda cuda;
#define BENCH_CU_LOAD(name, parameters) \
  cuda.name = reinterpret_cast<driver::Result(*) parameters>(dlsym(library, #name));
  BENCH_CU_FUNCTIONS(BENCH_CU_LOAD)
  BENCH_CU_OPTIONAL(BENCH_CU_LOAD)
#undef BENCH_CU_LOAD
#define BENCH_CU_CHECK(name, parameters) \
  if (cuda.name == nullptr) throw Unavailable(std::string(file) + " has no " #name);
  BENCH_CU_FUNCTIONS(BENCH_CU_CHECK)
#undef BENCH_CU_CHECK
  return cuda;
}

BareCuda BareCuda::open(const std::array<std::uint8_t, 16>* uuid) {
  BareCuda cuda = load();
  if (cuda.cuInit(0) != driver::success) throw Unavailable("CUDA finds no device");
  int count = 0;
  check(cuda.cuDeviceGetCount(&count), "cuDeviceGetCount");
  for (int i = 0; i < count; ++i) {
    driver::Device device = 0;
    driver::Uuid its;
    check(cuda.cuDeviceGet(&device, i), "cuDeviceGet");
    check(cuda.cuDeviceGetUuid(&its, device), "cuDeviceGetUuid");
    if (uuid != nullptr && !std::equal(uuid->begin(), uuid->end(), std::begin(its.bytes))) continue;
    check(cuda.cuDevicePrimaryCtxRetain(&cuda.context, device), "cuDevicePrimaryCtxRetain");
    check(cuda.cuCtxPushCurrent_v2(cuda.context), "cuCtxPushCurrent");
    check(cuda.cuStreamCreate(&cuda.stream, driver::stream_non_blocking), "cuStreamCreate");
    return cuda;
  }
  throw Unavailable("no CUDA device is the Vulkan device");
}

driver::Event BareCuda::make_event(unsigned flags) const {
  driver::Event event = nullptr;
  check(cuEventCreate(&event, flags), "cuEventCreate");
  return event;
}

void BareCuda::await(driver::Event event) const {
  if (cuEventSynchronize != nullptr) {
    check(cuEventSynchronize(event), "cuEventSynchronize");
    return;
  }
  driver::Result result = cuEventQuery(event);
  for (; result == driver::not_ready; result = cuEventQuery(event)) ::usleep(20);
  check(result, "cuEventQuery");
}

CudaWork::CudaWork(const BareCuda& cuda, driver::Stream stream, const Scene& scene)
    : cuda_(cuda), stream_(stream), scene_(scene) {
  constexpr std::size_t page = 4096;
  static_assert(remembered * sizeof(std::uint64_t) <= page);
  words_ = static_cast<std::uint64_t*>(std::aligned_alloc(page, page));
  if (words_ == nullptr) throw std::bad_alloc();
  std::fill_n(words_, remembered, 0U);
  check(cuda_.cuMemHostRegister_v2(words_, page, driver::register_portable), "cuMemHostRegister");
  for (std::uint32_t i = 0; i < remembered; ++i) events_.push_back(cuda_.make_event());
}

driver::Memcpy3d CudaWork::texel(std::uint32_t place) const {
  driver::Memcpy3d copy;
  copy.source_type = copy.target_type = driver::MemoryType::array;
  copy.source_host = copy.target_host = words_ + place;
  copy.source_pitch = copy.target_pitch = 8;
  copy.source_height = copy.target_height = 1;
  copy.width_bytes = scene_.texel_bytes();
  copy.height = copy.depth = 1;
  return copy;
}

void CudaWork::read(driver::Array array, std::uint32_t place) const {
  words_[place] = 0;
  driver::Memcpy3d copy = texel(place);
  copy.source_array = array;
  copy.source_x_bytes = (scene_.width - 1) * scene_.texel_bytes();
  copy.source_y = scene_.height - 1;
  copy.target_type = driver::MemoryType::host;
  check(cuda_.cuMemcpy3DAsync_v2(&copy, stream_), "cuMemcpy3DAsync");
}

std::uint32_t CudaWork::write(driver::Array array, std::uint32_t place) const {
  words_[place] = (place + 1) * 2654435761U;
  driver::Memcpy3d copy = texel(place);
  copy.target_array = array;
  copy.target_x_bytes = (scene_.width - 1) * scene_.texel_bytes();
  copy.target_y = scene_.height - 1;
  copy.source_type = driver::MemoryType::host;
  check(cuda_.cuMemcpy3DAsync_v2(&copy, stream_), "cuMemcpy3DAsync");
  return static_cast<std::uint32_t>(words_[place]);
}

void CudaWork::mark(std::uint32_t place) const { check(cuda_.cuEventRecord(events_[place], stream_), "cuEventRecord"); }

std::uint32_t CudaWork::await(std::uint32_t place) const {
  cuda_.await(events_[place]);
  return static_cast<std::uint32_t>(words_[place]);
}

namespace {

class BareCudaConsumer final : public Consumer {
 public:
  BareCudaConsumer(const Seat& seat, ReceivedRing ring)
      : seat_(seat), cuda_(BareCuda::open(&ring.setup.uuid)), work_(cuda_, cuda_.stream, seat.scene) {
    for (const int fd : ring.images) arrays_.push_back(import(fd, ring.setup.size));
    if (ring.setup.timeline == 0) return;
    handed_ = import_timeline(ring.handed);
    taken_ = import_timeline(ring.taken);
  }

  void take(std::uint32_t number) override {
    seat_.mail.handed.await(number);
    const std::uint32_t place = number % remembered;
    driver::SemaphoreUse use;
    use.value = number;
    if (handed_ != nullptr) {
      check(cuda_.cuWaitExternalSemaphoresAsync(&handed_, &use, 1, cuda_.stream), "cuWaitExternalSemaphoresAsync");
    }
    work_.read(arrays_[(number - 1) % arrays_.size()], place);
    if (taken_ != nullptr) {
      check(cuda_.cuSignalExternalSemaphoresAsync(&taken_, &use, 1, cuda_.stream), "cuSignalExternalSemaphoresAsync");
    }
    work_.mark(place);
    if (taken_ == nullptr) static_cast<void>(work_.await(place));
    seat_.mail.ends[seat_.index].taken.set(number);
  }

  std::uint32_t finish(std::uint32_t number) override { return work_.await(number % remembered); }

 private:
  driver::Array import(int fd, std::uint64_t size) const {
    driver::ExternalMemoryHandle handle;
    handle.type = driver::memory_opaque_fd;
    handle.fd = fd;
    handle.size = size;
    handle.flags = driver::memory_dedicated;
    driver::ExternalMemory memory = nullptr;
    check(cuda_.cuImportExternalMemory(&memory, &handle), "cuImportExternalMemory");
    driver::ExternalMemoryArray mapping;
    mapping.array = {seat_.scene.width,
                     seat_.scene.height,
                     0,
                     seat_.scene.wide ? driver::ArrayFormat::half : driver::ArrayFormat::unsigned_int8,
                     4,
                     0};
    mapping.levels = 1;
    driver::MipmappedArray levels = nullptr;
    driver::Array array = nullptr;
    check(cuda_.cuExternalMemoryGetMappedMipmappedArray(&levels, memory, &mapping), "mapping a mipmapped array");
    check(cuda_.cuMipmappedArrayGetLevel(&array, levels, 0), "cuMipmappedArrayGetLevel");
    return array;
  }
  driver::ExternalSemaphore import_timeline(int fd) const {
    driver::ExternalSemaphoreHandle handle;
    handle.type = driver::semaphore_timeline_fd;
    handle.fd = fd;
    driver::ExternalSemaphore semaphore = nullptr;
    check(cuda_.cuImportExternalSemaphore(&semaphore, &handle), "cuImportExternalSemaphore");
    return semaphore;
  }

  Seat seat_;
  BareCuda cuda_;
  CudaWork work_;
  std::vector<driver::Array> arrays_;
  driver::ExternalSemaphore handed_ = nullptr;
  driver::ExternalSemaphore taken_ = nullptr;
};

}  // namespace

std::unique_ptr<Consumer> make_bare_cuda_consumer(const Seat& seat) {
  return std::make_unique<BareCudaConsumer>(seat, receive_ring(seat.sockets[0], seat.scene));
}

}  // namespace bench
