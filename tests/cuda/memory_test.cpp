// Linear opaque memory: what CUDA makes and shares by address, what it opens of another context's or API's.
#include "cuda/rig.hpp"
#include "cuda/texture.hpp"

namespace geyser::test {
namespace {

class CudaMemory : public CudaRig {
 protected:
  void SetUp() override {
    CudaRig::SetUp();
    manager_ = make();
    ASSERT_NE(manager_, nullptr);
    const auto agreed = negotiate(small(), manager_->capabilities(), manager_->capabilities());
    ASSERT_TRUE(agreed) << agreed.error().to_string();
    agreement_ = *agreed;
  }
  void TearDown() override {
    manager_.reset();
    CudaRig::TearDown();
  }
  static AccessState written() {
    AccessState state;
    state.serial = 1;
    state.initialized = true;
    return state;
  }
  // Rows of rgba8 as another API would have made them.
  Exported rows_of_vulkan(std::uint64_t stride, std::uint64_t size) {
    Exported made = export_memory(*manager_, small(), size);
    made.parcel.layout.tiling = Tiling::linear;
    made.parcel.layout.planes[0].offset = 64;
    made.parcel.layout.planes[0].stride = stride;
    return made;
  }

  std::unique_ptr<TextureShareManager> manager_;
  Agreement agreement_;
};

TEST_F(CudaMemory, RowsAreSharedBetweenTwoManagersWithoutACopy) {
  EXPECT_EQ(agreement_.handle_kind, HandleKind::opaque_fd);
  EXPECT_EQ(agreement_.tiling, Tiling::linear);
  EXPECT_EQ(agreement_.path, SharePath::zero_copy);
  EXPECT_EQ(agreement_.row_alignment, 256U);
  auto texture = manager_->create_texture(small(), agreement_);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->layout().planes[0].stride, 256U);
  EXPECT_EQ((*texture)->layout().allocation_size, 2U << 20U) << "what the device allocates";
  const std::size_t before = open_descriptors();
  auto other = make();
  auto parcel = manager_->export_texture(**texture);
  ASSERT_TRUE(parcel) << parcel.error().to_string();
  EXPECT_EQ(parcel->kind, HandleKind::opaque_fd);
  auto imported = other->import_shared_texture(*std::move(parcel));
  ASSERT_TRUE(imported) << imported.error().to_string();
  EXPECT_EQ(open_descriptors(), before + 1) << "the driver's reference; the parcel's is closed";
  const auto mine = cuda::tensor(**texture);
  const auto theirs = cuda::tensor(**imported);
  ASSERT_TRUE(mine && theirs);
  EXPECT_EQ(theirs->shape, (std::array<std::int64_t, 3>{8, 16, 4}));
  EXPECT_EQ(theirs->strides[0], 256);
  EXPECT_NE(mine->pointer, theirs->pointer);
  auto writing = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(writing);
  // The stand-in's devices have the host's addresses.
  reinterpret_cast<std::uint8_t*>(mine->pointer)[7 * 256 + 15 * 4] = 0xab;
  auto state = (*texture)->end_access(*std::move(writing));
  ASSERT_TRUE(state);
  auto reading = (*imported)->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reinterpret_cast<const std::uint8_t*>(theirs->pointer)[7 * 256 + 15 * 4], 0xab);
  EXPECT_TRUE((*imported)->end_access(*std::move(reading)));
  EXPECT_EQ((*imported)->statistics().bytes_copied + (*texture)->statistics().bytes_copied, 0U);
  EXPECT_TRUE(cuda::texture_object(**imported));
  EXPECT_EQ(other->export_texture(**imported).error().code(), ErrorCode::unsupported);
  // The memory lives as long as one of them.
  texture->reset();
  EXPECT_EQ(reinterpret_cast<const std::uint8_t*>(theirs->pointer)[7 * 256 + 15 * 4], 0xab);
}

TEST_F(CudaMemory, IsWhatOpaqueHandlesMeanWhereNothingElseIsMade) {
  auto texture = manager_->create_texture(small(), HandleKind::opaque_fd);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->layout().tiling, Tiling::linear);
  EXPECT_EQ((*texture)->layout().planes[0].stride, 256U);
  TextureDescriptor levels = small();
  levels.mip_levels = 2;
  EXPECT_EQ(manager_->create_texture(levels, HandleKind::opaque_fd).error().code(), ErrorCode::unsupported);
}

TEST_F(CudaMemory, VulkansRowsAreOpenedByAddress) {
  auto exported = rows_of_vulkan(320, 4096);
  const std::byte value{0x6c};
  exported.memory.bytes()[64 + 7 * 320 + 15 * 4] = value;
  auto texture = manager_->import_shared_texture(std::move(exported.parcel));
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ(stand_in_->owned_descriptors(), 1);
  EXPECT_TRUE(called("cuExternalMemoryGetMappedBuffer"));
  const auto rows = cuda::tensor(**texture);
  ASSERT_TRUE(rows) << rows.error().to_string();
  EXPECT_EQ(rows->pitch, 320U);
  auto reading = (*texture)->begin_access(AccessMode::read, written());
  ASSERT_TRUE(reading);
  EXPECT_EQ(reinterpret_cast<const std::byte*>(rows->pointer)[7 * 320 + 15 * 4], value);
  EXPECT_TRUE((*texture)->end_access(*std::move(reading)));
  texture->reset();
  EXPECT_TRUE(called("cuMemFree_v2"));
}

TEST_F(CudaMemory, EveryFailedCallIsAnErrorAndLeavesNothing) {
  const int objects = stand_in_->live_objects();
  const std::size_t descriptors = open_descriptors();
  const auto expect_nothing_left = [&] {
    EXPECT_EQ(stand_in_->live_objects(), objects);
    EXPECT_EQ(open_descriptors(), descriptors);
  };
  for (const char* call :
       {"cuMemGetAllocationGranularity", "cuMemCreate", "cuMemAddressReserve", "cuMemMap", "cuMemSetAccess"}) {
    SCOPED_TRACE(call);
    stand_in_->fail(call, 2, 0);
    auto refused = manager_->create_texture(small(), agreement_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::out_of_memory);
    expect_nothing_left();
  }
  {
    auto texture = manager_->create_texture(small(), agreement_);
    ASSERT_TRUE(texture);
    stand_in_->fail("cuMemExportToShareableHandle", 304, 0);
    EXPECT_EQ(manager_->export_texture(**texture).error().code(), ErrorCode::operating_system);
    for (const char* call : {"cuMemImportFromShareableHandle", "cuMemMap"}) {
      SCOPED_TRACE(call);
      auto parcel = manager_->export_texture(**texture);
      ASSERT_TRUE(parcel);
      stand_in_->fail(call, 1, 0);
      auto refused = manager_->import_shared_texture(*std::move(parcel));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
      EXPECT_EQ(refused.error().native().name, "CUDA_ERROR_INVALID_VALUE");
    }
  }
  expect_nothing_left();
  for (const char* call : {"cuImportExternalMemory", "cuExternalMemoryGetMappedBuffer"}) {
    SCOPED_TRACE(call);
    auto exported = rows_of_vulkan(64, 4096);
    stand_in_->fail(call, 1, 0);
    EXPECT_EQ(manager_->import_shared_texture(std::move(exported.parcel)).error().code(),
              ErrorCode::incompatible_layout);
    EXPECT_EQ(stand_in_->owned_descriptors(), 0);
  }
  expect_nothing_left();
}

TEST_F(CudaMemory, ParcelsThatLieAreRefused) {
  auto texture = manager_->create_texture(small(), agreement_);
  ASSERT_TRUE(texture);
  auto parcel = manager_->export_texture(**texture);
  parcel->layout.allocation_size = 4U << 20U;  // more than there is
  EXPECT_EQ(manager_->import_shared_texture(*std::move(parcel)).error().code(), ErrorCode::incompatible_layout);
  parcel = manager_->export_texture(**texture);
  parcel->layout.allocation_size = 4096;  // no whole number of what CUDA shares
  auto refused = manager_->import_shared_texture(*std::move(parcel));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("[4096]"), std::string::npos) << refused.error().message();
  parcel = manager_->export_texture(**texture);
  parcel->layout.planes[0].stride = 32;  // less than a row
  EXPECT_EQ(manager_->import_shared_texture(*std::move(parcel)).error().code(), ErrorCode::incompatible_layout);
  // A file that is no memory of CUDA's.
  auto exported = rows_of_vulkan(64, 4096);
  exported.parcel.api = Api::cuda;
  exported.parcel.layout.allocation_size = 2U << 20U;
  EXPECT_EQ(manager_->import_shared_texture(std::move(exported.parcel)).error().code(), ErrorCode::incompatible_layout);
}

TEST_F(CudaMemory, IsMadeOnlyWhereTheDriverCan) {
  stand_in_->set_attribute(static_cast<int>(cuda::driver::Attribute::posix_fd_supported), 0);
  auto older = make();
  const auto agreed = negotiate(small(), older->capabilities(), older->capabilities());
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->handle_kind, HandleKind::host_memory);
  EXPECT_TRUE(older->create_texture(small(), *agreed));
  EXPECT_EQ(older->create_texture(small(), agreement_).error().code(), ErrorCode::unsupported);
  // What others make it still opens.
  const auto taken = negotiate(small(), manager_->capabilities(), older->capabilities());
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->tiling, Tiling::linear);
  EXPECT_EQ(taken->handle_kind, HandleKind::opaque_fd);
}

TEST_F(CudaMemory, IsFreedWhenTheDeviceIsDone) {
  auto texture = manager_->create_texture(small(), agreement_);
  ASSERT_TRUE(texture);
  auto& mine = static_cast<cuda::CudaTexture&>(**texture);
  std::vector<std::byte> packed(host_size(small()));
  stand_in_->hold(true);
  {
    auto current = cuda::Current::open(*mine.context());
    ASSERT_TRUE(current);
    ASSERT_TRUE(mine.queue_packed(packed.data(), cuda::Toward::device));
  }
  texture->reset();
  EXPECT_FALSE(called("cuMemUnmap")) << "a copy to it is still to be done";
  stand_in_->hold(false);
  auto other = manager_->create_texture(small(), agreement_);
  other->reset();
  EXPECT_EQ(calls("cuMemUnmap"), 2);
  EXPECT_EQ(calls("cuMemRelease"), 2);
}

}  // namespace
}  // namespace geyser::test
