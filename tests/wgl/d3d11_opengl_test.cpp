// Direct3D 11 and OpenGL by its handles: the stand-in's textures, keyed mutexes and fences, which the double opens.
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <geyser/d3d11.hpp>

#include "d3d11/stand_in.hpp"
#include "d3d11/stand_in_parts.hpp"
#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "wgl/doubled_end.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

TextureDescriptor picture(TextureFormat format = TextureFormat::bgra8_unorm) {
  TextureDescriptor descriptor;
  descriptor.extent = {61, 43, 1};
  descriptor.format = format;
  return descriptor;
}

class Direct3D11OpenGl : public testing::Test {
 protected:
  void SetUp() override {
    auto end = make_end("d3d11");
    ASSERT_TRUE(end) << end.error().to_string();
    direct3d_ = *std::move(end);
    DriverDouble& driver = *doubled_.driver;
    driver.identity.luid = direct3d_->manager().capabilities().identity.luid;
    DriverDouble::Places places;
    places.pixels = stand_in::header_bytes;
    places.mutex = offsetof(stand_in::Header, holder);
    places.counter = offsetof(stand_in::Header, value);
    // Process and device, as the stand-in's own are: another device of a process that lives.
    places.holder = static_cast<std::int64_t>(::GetCurrentProcessId()) << 32 | 0x7fffffff;
    places.prefix = L"Local\\geyser-stand-in-";
    driver.direct3d = places;
    opengl_ = std::make_unique<DoubledEnd>();
  }
  void TearDown() override {
    if (opengl_ == nullptr) return;
    for (const std::string& complaint : opengl_->complaints) ADD_FAILURE() << complaint;
    opengl_.reset();
    for (const std::string& complaint : direct3d_->complaints) ADD_FAILURE() << complaint;
    for (const std::string& complaint : doubled_.driver->complaints) ADD_FAILURE() << complaint;
    direct3d_.reset();
    EXPECT_EQ(stand_in::live_objects(), 0U);
  }
  Result<Agreement> agree(NegotiationPolicy policy = {}) {
    return negotiate(picture(), direct3d_->manager().capabilities(), opengl_->manager().capabilities(), policy);
  }
  // A texture of Direct3D's, and the same one in OpenGL.
  void share(const TextureDescriptor& descriptor, const Agreement& agreement) {
    auto made = direct3d_->manager().create_texture(descriptor, agreement);
    ASSERT_TRUE(made) << made.error().to_string();
    auto parcel = direct3d_->manager().export_texture(**made);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    source_ = *std::move(made);
    destination_ = opengl_->import(*std::move(parcel));
    ASSERT_TRUE(destination_);
  }
  // A fence of Direct3D's, and the same one in OpenGL.
  std::pair<std::shared_ptr<SharedFence>, std::shared_ptr<SharedFence>> make_fence() {
    auto fence = direct3d_->manager().create_fence(FenceKind::d3d12_fence);
    EXPECT_TRUE(fence) << (fence ? "" : fence.error().to_string());
    if (!fence) return {};
    return {*fence, opengl_->import(*(*fence)->export_handle())};
  }
  // Written on one, read on the other, and back.
  void expect_shared() {
    const TextureDescriptor descriptor = source_->descriptor();
    AccessState state;
    std::uint32_t seed = 1;
    for (const bool direct3d_writes : {true, false, true}) {
      const auto expected = make_pattern(descriptor, ++seed);
      for (const bool writes : {true, false}) {
        const bool direct3d = direct3d_writes == writes;
        SharedTexture& texture = direct3d ? *source_ : *destination_;
        auto access = texture.begin_access(writes ? AccessMode::discard : AccessMode::read, state);
        ASSERT_TRUE(access) << access.error().to_string();
        if (writes) {
          ASSERT_TRUE(direct3d ? direct3d_->fill(texture, expected) : opengl_->fill(texture, expected));
        } else {
          auto actual = direct3d ? direct3d_->read(texture) : opengl_->read(texture);
          ASSERT_TRUE(actual) << actual.error().to_string();
          EXPECT_EQ(difference(descriptor, expected, *actual), "") << (direct3d_writes ? "there" : "and back");
        }
        auto ended = texture.end_access(*std::move(access));
        ASSERT_TRUE(ended) << ended.error().to_string();
        state = *ended;
      }
    }
    EXPECT_EQ(source_->statistics().bytes_copied + destination_->statistics().bytes_copied, 0U);
    state = {};
    destination_.reset();
    source_.reset();
  }

  DoubledDriver doubled_;
  std::unique_ptr<End> direct3d_;
  std::unique_ptr<DoubledEnd> opengl_;
  std::unique_ptr<SharedTexture> source_, destination_;
};

TEST_F(Direct3D11OpenGl, SharesByNtHandleWithFences) {
  const auto agreement = agree();
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(agreement->fence_kind, FenceKind::d3d12_fence);
  EXPECT_EQ(agreement->path, SharePath::zero_copy);
  TextureDescriptor mips = picture(TextureFormat::rgba8_unorm);
  mips.mip_levels = 3;
  for (const TextureDescriptor& descriptor : {picture(), mips, picture(TextureFormat::rgba16_float)}) {
    SCOPED_TRACE(to_string(descriptor));
    share(descriptor, *agreement);
    ASSERT_TRUE(destination_);
    EXPECT_FALSE(destination_->layout().keyed_mutex);
    const auto own = make_fence();
    const auto theirs = make_fence();
    ASSERT_TRUE(source_->set_signal_fence(own.first));
    ASSERT_TRUE(destination_->set_signal_fence(theirs.second));
    expect_shared();
  }
}

TEST_F(Direct3D11OpenGl, SharesWithAKeyedMutexWhereTheCpuOrders) {
  doubled_.driver->without = {"GL_EXT_semaphore_win32"};
  opengl_ = std::make_unique<DoubledEnd>();
  const auto agreement = agree();
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(agreement->fence_kind, FenceKind::host_timeline);
  share(picture(), *agreement);
  ASSERT_TRUE(destination_);
  EXPECT_TRUE(destination_->layout().keyed_mutex);
  auto held = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(held) << held.error().to_string();
  destination_->set_wait_timeout(30ms);
  EXPECT_EQ(destination_->begin_access(AccessMode::discard, {}).error().code(), ErrorCode::timeout);
  auto state = source_->end_access(*std::move(held));
  ASSERT_TRUE(state) << state.error().to_string();
  auto mine = destination_->begin_access(AccessMode::discard, *state);
  ASSERT_TRUE(mine) << mine.error().to_string();
  source_->set_wait_timeout(30ms);
  EXPECT_EQ(source_->begin_access(AccessMode::discard, *state).error().code(), ErrorCode::timeout);
  ASSERT_TRUE(destination_->end_access(*std::move(mine)));
  share(picture(), *agreement);
  ASSERT_TRUE(destination_);
  expect_shared();
}

TEST_F(Direct3D11OpenGl, SharesByALegacyHandle) {
  Agreement agreement;
  agreement.handle_kind = HandleKind::d3d_kmt;
  agreement.dedicated = true;
  agreement.fence_kind = FenceKind::d3d12_fence;
  share(picture(), agreement);
  ASSERT_TRUE(destination_);
  EXPECT_EQ(destination_->handle_kind(), HandleKind::d3d_kmt);
  const auto own = make_fence();
  const auto theirs = make_fence();
  ASSERT_TRUE(source_->set_signal_fence(own.first));
  ASSERT_TRUE(destination_->set_signal_fence(theirs.second));
  expect_shared();
}

TEST_F(Direct3D11OpenGl, OfAnotherAdapterNothingIsShared) {
  const auto agreement = agree();
  ASSERT_TRUE(agreement);
  auto made = direct3d_->manager().create_texture(picture(), *agreement);
  ASSERT_TRUE(made);
  doubled_.driver->identity.luid[0] ^= 1;
  opengl_ = std::make_unique<DoubledEnd>();
  doubled_.driver->calls.clear();
  EXPECT_EQ(opengl_->refusal(*direct3d_->manager().export_texture(**made)).code(), ErrorCode::incompatible_device);
  EXPECT_TRUE(doubled_.driver->calls.empty());
  const auto copied = agree();
  ASSERT_TRUE(copied) << copied.error().to_string();
  EXPECT_EQ(copied->handle_kind, HandleKind::host_memory);
  const std::shared_ptr<TextureShareManager> allocator(std::shared_ptr<void>(), &direct3d_->manager());
  EXPECT_EQ(opengl_->manager().use_allocator(allocator).error().code(), ErrorCode::incompatible_device);
}

TEST_F(Direct3D11OpenGl, Direct3DMakesWhatOpenGlPublishes) {
  const std::shared_ptr<TextureShareManager> allocator(std::shared_ptr<void>(), &direct3d_->manager());
  const auto used = opengl_->manager().use_allocator(allocator);
  ASSERT_TRUE(used) << used.error().to_string();
  const std::size_t before = open_descriptors();
  {
    const auto agreement = negotiate(picture(), opengl_->manager().capabilities(), direct3d_->manager().capabilities());
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->handle_kind, HandleKind::d3d_nt);
    EXPECT_EQ(agreement->fence_kind, FenceKind::d3d12_fence);
    auto texture = opengl_->manager().create_texture(picture(), *agreement);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ((*texture)->api(), Api::opengl);
    auto parcel = opengl_->manager().export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    EXPECT_EQ(parcel->api, Api::d3d11) << "where the memory was made";
    auto other = direct3d_->manager().import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(other) << other.error().to_string();
    source_ = *std::move(other);
    destination_ = *std::move(texture);
    const auto own = make_fence();
    auto theirs = opengl_->manager().create_fence(FenceKind::d3d12_fence);
    ASSERT_TRUE(theirs) << theirs.error().to_string();
    const auto twin = direct3d_->manager().import_fence(*(*theirs)->export_handle());
    ASSERT_TRUE(twin) << twin.error().to_string();
    ASSERT_TRUE(source_->set_signal_fence(own.first));
    ASSERT_TRUE(destination_->set_signal_fence(*theirs));
    expect_shared();
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace geyser::test
