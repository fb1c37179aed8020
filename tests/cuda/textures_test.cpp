// Textures: memory that Vulkan made, rows of the host's, copies; views of them, and who closes what.
#include <map>

#include "cuda/rig.hpp"
#include "cuda/texture.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

class CudaTextures : public CudaRig {
 protected:
  void SetUp() override {
    CudaRig::SetUp();
    manager_ = make();
    ASSERT_NE(manager_, nullptr);
  }
  void TearDown() override {
    manager_.reset();
    CudaRig::TearDown();
  }
  // An access without a fence around `work`; its state.
  template <typename Work>
  AccessState access(SharedTexture& texture, AccessMode mode, const AccessState& state, Work work) {
    auto open = texture.begin_access(mode, state);
    EXPECT_TRUE(open) << (open ? "" : open.error().to_string());
    if (!open) return {};
    work();
    auto ended = texture.end_access(*std::move(open));
    EXPECT_TRUE(ended) << (ended ? "" : ended.error().to_string());
    return ended ? *ended : AccessState{};
  }
  void copy(SharedTexture& texture, std::vector<std::byte>& packed, cuda::Toward toward) {
    auto& mine = static_cast<cuda::CudaTexture&>(texture);
    auto current = cuda::Current::open(*mine.context());
    ASSERT_TRUE(current);
    ASSERT_TRUE(mine.queue_packed(packed.data(), toward));
    ASSERT_TRUE(mine.context()->finish(std::chrono::seconds(1)));
  }
  static Agreement linear(std::uint32_t row_alignment) {
    Agreement agreement;
    agreement.handle_kind = HandleKind::host_memory;
    agreement.tiling = Tiling::linear;
    agreement.row_alignment = row_alignment;
    return agreement;
  }
  static AccessState written() {
    AccessState state;
    state.serial = 1;
    state.initialized = true;
    return state;
  }

  std::unique_ptr<TextureShareManager> manager_;
};

TEST_F(CudaTextures, OpaqueMemoryIsOpenedInPlaceAndItsDescriptorIsTaken) {
  TextureDescriptor descriptor = small();
  descriptor.mip_levels = 2;
  auto exported = export_memory(*manager_, descriptor, 4096);
  std::memset(exported.memory.bytes().data(), 0x5a, 4096);
  const std::size_t before = open_descriptors();
  auto texture = manager_->import_shared_texture(std::move(exported.parcel));
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ(open_descriptors(), before) << "the driver's now, and still open";
  EXPECT_EQ(stand_in_->owned_descriptors(), 1);
  EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
  const auto native = cuda::native(**texture);
  ASSERT_TRUE(native);
  EXPECT_NE(native->array, nullptr);
  EXPECT_NE(native->mipmapped_array, nullptr);
  EXPECT_EQ(native->array_format, 0xc2);
  std::vector<std::byte> seen(host_size(descriptor));
  access(**texture, AccessMode::read, written(), [&] { copy(**texture, seen, cuda::Toward::host); });
  const HostSubresource level = host_subresource(descriptor, 0, 0, 1);
  EXPECT_EQ(seen[level.offset + level.row_bytes - 1], std::byte{0x5a});
  // What is written is there for Vulkan: level 0 first.
  std::vector<std::byte> pattern = make_pattern(descriptor, 3);
  access(**texture, AccessMode::discard, written(), [&] { copy(**texture, pattern, cuda::Toward::device); });
  EXPECT_EQ(std::memcmp(exported.memory.bytes().data(), pattern.data(), 16 * 4), 0);
  EXPECT_EQ((*texture)->statistics().bytes_copied, 0U);
  auto again = manager_->export_texture(**texture);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::unsupported);
  texture->reset();
  EXPECT_EQ(open_descriptors(), before - 1);
  EXPECT_EQ(stand_in_->owned_descriptors(), 0);
}

TEST_F(CudaTextures, ARefusedImportClosesTheDescriptorOnce) {
  const std::size_t before = open_descriptors();
  {
    // The driver is not asked about memory that is too small.
    auto exported = export_memory(*manager_, small(), 4096);
    exported.parcel.layout.allocation_size = 8192;
    auto refused = manager_->import_shared_texture(std::move(exported.parcel));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
    EXPECT_FALSE(called("cuImportExternalMemory"));
  }
  EXPECT_EQ(open_descriptors(), before);
  {
    stand_in_->fail("cuImportExternalMemory", 999, 0);
    auto exported = export_memory(*manager_, small(), 4096);
    auto refused = manager_->import_shared_texture(std::move(exported.parcel));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
    EXPECT_EQ(refused.error().native().name, "CUDA_ERROR_UNKNOWN");
    EXPECT_EQ(stand_in_->owned_descriptors(), 0);
  }
  EXPECT_EQ(open_descriptors(), before);
  {
    // Imported, but too small for what is to be in it: the driver has the descriptor, and closes it.
    auto exported = export_memory(*manager_, small(), 256);
    auto refused = manager_->import_shared_texture(std::move(exported.parcel));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
    EXPECT_EQ(refused.error().native().name, "CUDA_ERROR_INVALID_VALUE");
    EXPECT_TRUE(called("cuDestroyExternalMemory"));
  }
  EXPECT_EQ(open_descriptors(), before);
  {
    auto exported = export_memory(*manager_, small(), 4096);
    exported.parcel.identity.device_uuid[0] ^= 1U;
    auto refused = manager_->import_shared_texture(std::move(exported.parcel));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_device);
  }
  EXPECT_EQ(open_descriptors(), before);
  {
    auto exported = export_memory(*manager_, small(), 4096);
    exported.parcel.descriptor.format = TextureFormat::rgb565_unorm;
    auto refused = manager_->import_shared_texture(std::move(exported.parcel));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
    EXPECT_NE(refused.error().message().find("rgb565_unorm"), std::string::npos);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(CudaTextures, ViewsAreMadeOnceAndAreTheTextures) {
  TextureDescriptor descriptor = small();
  descriptor.mip_levels = 3;
  auto exported = export_memory(*manager_, descriptor, 4096);
  auto texture = manager_->import_shared_texture(std::move(exported.parcel));
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto surface = cuda::surface_object(**texture, 2);
  ASSERT_TRUE(surface) << surface.error().to_string();
  EXPECT_NE(*surface, 0U);
  EXPECT_EQ(*cuda::surface_object(**texture, 2), *surface);
  EXPECT_NE(*cuda::surface_object(**texture, 0), *surface);
  EXPECT_EQ(cuda::surface_object(**texture, 3).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(cuda::texture_object(**texture).error().code(), ErrorCode::invalid_argument) << "levels by texels";
  const cuda::Sampling smooth{cuda::Address::wrap, true, true};
  auto sampled = cuda::texture_object(**texture, smooth);
  ASSERT_TRUE(sampled) << sampled.error().to_string();
  EXPECT_EQ(*cuda::texture_object(**texture, smooth), *sampled);
  EXPECT_NE(*cuda::texture_object(**texture, {cuda::Address::clamp, false, true}), *sampled);
  EXPECT_EQ(calls("cuTexObjectCreate"), 2);
  EXPECT_EQ(cuda::tensor(**texture).error().code(), ErrorCode::unsupported);
  texture->reset();
  EXPECT_EQ(calls("cuTexObjectDestroy"), 2);
  EXPECT_EQ(calls("cuSurfObjectDestroy"), 2);
}

TEST_F(CudaTextures, IntegersAndBlocksHaveTheViewsThatCudaHas) {
  TextureDescriptor descriptor = small();
  descriptor.format = TextureFormat::rgba16_uint;
  auto integers = manager_->create_texture(descriptor, HandleKind::host_memory);
  ASSERT_TRUE(integers);
  EXPECT_TRUE(cuda::texture_object(**integers));
  EXPECT_EQ(cuda::texture_object(**integers, {cuda::Address::clamp, true, true}).error().code(),
            ErrorCode::invalid_argument);
  descriptor.format = TextureFormat::bc3_srgb;
  auto blocks = manager_->create_texture(descriptor, HandleKind::host_memory);
  ASSERT_TRUE(blocks);
  EXPECT_TRUE(cuda::texture_object(**blocks));
  EXPECT_EQ(cuda::surface_object(**blocks).error().code(), ErrorCode::unsupported);
}

TEST_F(CudaTextures, RowsOfTheHostsAreUsedInPlaceAsATensor) {
  TextureDescriptor descriptor;
  descriptor.extent = {33, 5, 1};
  descriptor.format = TextureFormat::rgba16_float;
  auto texture = manager_->create_texture(descriptor, linear(32));
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
  auto parcel = manager_->export_texture(**texture);
  ASSERT_TRUE(parcel);
  EXPECT_EQ(parcel->layout.tiling, Tiling::linear);
  auto theirs = platform::map_shared_memory(parcel->handles[0].get(), parcel->layout.allocation_size);
  ASSERT_TRUE(theirs);
  const auto view = cuda::tensor(**texture);
  ASSERT_TRUE(view) << view.error().to_string();
  EXPECT_EQ(view->pitch, 288U);
  EXPECT_EQ(view->shape, (std::array<std::int64_t, 3>{5, 33, 4}));
  EXPECT_EQ(view->strides, (std::array<std::int64_t, 3>{144, 4, 1}));
  EXPECT_EQ(view->type_code, 2U);
  EXPECT_EQ(view->type_bits, 16U);
  // The stand-in's device has the host's addresses.
  access(**texture, AccessMode::discard, {},
         [&] { *reinterpret_cast<std::uint16_t*>(view->pointer + 4 * view->pitch + 2 * (32 * 4 + 3)) = 0xbeef; });
  std::uint16_t seen = 0;
  std::memcpy(&seen, theirs->bytes().data() + 4 * 288 + 2 * (32 * 4 + 3), sizeof seen);
  EXPECT_EQ(seen, 0xbeef);
  EXPECT_EQ((*texture)->statistics().bytes_copied, 0U);
  EXPECT_TRUE(cuda::texture_object(**texture));
  EXPECT_EQ(cuda::surface_object(**texture).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(cuda::native(**texture)->array, nullptr);

  // Another layout than its own, as another driver's is: from an offset on.
  parcel->layout.planes[0].offset = 64;
  parcel->layout.planes[0].stride = 300;
  auto moved = manager_->import_shared_texture(*std::move(parcel));
  ASSERT_TRUE(moved) << moved.error().to_string();
  EXPECT_EQ(cuda::tensor(**moved)->strides[0], 150);
  EXPECT_EQ(cuda::texture_object(**moved).error().code(), ErrorCode::unsupported) << "300 is no multiple of 32";
}

TEST_F(CudaTextures, TensorsSayWhatMemoryHolds) {
  const auto type = [&](TextureFormat format) {
    TextureDescriptor descriptor = small();
    descriptor.format = format;
    auto texture = manager_->create_texture(descriptor, linear(1));
    if (!texture) return texture.error().to_string();
    auto view = cuda::tensor(**texture);
    return view ? std::to_string(view->type_code) + ":" + std::to_string(view->type_bits) + "x" +
                      std::to_string(view->shape[2])
                : std::string(to_string(view.error().code()));
  };
  EXPECT_EQ(type(TextureFormat::bgra8_srgb), "1:8x4");
  EXPECT_EQ(type(TextureFormat::rg8_snorm), "0:8x2");
  EXPECT_EQ(type(TextureFormat::r32_float), "2:32x1");
  EXPECT_EQ(type(TextureFormat::rgba32_sint), "0:32x4");
  EXPECT_EQ(type(TextureFormat::rgb10a2_unorm), "unsupported");
  EXPECT_EQ(type(TextureFormat::bc1_rgba_unorm), "unsupported");
}

TEST_F(CudaTextures, PagesThatTheDriverRefusesAreAnErrorInPlaceAndNoneWhenCopied) {
  stand_in_->fail("cuMemHostRegister_v2", 801, 0);
  auto refused = manager_->create_texture(small(), linear(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().native().name, "CUDA_ERROR_NOT_SUPPORTED");
  stand_in_->fail("cuMemHostRegister_v2", 801, 0);
  auto copied = manager_->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(copied) << copied.error().to_string();
  std::vector<std::byte> pattern = make_pattern(small(), 9);
  access(**copied, AccessMode::discard, {}, [&] { copy(**copied, pattern, cuda::Toward::device); });
  auto parcel = manager_->export_texture(**copied);
  auto theirs = platform::map_shared_memory(parcel->handles[0].get(), parcel->layout.allocation_size);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(difference(small(), pattern, theirs->bytes()), "");
  EXPECT_GT((*copied)->statistics().bytes_copied, 0U);
}

TEST_F(CudaTextures, CopiesGoBetweenEveryKindOfMemory) {
  auto exported = export_memory(*manager_, small(), 4096);
  auto opaque = manager_->import_shared_texture(std::move(exported.parcel));
  auto rows = manager_->create_texture(small(), linear(256));
  auto packed = manager_->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(opaque && rows && packed);
  std::map<SharedTexture*, AccessState> states;
  std::uint32_t seed = 20;
  for (SharedTexture* from : {opaque->get(), rows->get(), packed->get()}) {
    for (SharedTexture* to : {opaque->get(), rows->get(), packed->get()}) {
      if (from == to) continue;
      std::vector<std::byte> pattern = make_pattern(small(), ++seed);
      std::vector<std::byte> seen(pattern.size());
      states[from] = access(*from, AccessMode::discard, states[from], [&] {
        copy(*from, pattern, cuda::Toward::device);
        states[to] = access(*to, AccessMode::discard, states[to], [&] {
          auto copied = manager_->copy_texture(*from, *to);
          ASSERT_TRUE(copied) << copied.error().to_string();
          copy(*to, seen, cuda::Toward::host);
        });
      });
      EXPECT_EQ(difference(small(), pattern, seen), "");
    }
  }
}

TEST_F(CudaTextures, WhatIsInUseIsDestroyedWhenTheDeviceIsDone) {
  auto texture = manager_->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(texture);
  ASSERT_TRUE(cuda::texture_object(**texture));
  auto other = manager_->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(other);
  std::vector<std::byte> pattern = make_pattern(small(), 1);
  auto& mine = static_cast<cuda::CudaTexture&>(**texture);
  const int destroyed = calls("cuMipmappedArrayDestroy");
  stand_in_->hold(true);
  {
    auto current = cuda::Current::open(*mine.context());
    ASSERT_TRUE(mine.queue_packed(pattern.data(), cuda::Toward::device));
  }
  texture->reset();
  EXPECT_EQ(calls("cuMipmappedArrayDestroy"), destroyed) << "a copy to it is still to be done";
  EXPECT_FALSE(called("cuTexObjectDestroy"));
  stand_in_->hold(false);
  other->reset();
  EXPECT_EQ(calls("cuMipmappedArrayDestroy"), destroyed + 2);
  EXPECT_TRUE(called("cuTexObjectDestroy"));
}

}  // namespace
}  // namespace geyser::test
