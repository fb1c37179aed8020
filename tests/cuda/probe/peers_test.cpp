// Two real GPUs: what Vulkan and CUDA make on one is exact on the other, waited for by fences of the GPU's, and fetched
// about as fast as CUDA copies plain memory. Nothing runs without GEYSER_RIG=gpu and a second device.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstring>

#include <geyser/vulkan.hpp>

#include "cuda/texture.hpp"
#include "support/cuda_stand_in.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

namespace driver = cuda::driver;

class CudaPeersProbe : public testing::Test {
 protected:
  void SetUp() override {
    auto library = cuda::open_cuda();
    cuda::Options second;
    second.device_index = 1;
    if (!is_rig("gpu") || !library || library->symbol(cuda_stand_in_symbol) != nullptr ||
        !cuda::create_manager(second)) {
      std::printf("NOT RUN: two GPUs of NVIDIA's and GEYSER_RIG=gpu are needed\n");
      GTEST_SKIP() << "no second GPU";
    }
    library_ = *std::move(library);
  }
  // A manager on each device; the first one publishes Vulkan's memory, too.
  void open(std::uint32_t from, std::uint32_t to) {
    cuda::Options options;
    options.device_index = from;
    auto there = cuda::create_manager(options);
    ASSERT_TRUE(there) << there.error().to_string();
    there_ = *std::move(there);
    vulkan::Options vulkan;
    vulkan.device.device_uuid = there_->capabilities().identity.device_uuid;
    auto allocator = vulkan::create_manager(vulkan);
    ASSERT_TRUE(allocator) << allocator.error().to_string();
    ASSERT_TRUE(there_->use_allocator(*std::move(allocator)));
    options.device_index = to;
    options.other_devices = true;
    auto here = cuda::create_manager(options);
    ASSERT_TRUE(here) << here.error().to_string();
    here_ = *std::move(here);
    const PeerDevice* peer = find_peer(here_->capabilities(), there_->capabilities().identity);
    ASSERT_NE(peer, nullptr);
    std::printf("%u to %u: direct %d, %.1f GB/s measured at set-up\n", from, to, peer->direct ? 1 : 0,
                static_cast<double>(peer->bandwidth) / 1e9);
  }
  struct Shared {
    std::unique_ptr<SharedTexture> theirs, mine;
    std::shared_ptr<SharedFence> written, written_here, read, read_here;
  };
  Shared share(const TextureDescriptor& descriptor, const NegotiationPolicy& policy) {
    Shared shared;
    const auto agreed = negotiate(descriptor, there_->capabilities(), here_->capabilities(), policy);
    EXPECT_TRUE(agreed) << (agreed ? "" : agreed.error().to_string());
    if (!agreed) return shared;
    EXPECT_EQ(agreed->path, SharePath::gpu_copy);
    auto theirs = there_->create_texture(descriptor, *agreed);
    EXPECT_TRUE(theirs) << (theirs ? "" : theirs.error().to_string());
    if (!theirs) return shared;
    auto mine = here_->import_shared_texture(*there_->export_texture(**theirs));
    EXPECT_TRUE(mine) << (mine ? "" : mine.error().to_string());
    if (!mine) return shared;
    shared.theirs = *std::move(theirs);
    shared.mine = *std::move(mine);
    for (auto [made, opened] :
         {std::pair(&shared.written, &shared.written_here), std::pair(&shared.read, &shared.read_here)}) {
      *made = *there_->create_fence(FenceKind::opaque_fd_timeline);
      auto fence = here_->import_fence(*(*made)->export_handle());
      EXPECT_TRUE(fence) << (fence ? "" : fence.error().to_string());
      if (fence) *opened = *std::move(fence);
    }
    EXPECT_TRUE(shared.theirs->set_signal_fence(shared.written));
    EXPECT_TRUE(shared.mine->set_signal_fence(shared.read_here));
    return shared;
  }
  // As the importer knows it.
  static AccessState across(AccessState state, const std::shared_ptr<SharedFence>& fence) {
    AccessState other;
    other.serial = state.serial;
    other.initialized = true;
    EXPECT_TRUE(other.writer.add({fence, state.writer.begin()->value}));
    return other;
  }
  static void copy(SharedTexture& texture, std::vector<std::byte>& packed, cuda::Toward toward) {
    auto& one = static_cast<cuda::CudaTexture&>(texture);
    auto current = cuda::Current::open(*one.context());
    ASSERT_TRUE(current);
    ASSERT_TRUE(one.queue_packed(packed.data(), toward));
    if (toward == cuda::Toward::device) return;
    ASSERT_TRUE(one.context()->finish(std::chrono::seconds(10)));
  }
  void expect_exact(const TextureDescriptor& descriptor, const NegotiationPolicy& policy) {
    Shared shared = share(descriptor, policy);
    if (shared.mine == nullptr || shared.read_here == nullptr) return;
    AccessState state;
    for (std::uint32_t frame = 1; frame <= 5; ++frame) {
      std::vector<std::byte> pattern = make_pattern(descriptor, frame);
      auto writing = shared.theirs->begin_access(AccessMode::discard, state);
      ASSERT_TRUE(writing) << writing.error().to_string();
      copy(*shared.theirs, pattern, cuda::Toward::device);
      auto written = shared.theirs->end_access(*std::move(writing));
      ASSERT_TRUE(written) << written.error().to_string();
      auto reading = shared.mine->begin_access(AccessMode::read, across(*written, shared.written_here));
      ASSERT_TRUE(reading) << reading.error().to_string();
      std::vector<std::byte> seen(pattern.size());
      copy(*shared.mine, seen, cuda::Toward::host);
      EXPECT_EQ(difference(descriptor, pattern, seen), "") << to_string(descriptor) << ", frame " << frame;
      auto read = shared.mine->end_access(*std::move(reading));
      ASSERT_TRUE(read) << read.error().to_string();
      EXPECT_EQ(shared.mine->statistics().host_waits, 0U);
      state = *written;
      ASSERT_TRUE(state.readers.add({shared.read, read->readers.begin()->value}));
    }
  }
  // Bytes a second of a plain copy from device memory to device memory.
  double plain_copy(std::size_t bytes, int count) {
    int (*allocate)(driver::DevicePointer*, std::size_t) = nullptr;
    int (*copy_peer)(driver::DevicePointer, driver::Context, driver::DevicePointer, driver::Context, std::size_t,
                     driver::Stream) = nullptr;
    allocate = reinterpret_cast<decltype(allocate)>(library_.symbol("cuMemAlloc_v2"));
    copy_peer = reinterpret_cast<decltype(copy_peer)>(library_.symbol("cuMemcpyPeerAsync"));
    const cuda::Functions cu = *cuda::load_functions(library_);
    const auto from = *cuda::native(*there_);
    const auto to = *cuda::native(*here_);
    driver::DevicePointer source = 0;
    driver::DevicePointer target = 0;
    driver::Context popped = nullptr;
    cu.cuCtxPushCurrent_v2(from.context);
    EXPECT_EQ(allocate(&source, bytes), 0);
    cu.cuCtxPopCurrent_v2(&popped);
    cu.cuCtxPushCurrent_v2(to.context);
    EXPECT_EQ(allocate(&target, bytes), 0);
    driver::Event event = nullptr;
    cu.cuEventCreate(&event, driver::event_disable_timing);
    const auto run = [&](int times) {
      for (int i = 0; i < times; ++i) {
        EXPECT_EQ(copy_peer(target, to.context, source, from.context, bytes, to.stream), 0);
      }
      cu.cuEventRecord(event, to.stream);
      while (cu.cuEventQuery(event) == driver::not_ready) continue;
    };
    run(2);
    const auto begin = std::chrono::steady_clock::now();
    run(count);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    cu.cuEventDestroy_v2(event);
    cu.cuMemFree_v2(target);
    cu.cuCtxPopCurrent_v2(&popped);
    cu.cuCtxPushCurrent_v2(from.context);
    cu.cuMemFree_v2(source);
    cu.cuCtxPopCurrent_v2(&popped);
    return static_cast<double>(bytes) * count / took.count();
  }
  double fetch(const TextureDescriptor& descriptor, const NegotiationPolicy& policy, int count) {
    Shared shared = share(descriptor, policy);
    if (shared.mine == nullptr || shared.read_here == nullptr) return 0;
    AccessState written;
    const auto run = [&](int times) {
      for (int i = 0; i < times; ++i) {
        ++written.serial;  // a new frame each time
        written.initialized = true;
        auto reading = shared.mine->begin_access(AccessMode::read, written);
        ASSERT_TRUE(reading) << reading.error().to_string();
        ASSERT_TRUE(shared.mine->end_access(*std::move(reading)));
      }
      ASSERT_TRUE(static_cast<cuda::CudaTexture&>(*shared.mine).context()->finish(std::chrono::seconds(20)));
    };
    run(2);
    const auto begin = std::chrono::steady_clock::now();
    run(count);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return 8.0 * descriptor.extent.width * descriptor.extent.height * count / took.count();
  }

  // One thing at a time: who made the array there, and whose memory the slots are.
  void print_ways(const TextureDescriptor& descriptor) {
    TextureDescriptor any;
    any.extent = {8, 8, 1};
    auto at = here_->create_texture(any, HandleKind::host_memory);
    auto from = there_->create_texture(any, HandleKind::host_memory);
    ASSERT_TRUE(at && from);
    const auto here = static_cast<cuda::CudaTexture&>(**at).context();
    const auto there = static_cast<cuda::CudaTexture&>(**from).context();
    const cuda::ArrayKind kind = here->array_kind(descriptor.format);
    NegotiationPolicy policy;
    policy.allow_dma_buf = false;
    const auto agreed = negotiate(descriptor, there_->capabilities(), here_->capabilities(), policy);
    ASSERT_TRUE(agreed);
    auto made = there_->create_texture(descriptor, *agreed);
    ASSERT_TRUE(made) << made.error().to_string();
    auto current = cuda::Current::open(*here);
    ASSERT_TRUE(current);
    auto target = cuda::ArrayImage::create(here, descriptor, kind);
    ASSERT_TRUE(target);
    const auto mine = [&](std::uint32_t level) {
      cuda::Place place;
      place.array = target->level(level);
      return place;
    };
    for (const bool vulkans : {false, true}) {
      for (const bool direct : {false, true}) {
        auto parcel = there_->export_texture(**made);
        ASSERT_TRUE(parcel);
        auto source = vulkans ? cuda::PeerTexture::import(here, there, *parcel, direct)
                              : cuda::PeerTexture::create(here, there, descriptor, kind, direct);
        ASSERT_TRUE(source) << source.error().to_string();
        for (int i = 0; i < 2; ++i) ASSERT_TRUE(source->fetch(descriptor, mine));
        ASSERT_TRUE(here->finish(std::chrono::seconds(10)));
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(source->fetch(descriptor, mine));
        ASSERT_TRUE(here->finish(std::chrono::seconds(10)));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        std::printf("  array of %s, slots of %s memory: %.1f GB/s\n", vulkans ? "Vulkan's" : "CUDA's",
                    direct ? "the device's" : "the host's",
                    8.0 * descriptor.extent.width * descriptor.extent.height * 20 / took.count() / 1e9);
      }
    }
  }

  platform::DynamicLibrary library_;
  std::unique_ptr<TextureShareManager> there_;
  std::unique_ptr<TextureShareManager> here_;
};

TEST_F(CudaPeersProbe, EveryPairIsExact) {
  NegotiationPolicy rows;
  rows.allow_dma_buf = false;
  NegotiationPolicy tiled = rows;
  for (const auto& [from, to] : {std::pair(0U, 1U), std::pair(1U, 0U)}) {
    open(from, to);
    for (const TextureFormat format :
         {TextureFormat::rgba8_unorm, TextureFormat::rgba16_float, TextureFormat::r32_float}) {
      TextureDescriptor descriptor;
      descriptor.extent = {1021, 517, 1};
      descriptor.format = format;
      expect_exact(descriptor, tiled);
      descriptor.mip_levels = 4;
      expect_exact(descriptor, tiled);
    }
    TextureDescriptor no_array;  // CUDA has rows of it only
    no_array.extent = {333, 77, 1};
    no_array.format = TextureFormat::rgb565_unorm;
    expect_exact(no_array, rows);
  }
}

TEST_F(CudaPeersProbe, FetchingIsAboutAsFastAsAPlainCopy) {
  NegotiationPolicy policy;
  policy.allow_dma_buf = false;
  open(0, 1);
  for (const Extent3D extent : {Extent3D{3840, 2160, 1}, Extent3D{7680, 4320, 1}}) {
    TextureDescriptor descriptor;
    descriptor.extent = extent;
    descriptor.format = TextureFormat::rgba16_float;
    const std::size_t bytes = std::size_t{extent.width} * extent.height * 8;
    const double plain = plain_copy(bytes, 40);
    const double fetched = fetch(descriptor, policy, 40);
    std::printf("%ux%u rgba16_float: fetched %.1f GB/s, plain %.1f GB/s, ratio %.2f\n", extent.width, extent.height,
                fetched / 1e9, plain / 1e9, fetched / plain);
    EXPECT_GE(fetched, 0.9 * plain);
    print_ways(descriptor);
  }
}

}  // namespace
}  // namespace geyser::test
