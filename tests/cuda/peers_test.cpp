// Two devices: what is on one is opened by a manager on the other and copied there, on that manager's stream. The
// stand-in complains of everything that is used in another device's context.
#include "cuda/rig.hpp"
#include "cuda/texture.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

class CudaPeers : public CudaRig {
 protected:
  void SetUp() override {
    CudaRig::SetUp();
    cuda::Options first;
    first.device_index = 0;
    there_ = make(first);
    cuda::Options second;
    second.device_index = 1;
    second.other_devices = true;
    here_ = make(second);
    ASSERT_NE(there_, nullptr);
    ASSERT_NE(here_, nullptr);
  }
  void TearDown() override {
    if (stand_in_ != nullptr) stand_in_->hold(false);
    texture_.reset();
    memory_.reset();
    here_.reset();
    there_.reset();
    CudaRig::TearDown();
  }
  void without_peer_access() {
    stand_in_->set_peer_access(false);
    cuda::Options options;
    options.device_index = 1;
    options.other_devices = true;
    here_ = make(options);
    ASSERT_NE(here_, nullptr);
  }
  // An array on device 0, opened by the manager on device 1.
  void open(const TextureDescriptor& descriptor = small(), std::size_t size = 8192) {
    memory_.emplace(export_memory(*there_, descriptor, size));
    stand_in_->place_memory(static_cast<int>(memory_->parcel.handles[0].get()), 0);
    auto texture = here_->import_shared_texture(std::move(memory_->parcel));
    ASSERT_TRUE(texture) << texture.error().to_string();
    texture_ = *std::move(texture);
  }
  // Ends of accesses signal a semaphore of device 0's.
  template <typename Semaphore>
  void signal_there(Semaphore& semaphore) {
    stand_in_->place_memory(static_cast<int>(semaphore.handle.handle.get()), 0);
    auto fence = here_->import_fence(std::move(semaphore.handle));
    ASSERT_TRUE(fence) << fence.error().to_string();
    ASSERT_TRUE(texture_->set_signal_fence(*fence));
  }
  std::vector<std::byte> read() {
    auto& mine = static_cast<cuda::CudaTexture&>(*texture_);
    std::vector<std::byte> packed(host_size(texture_->descriptor()));
    auto current = cuda::Current::open(*mine.context());
    EXPECT_TRUE(current);
    EXPECT_TRUE(mine.queue_packed(packed.data(), cuda::Toward::host));
    EXPECT_TRUE(mine.context()->finish(std::chrono::seconds(1)));
    return packed;
  }
  void write(const std::vector<std::byte>& packed) {
    auto& mine = static_cast<cuda::CudaTexture&>(*texture_);
    auto current = cuda::Current::open(*mine.context());
    ASSERT_TRUE(current);
    std::vector<std::byte> bytes = packed;
    ASSERT_TRUE(mine.queue_packed(bytes.data(), cuda::Toward::device));
    ASSERT_TRUE(mine.context()->finish(std::chrono::seconds(1)));
  }
  static AccessState written(std::uint64_t serial) {
    AccessState state;
    state.serial = serial;
    state.initialized = true;
    return state;
  }

  std::unique_ptr<TextureShareManager> there_;  // on device 0
  std::unique_ptr<TextureShareManager> here_;   // on device 1
  std::optional<Exported> memory_;
  std::unique_ptr<SharedTexture> texture_;
};

TEST_F(CudaPeers, AreMeasuredOnceAndNegotiated) {
  ASSERT_EQ(here_->capabilities().peers.size(), 1U);
  const PeerDevice& peer = here_->capabilities().peers[0];
  EXPECT_EQ(peer.identity.device_name, "stand-in GPU 0");
  EXPECT_TRUE(peer.direct);
  EXPECT_GT(peer.bandwidth, 0U);
  EXPECT_TRUE(there_->capabilities().peers.empty()) << "only who asks for it";
  EXPECT_EQ(calls("cuCtxEnablePeerAccess"), 1);
  EXPECT_EQ(calls("peer copy 0 to 1 on a stream of 1"), 5) << "five frames of 16 MiB";
  auto agreed = negotiate(small(), there_->capabilities(), here_->capabilities());
  ASSERT_TRUE(agreed) << agreed.error().to_string();
  EXPECT_EQ(agreed->path, SharePath::gpu_copy);
  EXPECT_EQ(agreed->handle_kind, HandleKind::opaque_fd);
  EXPECT_EQ(agreed->bandwidth, peer.bandwidth);
  EXPECT_NE(to_string(*agreed).find("gpu_copy at "), std::string::npos) << to_string(*agreed);
  // Neither the other way round, nor where the policy forbids it.
  agreed = negotiate(small(), here_->capabilities(), there_->capabilities());
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->handle_kind, HandleKind::host_memory);
  EXPECT_EQ(agreed->bandwidth, 0U);
  NegotiationPolicy policy;
  policy.allow_gpu_copy = false;
  agreed = negotiate(small(), there_->capabilities(), here_->capabilities(), policy);
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->handle_kind, HandleKind::host_memory);
}

TEST_F(CudaPeers, WithoutPeerAccessFramesCrossTheHostsMemory) {
  const int made = calls("cuMemCreate");
  const int pinned = calls("cuMemHostRegister_v2");
  const int crossed = calls("peer copy 0 to 1 on a stream of 1");
  without_peer_access();
  ASSERT_EQ(here_->capabilities().peers.size(), 1U);
  EXPECT_FALSE(here_->capabilities().peers[0].direct);
  EXPECT_GT(here_->capabilities().peers[0].bandwidth, 0U);
  EXPECT_EQ(calls("cuCtxEnablePeerAccess"), 1) << "not asked of who cannot";
  EXPECT_EQ(calls("cuMemCreate"), made) << "rows there would be one copy more for nothing";
  EXPECT_GT(calls("cuMemHostRegister_v2"), pinned);
  EXPECT_EQ(calls("peer copy 0 to 1 on a stream of 1"), crossed) << "left to the driver";
}

TEST_F(CudaPeers, APeerThatDoesNotOpenIsReportedAndPassedOver) {
  stand_in_->fail("cuDevicePrimaryCtxRetain", 2, 1);
  cuda::Options options;
  options.device_index = 1;
  options.other_devices = true;
  auto manager = make(options);
  ASSERT_NE(manager, nullptr);
  EXPECT_TRUE(manager->capabilities().peers.empty());
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_NE(reports_[0].find("device [0] as a peer"), std::string::npos) << reports_[0];
  reports_.clear();
}

TEST_F(CudaPeers, AFrameIsFetchedOnceAndItsLevelsAreRight) {
  TextureDescriptor descriptor = small();
  descriptor.mip_levels = 2;
  open(descriptor);
  EXPECT_EQ(texture_->path(), SharePath::gpu_copy);
  const std::vector<std::byte> pattern = make_pattern(descriptor, 5);
  // As the stand-in lays it out: level after level.
  std::size_t at = 0;
  for (std::uint32_t level = 0; level < 2; ++level) {
    const HostSubresource sub = host_subresource(descriptor, 0, 0, level);
    for (std::uint32_t y = 0; y < sub.rows; ++y, at += sub.row_bytes) {
      std::memcpy(memory_->memory.bytes().data() + at, pattern.data() + sub.offset + y * sub.row_stride, sub.row_bytes);
    }
  }
  const int copies = calls("peer copy 0 to 1 on a stream of 1");
  auto access = texture_->begin_access(AccessMode::read, written(1));
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(difference(descriptor, pattern, read()), "");
  // A second reader of the same frame finds it here.
  auto second = texture_->begin_access(AccessMode::read, written(1));
  ASSERT_TRUE(second);
  EXPECT_TRUE(texture_->end_access(*std::move(second)));
  ASSERT_TRUE(texture_->end_access(*std::move(access)));
  EXPECT_EQ(calls("peer copy 0 to 1 on a stream of 1"), copies + 2) << "one for each level";
  EXPECT_EQ(texture_->statistics().bytes_copied, 2U * (16 * 8 * 4 + 8 * 4 * 4)) << "to rows there, and from there";
}

// A band crosses while the next one is taken from where it is; its slot is taken again when it is free. Rows of one
// slice, and several slices of a volume.
TEST_F(CudaPeers, LargeFramesAreFetchedInBands) {
  for (const bool direct : {true, false}) {
    if (!direct) without_peer_access();
    for (const Extent3D extent : {Extent3D{2001, 1352, 1}, Extent3D{511, 515, 9}}) {
      TextureDescriptor descriptor = small();
      descriptor.dimension = extent.depth > 1 ? TextureDimension::three_d : TextureDimension::two_d;
      descriptor.extent = extent;
      descriptor.format = TextureFormat::rgba32_float;
      open(descriptor, std::size_t{48} << 20);
      const HostSubresource sub = host_subresource(descriptor, 0, 0, 0);
      for (std::uint32_t frame = 1; frame <= 2; ++frame) {
        SCOPED_TRACE(testing::Message() << to_string(descriptor) << ", frame " << frame << ", direct " << direct);
        const std::vector<std::byte> pattern = make_pattern(descriptor, frame);
        for (std::size_t row = 0; row < sub.rows * sub.slices; ++row) {
          std::memcpy(memory_->memory.bytes().data() + row * sub.row_bytes,
                      pattern.data() + sub.offset + row * sub.row_stride, sub.row_bytes);
        }
        const int taken = calls("cuMemcpy3DAsync_v2");
        stand_in_->hold_device(1, true);  // as many bands are under way as there are slots
        auto access = texture_->begin_access(AccessMode::read, written(frame));
        ASSERT_TRUE(access) << access.error().to_string();
        stand_in_->hold_device(1, false);
        const int bands = calls("cuMemcpy3DAsync_v2") - taken;
        EXPECT_EQ(bands, direct ? 2 : extent.depth > 1 ? 2 * 9 : 2 * 6);
        EXPECT_EQ(difference(descriptor, pattern, read()), "");
        ASSERT_TRUE(texture_->end_access(*std::move(access)));
      }
      texture_.reset();
      memory_.reset();
    }
  }
}

TEST_F(CudaPeers, WhatIsWrittenHereIsSentBack) {
  open();
  const std::vector<std::byte> pattern = make_pattern(small(), 6);
  auto access = texture_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  write(pattern);
  auto ended = texture_->end_access(*std::move(access));
  ASSERT_TRUE(ended) << ended.error().to_string();
  EXPECT_EQ(calls("peer copy 1 to 0 on a stream of 1"), 1);
  const HostSubresource sub = host_subresource(small(), 0, 0, 0);
  for (std::uint32_t y = 0; y < sub.rows; ++y) {
    EXPECT_EQ(std::memcmp(memory_->memory.bytes().data() + y * sub.row_bytes, pattern.data() + y * sub.row_stride,
                          sub.row_bytes),
              0);
  }
  EXPECT_EQ(here_->export_texture(*texture_).error().code(), ErrorCode::unsupported);
}

// The writer's fence is waited for on its own device, whose stream the copy follows; what says that the frame has been
// read is signalled there when the copy is done. The CPU waits for nothing.
TEST_F(CudaPeers, FencesAreWaitedForAndSignalledWhereTheyAre) {
  open();
  auto of_writer = export_semaphore(FenceKind::opaque_fd_timeline);
  auto of_reader = export_semaphore(FenceKind::opaque_fd_timeline);
  of_reader.handle.id += 100;
  for (const auto* semaphore : {&of_writer, &of_reader}) {
    stand_in_->place_memory(static_cast<int>(semaphore->handle.handle.get()), 0);
  }
  auto writer = here_->import_fence(std::move(of_writer.handle));
  ASSERT_TRUE(writer) << writer.error().to_string();
  auto reader = here_->import_fence(std::move(of_reader.handle));
  ASSERT_TRUE(reader);
  ASSERT_TRUE(texture_->set_signal_fence(*reader));
  AccessState state = written(1);
  ASSERT_TRUE(state.writer.add({*writer, 3}));
  const int asked = calls("cuEventQuery");
  auto access = texture_->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access) << access.error().to_string();
  auto ended = texture_->end_access(*std::move(access));
  ASSERT_TRUE(ended) << ended.error().to_string();
  EXPECT_EQ(texture_->statistics().host_waits, 0U);
  EXPECT_EQ(texture_->statistics().gpu_waits, 1U);
  EXPECT_EQ(calls("cuEventQuery"), asked) << "the CPU asked for the end of something";
  EXPECT_EQ(of_reader.value(), 0U) << "read before it was written";
  std::memset(memory_->memory.bytes().data(), 0x3d, 16 * 8 * 4);
  of_writer.set(3);
  const std::vector<std::byte> seen = read();
  EXPECT_EQ(seen[0], std::byte{0x3d}) << "the copy did not wait for the writer";
  EXPECT_EQ(of_reader.value(), 1U);
}

// Read is what has been taken there, whether or not it has arrived; but a slot is taken when it is free.
TEST_F(CudaPeers, AFrameIsGivenBackWhileItStillCrosses) {
  for (const bool direct : {true, false}) {
    SCOPED_TRACE(direct);
    if (!direct) without_peer_access();
    open();
    auto semaphore = export_semaphore(FenceKind::opaque_fd_timeline);
    signal_there(semaphore);
    stand_in_->hold_device(1, true);
    for (std::uint64_t frame = 1; frame <= 4; ++frame) {
      std::memset(memory_->memory.bytes().data(), static_cast<int>(0x30 + frame), 16 * 8 * 4);
      auto access = texture_->begin_access(AccessMode::read, written(frame));
      ASSERT_TRUE(access) << access.error().to_string();
      ASSERT_TRUE(texture_->end_access(*std::move(access)));
      EXPECT_EQ(semaphore.value(), std::min<std::uint64_t>(frame, 3));
    }
    stand_in_->hold_device(1, false);
    EXPECT_EQ(read()[0], std::byte{0x34});
    EXPECT_EQ(semaphore.value(), 4U);
    EXPECT_EQ(texture_->statistics().host_waits, 0U);
    texture_.reset();
    memory_.reset();
  }
}

// What goes straight between this device and the other's memory: what is signalled there waits for it.
TEST_F(CudaPeers, ASignalWaitsForTheCopiesOfThisDevice) {
  const auto agreed = negotiate(small(), there_->capabilities(), here_->capabilities());
  ASSERT_TRUE(agreed);
  ASSERT_EQ(agreed->tiling, Tiling::linear);
  auto rows = there_->create_texture(small(), *agreed);
  ASSERT_TRUE(rows) << rows.error().to_string();
  for (const bool straight : {true, false}) {
    for (const AccessMode mode : {AccessMode::read, AccessMode::discard}) {
      if (!straight && mode == AccessMode::read) continue;  // by bands
      SCOPED_TRACE(testing::Message() << to_string(mode) << (straight ? " of rows" : " of an array"));
      if (straight) {
        auto opened = here_->import_shared_texture(*there_->export_texture(**rows));
        ASSERT_TRUE(opened) << opened.error().to_string();
        texture_ = *std::move(opened);
      } else {
        open();
      }
      auto semaphore = export_semaphore(FenceKind::opaque_fd_timeline);
      signal_there(semaphore);
      stand_in_->hold_device(1, true);
      auto access = texture_->begin_access(mode, written(1));
      ASSERT_TRUE(access) << access.error().to_string();
      ASSERT_TRUE(texture_->end_access(*std::move(access)));
      EXPECT_EQ(semaphore.value(), 0U) << "signalled before the copy";
      stand_in_->hold_device(1, false);
      read();
      EXPECT_EQ(semaphore.value(), 1U);
      texture_.reset();
      memory_.reset();
    }
  }
}

TEST_F(CudaPeers, AFenceOfNoDeviceIsRefused) {
  auto semaphore = export_semaphore(FenceKind::opaque_fd_timeline);
  stand_in_->place_memory(static_cast<int>(semaphore.handle.handle.get()), 7);
  auto refused = here_->import_fence(std::move(semaphore.handle));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle);
}

TEST_F(CudaPeers, RowsOfCudasAreFetchedToo) {
  const auto agreed = negotiate(small(), there_->capabilities(), here_->capabilities());
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->tiling, Tiling::linear) << "without an allocator CUDA makes nothing else";
  auto texture = there_->create_texture(small(), *agreed);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto opened = here_->import_shared_texture(*there_->export_texture(**texture));
  ASSERT_TRUE(opened) << opened.error().to_string();
  texture_ = *std::move(opened);
  auto writing = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(writing);
  const auto rows = cuda::tensor(**texture);
  std::memset(reinterpret_cast<void*>(rows->pointer), 0x5e, 8 * rows->pitch);
  auto state = (*texture)->end_access(*std::move(writing));
  ASSERT_TRUE(state);
  auto reading = texture_->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(reading) << reading.error().to_string();
  EXPECT_EQ(read()[7 * 256 + 63], std::byte{0x5e});
  EXPECT_NE(cuda::tensor(*texture_)->device, rows->device);
  EXPECT_TRUE(texture_->end_access(*std::move(reading)));
}

TEST_F(CudaPeers, MemoryOfAnotherDeviceThanThePeersIsRefused) {
  auto exported = export_memory(*there_, small(), 8192);
  stand_in_->place_memory(static_cast<int>(exported.parcel.handles[0].get()), 1);
  EXPECT_EQ(here_->import_shared_texture(std::move(exported.parcel)).error().code(), ErrorCode::incompatible_layout);
  exported = export_memory(*there_, small(), 8192);
  exported.parcel.identity.device_uuid[15] = 9;
  EXPECT_EQ(here_->import_shared_texture(std::move(exported.parcel)).error().code(), ErrorCode::incompatible_device);
  // And of the peer's by one who does not open peers.
  exported = export_memory(*here_, small(), 8192);
  EXPECT_EQ(there_->import_shared_texture(std::move(exported.parcel)).error().code(), ErrorCode::incompatible_device);
}

TEST_F(CudaPeers, WhatIsStillCopiedIsDestroyedLater) {
  open();
  const int destroyed = calls("cuDestroyExternalMemory");
  stand_in_->hold(true);
  auto access = texture_->begin_access(AccessMode::read, written(1));
  ASSERT_TRUE(access);
  texture_->set_wait_timeout(std::chrono::milliseconds(20));
  EXPECT_EQ(texture_->end_access(*std::move(access)).error().code(), ErrorCode::timeout);
  texture_.reset();
  EXPECT_EQ(calls("cuDestroyExternalMemory"), destroyed) << "the copy still reads it";
  stand_in_->hold(false);
}

}  // namespace
}  // namespace geyser::test
