// CUDA's own way between two processes: linear device memory and events by cuIpc*. It carries no textures: each end
// has an array of its own, and copies.
#include "bare_cuda.hpp"
#include "bare_ring.hpp"

namespace bench {

namespace {

constexpr unsigned interprocess_event = 4 | driver::event_disable_timing;  // CU_EVENT_INTERPROCESS
constexpr unsigned lazy_peer_access = 1;                                   // CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS

struct IpcSlot {
  IpcHandle memory;
  IpcHandle handed;
  std::array<IpcHandle, most_consumers> taken;
};

BareCuda open() {
  BareCuda cuda = BareCuda::open(nullptr);
#define BENCH_CU_CHECK(name, parameters) \
  if (cuda.name == nullptr) throw Unavailable("this libcuda has no " #name);
  BENCH_CU_OPTIONAL(BENCH_CU_CHECK)
#undef BENCH_CU_CHECK
  return cuda;
}

driver::Array make_array(const BareCuda& cuda, const Scene& scene) {
  const driver::ArrayDescriptor description{
      scene.width, scene.height, 0, scene.wide ? driver::ArrayFormat::half : driver::ArrayFormat::unsigned_int8, 4, 0};
  driver::MipmappedArray levels = nullptr;
  driver::Array array = nullptr;
  check(cuda.cuMipmappedArrayCreate(&levels, &description, 1), "cuMipmappedArrayCreate");
  check(cuda.cuMipmappedArrayGetLevel(&array, levels, 0), "cuMipmappedArrayGetLevel");
  return array;
}

// Between an array and linear memory; the row is as long as the picture's.
driver::Memcpy3d whole(const Scene& scene) {
  driver::Memcpy3d copy;
  copy.source_type = copy.target_type = driver::MemoryType::array;
  copy.source_pitch = copy.target_pitch = scene.width * scene.texel_bytes();
  copy.source_height = copy.target_height = scene.height;
  copy.width_bytes = scene.width * scene.texel_bytes();
  copy.height = scene.height;
  copy.depth = 1;
  return copy;
}

class IpcProducer final : public Producer {
 public:
  explicit IpcProducer(const Seat& seat)
      : seat_(seat), cuda_(open()), work_(cuda_, cuda_.stream, seat.scene), array_(make_array(cuda_, seat.scene)) {
    for (std::uint32_t i = 0; i < seat.scene.depth; ++i) {
      IpcSlot slot;
      Slot& mine = slots_.emplace_back();
      check(cuda_.cuMemAlloc_v2(&mine.memory, seat.scene.bytes()), "cuMemAlloc");
      if (cuda_.cuIpcGetMemHandle(&slot.memory, mine.memory) != driver::success) {
        throw Unavailable("this machine has no IPC of CUDA's (cuIpcGetMemHandle)");
      }
      mine.handed = cuda_.make_event(interprocess_event);
      check(cuda_.cuIpcGetEventHandle(&slot.handed, mine.handed), "cuIpcGetEventHandle");
      for (std::size_t k = 0; k < seat.scene.consumers; ++k) {
        mine.taken.push_back(cuda_.make_event(interprocess_event));
        check(cuda_.cuIpcGetEventHandle(&slot.taken[k], mine.taken[k]), "cuIpcGetEventHandle");
      }
      for (const int socket : seat.sockets) send_bytes(socket, std::as_bytes(std::span(&slot, 1)));
    }
  }
  void produce(std::uint32_t number) override {
    const std::uint32_t depth = seat_.scene.depth;
    const std::uint32_t place = number % remembered;
    const Slot& slot = slots_[(number - 1) % depth];
    const std::uint32_t stamp = work_.write(array_, place);
    if (number > depth) {
      for (std::size_t i = 0; i < seat_.scene.consumers; ++i) {
        seat_.mail.ends[i].taken.await(number - depth);
        check(cuda_.cuStreamWaitEvent(cuda_.stream, slot.taken[i], 0), "cuStreamWaitEvent");
      }
    }
    driver::Memcpy3d copy = whole(seat_.scene);
    copy.source_array = array_;
    copy.target_type = driver::MemoryType::device;
    copy.target_device = slot.memory;
    check(cuda_.cuMemcpy3DAsync_v2(&copy, cuda_.stream), "cuMemcpy3DAsync");
    check(cuda_.cuEventRecord(slot.handed, cuda_.stream), "cuEventRecord");
    seat_.mail.stamps[place] = stamp;
    seat_.mail.handed.set(number);
  }
  std::string sync() const override { return "CUDA events"; }

 private:
  struct Slot {
    driver::DevicePointer memory = 0;
    driver::Event handed = nullptr;
    std::vector<driver::Event> taken;
  };
  Seat seat_;
  BareCuda cuda_;
  CudaWork work_;
  driver::Array array_;
  std::vector<Slot> slots_;
};

class IpcConsumer final : public Consumer {
 public:
  explicit IpcConsumer(const Seat& seat)
      : seat_(seat), cuda_(open()), work_(cuda_, cuda_.stream, seat.scene), array_(make_array(cuda_, seat.scene)) {
    for (std::uint32_t i = 0; i < seat.scene.depth; ++i) {
      IpcSlot theirs;
      receive_bytes(seat.sockets[0], std::as_writable_bytes(std::span(&theirs, 1)));
      Slot& slot = slots_.emplace_back();
      check(cuda_.cuIpcOpenMemHandle_v2(&slot.memory, theirs.memory, lazy_peer_access), "cuIpcOpenMemHandle");
      check(cuda_.cuIpcOpenEventHandle(&slot.handed, theirs.handed), "cuIpcOpenEventHandle");
      check(cuda_.cuIpcOpenEventHandle(&slot.taken, theirs.taken[seat.index]), "cuIpcOpenEventHandle");
    }
  }
  void take(std::uint32_t number) override {
    seat_.mail.handed.await(number);
    const std::uint32_t place = number % remembered;
    const Slot& slot = slots_[(number - 1) % slots_.size()];
    check(cuda_.cuStreamWaitEvent(cuda_.stream, slot.handed, 0), "cuStreamWaitEvent");
    driver::Memcpy3d copy = whole(seat_.scene);
    copy.source_type = driver::MemoryType::device;
    copy.source_device = slot.memory;
    copy.target_array = array_;
    check(cuda_.cuMemcpy3DAsync_v2(&copy, cuda_.stream), "cuMemcpy3DAsync");
    check(cuda_.cuEventRecord(slot.taken, cuda_.stream), "cuEventRecord");
    seat_.mail.ends[seat_.index].taken.set(number);
    work_.read(array_, place);
    work_.mark(place);
  }
  std::uint32_t finish(std::uint32_t number) override { return work_.await(number % remembered); }

 private:
  struct Slot {
    driver::DevicePointer memory = 0;
    driver::Event handed = nullptr;
    driver::Event taken = nullptr;
  };
  Seat seat_;
  BareCuda cuda_;
  CudaWork work_;
  driver::Array array_;
  std::vector<Slot> slots_;
};

std::unique_ptr<Producer> produce(const Seat& seat) { return std::make_unique<IpcProducer>(seat); }
std::unique_ptr<Consumer> consume(const Seat& seat) { return std::make_unique<IpcConsumer>(seat); }

}  // namespace

const Way cuda_ipc{"CUDA IPC", "cuda", produce, consume};

}  // namespace bench
