// What only a GPU can show: kernels that write through a surface object, read through a texture object and work on a
// tensor, in textures that a CPU at the other end sees. Without NVIDIA's driver nothing runs, and the test says so.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstring>

#include <geyser/cuda.hpp>
#include <geyser/host.hpp>

#include "cuda/loader.hpp"
#include "support/cuda_stand_in.hpp"
#include "support/end.hpp"

namespace geyser::test {
namespace {

// A block for each texel. `paint` writes (x, y, x ^ y, 255); `sample` reads the texel that floats name and writes four
// floats; `invert` turns the bits of four bytes around.
constexpr const char* kernels = R"(
.version 6.4
.target sm_75
.address_size 64

.visible .entry paint(.param .u64 surface)
{
  .reg .b64 %object;
  .reg .b32 %x, %y, %both, %place;
  .reg .b16 %red, %green, %blue, %alpha;
  ld.param.u64 %object, [surface];
  mov.u32 %x, %ctaid.x;
  mov.u32 %y, %ctaid.y;
  xor.b32 %both, %x, %y;
  cvt.u16.u32 %red, %x;
  cvt.u16.u32 %green, %y;
  cvt.u16.u32 %blue, %both;
  mov.u16 %alpha, 255;
  shl.b32 %place, %x, 2;
  sust.b.2d.v4.b8.trap [%object, {%place, %y}], {%red, %green, %blue, %alpha};
  ret;
}

.visible .entry sample(.param .u64 texture, .param .u64 rows, .param .u64 pitch)
{
  .reg .b64 %object, %at, %stride, %offset;
  .reg .b32 %x, %y;
  .reg .f32 %u, %v, %red, %green, %blue, %alpha;
  ld.param.u64 %object, [texture];
  ld.param.u64 %at, [rows];
  ld.param.u64 %stride, [pitch];
  mov.u32 %x, %ctaid.x;
  mov.u32 %y, %ctaid.y;
  cvt.rn.f32.u32 %u, %x;
  add.f32 %u, %u, 0f3F000000;
  cvt.rn.f32.u32 %v, %y;
  add.f32 %v, %v, 0f3F000000;
  tex.2d.v4.f32.f32 {%red, %green, %blue, %alpha}, [%object, {%u, %v}];
  cvt.u64.u32 %offset, %y;
  mad.lo.u64 %at, %offset, %stride, %at;
  mul.wide.u32 %offset, %x, 16;
  add.u64 %at, %at, %offset;
  st.global.v4.f32 [%at], {%red, %green, %blue, %alpha};
  ret;
}

.visible .entry invert(.param .u64 rows, .param .u64 pitch)
{
  .reg .b64 %at, %stride, %offset;
  .reg .b32 %x, %y, %texel;
  ld.param.u64 %at, [rows];
  ld.param.u64 %stride, [pitch];
  mov.u32 %x, %ctaid.x;
  mov.u32 %y, %ctaid.y;
  cvt.u64.u32 %offset, %y;
  mad.lo.u64 %at, %offset, %stride, %at;
  mul.wide.u32 %offset, %x, 4;
  add.u64 %at, %at, %offset;
  ld.global.u32 %texel, [%at];
  not.b32 %texel, %texel;
  st.global.u32 [%at], %texel;
  ret;
}
)";

class CudaKernels : public testing::Test {
 protected:
  static constexpr std::uint32_t width = 61;
  static constexpr std::uint32_t height = 33;

  void SetUp() override {
    auto library = cuda::open_cuda();
    if (!library || !has_cuda() || library->symbol(cuda_stand_in_symbol) != nullptr) {
      std::printf("NOT RUN: kernels need NVIDIA's driver and a GPU\n");
      GTEST_SKIP() << "no GPU of NVIDIA's";
    }
    library_ = *std::move(library);
    auto manager = cuda::create_manager();
    ASSERT_TRUE(manager) << manager.error().to_string();
    manager_ = *std::move(manager);
    auto host = host::create_manager();
    ASSERT_TRUE(host);
    host_ = *std::move(host);
    native_ = *cuda::native(*manager_);
    find(push_, "cuCtxPushCurrent_v2");
    find(pop_, "cuCtxPopCurrent_v2");
    find(load_, "cuModuleLoadData");
    find(get_, "cuModuleGetFunction");
    find(launch_, "cuLaunchKernel");
    find(unload_, "cuModuleUnload");
    ASSERT_EQ(push_(native_.context), 0);
    ASSERT_EQ(load_(&module_, kernels), 0) << "the driver does not compile the kernels";
  }
  void TearDown() override {
    if (module_ == nullptr) return;
    EXPECT_EQ(unload_(module_), 0);
    CUctx_st* popped = nullptr;
    pop_(&popped);
  }
  template <typename Function>
  void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(library_.symbol(name));
    ASSERT_NE(function, nullptr) << name;
  }
  template <std::size_t count>
  void launch(const char* name, std::array<std::uint64_t, count> values) {
    void* function = nullptr;
    ASSERT_EQ(get_(&function, module_, name), 0) << name;
    std::array<void*, count> parameters{};
    for (std::size_t i = 0; i < count; ++i) parameters[i] = &values[i];
    ASSERT_EQ(launch_(function, width, height, 1, 1, 1, 1, 0, native_.stream, parameters.data(), nullptr), 0) << name;
  }
  struct Shared {
    std::unique_ptr<SharedTexture> ours;
    std::unique_ptr<SharedTexture> theirs;  // the CPU's
  };
  Shared share(TextureFormat format, Tiling tiling) {
    TextureDescriptor descriptor;
    descriptor.extent = {width, height, 1};
    descriptor.format = format;
    Agreement agreement;
    agreement.handle_kind = HandleKind::host_memory;
    agreement.tiling = tiling;
    agreement.row_alignment = 32;
    auto ours = manager_->create_texture(descriptor, agreement);
    EXPECT_TRUE(ours) << (ours ? "" : ours.error().to_string());
    auto theirs = host_->import_shared_texture(*manager_->export_texture(**ours));
    EXPECT_TRUE(theirs) << (theirs ? "" : theirs.error().to_string());
    return {*std::move(ours), *std::move(theirs)};
  }
  // The CPU's bytes of a texel, in an access of its own.
  template <typename Visit>
  static AccessState each_texel(SharedTexture& texture, AccessMode mode, const AccessState& state, Visit visit) {
    auto access = texture.begin_access(mode, state);
    EXPECT_TRUE(access) << (access ? "" : access.error().to_string());
    const HostSubresource rows = host_subresource(texture.descriptor(), texture.layout(), 0, 0, 0);
    const std::uint32_t bytes = format_info(texture.descriptor().format).planes[0].block_bytes;
    for (std::uint32_t y = 0; y < height; ++y) {
      for (std::uint32_t x = 0; x < width; ++x) {
        visit(x, y, host::bytes(texture)->data() + rows.offset + y * rows.row_stride + std::size_t{x} * bytes);
      }
    }
    return *texture.end_access(*std::move(access));
  }

  platform::DynamicLibrary library_;
  std::unique_ptr<TextureShareManager> manager_;
  std::unique_ptr<TextureShareManager> host_;
  cuda::NativeDevice native_;
  void* module_ = nullptr;
  int (*push_)(CUctx_st*) = nullptr;
  int (*pop_)(CUctx_st**) = nullptr;
  int (*load_)(void**, const void*) = nullptr;
  int (*get_)(void**, void*, const char*) = nullptr;
  int (*launch_)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream_st*, void**,
                 void**) = nullptr;
  int (*unload_)(void*) = nullptr;
};

TEST_F(CudaKernels, ASurfaceIsWrittenAndATextureRead) {
  Shared picture = share(TextureFormat::rgba8_unorm, Tiling::host);
  Shared floats = share(TextureFormat::rgba32_float, Tiling::linear);
  auto surface = cuda::surface_object(*picture.ours);
  ASSERT_TRUE(surface) << surface.error().to_string();
  auto painting = picture.ours->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(painting);
  launch<1>("paint", {*surface});
  auto painted = picture.ours->end_access(*std::move(painting));
  ASSERT_TRUE(painted) << painted.error().to_string();
  int wrong = 0;
  each_texel(*picture.theirs, AccessMode::read, *painted, [&](std::uint32_t x, std::uint32_t y, std::byte* texel) {
    const std::array<std::byte, 4> expected{std::byte(x), std::byte(y), std::byte(x ^ y), std::byte{255}};
    wrong += std::memcmp(texel, expected.data(), 4) != 0 ? 1 : 0;
  });
  EXPECT_EQ(wrong, 0);

  auto texture = cuda::texture_object(*picture.ours);
  ASSERT_TRUE(texture) << texture.error().to_string();
  const auto rows = cuda::tensor(*floats.ours);
  ASSERT_TRUE(rows) << rows.error().to_string();
  auto reading = picture.ours->begin_access(AccessMode::read, *painted);
  auto writing = floats.ours->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(reading);
  ASSERT_TRUE(writing);
  launch<3>("sample", {*texture, rows->pointer, rows->pitch});
  auto sampled = floats.ours->end_access(*std::move(writing));
  ASSERT_TRUE(sampled) << sampled.error().to_string();
  ASSERT_TRUE(picture.ours->end_access(*std::move(reading)));
  each_texel(*floats.theirs, AccessMode::read, *sampled, [&](std::uint32_t x, std::uint32_t y, std::byte* texel) {
    std::array<float, 4> seen{};
    std::memcpy(seen.data(), texel, sizeof seen);
    const std::array<std::uint32_t, 4> bytes{x, y, x ^ y, 255};
    for (std::size_t i = 0; i < 4; ++i) {
      wrong += std::abs(seen.at(i) * 255.0F - static_cast<float>(bytes.at(i))) > 0.01F ? 1 : 0;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(CudaKernels, ATensorIsTheCpusMemory) {
  Shared shared = share(TextureFormat::rgba8_unorm, Tiling::linear);
  const AccessState written =
      each_texel(*shared.theirs, AccessMode::discard, {}, [](std::uint32_t x, std::uint32_t y, std::byte* texel) {
        const std::array<std::byte, 4> bytes{std::byte(x), std::byte(y), std::byte(x + y), std::byte{7}};
        std::memcpy(texel, bytes.data(), 4);
      });
  const auto rows = cuda::tensor(*shared.ours);
  ASSERT_TRUE(rows);
  auto access = shared.ours->begin_access(AccessMode::read_write, written);
  ASSERT_TRUE(access) << access.error().to_string();
  launch<2>("invert", {rows->pointer, rows->pitch});
  auto inverted = shared.ours->end_access(*std::move(access));
  ASSERT_TRUE(inverted) << inverted.error().to_string();
  int wrong = 0;
  each_texel(*shared.theirs, AccessMode::read, *inverted, [&](std::uint32_t x, std::uint32_t y, std::byte* texel) {
    const std::array<std::byte, 4> bytes{~std::byte(x), ~std::byte(y), ~std::byte(x + y), ~std::byte{7}};
    wrong += std::memcmp(texel, bytes.data(), 4) != 0 ? 1 : 0;
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(shared.ours->statistics().bytes_copied, 0U);
}

}  // namespace
}  // namespace geyser::test
