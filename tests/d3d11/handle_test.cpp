// What may come as a handle of a Direct3D 11 texture, on the stand-in: who closes it, and whom it is refused from.
#include <gtest/gtest.h>

#include "d3d11/sharing.hpp"
#include "platform/win32/error.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

class Handles : public Sharing {};

TEST_F(Handles, HandlesAreClosedOnceWhetherAnImportSucceedsOrNot) {
  share(FenceKind::host_timeline);
  { static_cast<void>(open(*source_)); }
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    auto parcel = a_->manager->export_texture(*source_);
    ASSERT_TRUE(parcel);
    auto copy = parcel->duplicate();
    ASSERT_TRUE(copy);
    EXPECT_NE(copy->handles[0].get(), parcel->handles[0].get());
    ASSERT_TRUE(b_->manager->import_shared_texture(*std::move(parcel)));
    stand_in::answer_next("OpenSharedResource1", E_INVALIDARG);
    auto refused = b_->manager->import_shared_texture(*std::move(copy));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle) << refused.error().to_string();
    auto made = a_->manager->create_fence(FenceKind::d3d12_fence);
    ASSERT_TRUE(made);
    ASSERT_TRUE(b_->manager->import_fence(*(*made)->export_handle()));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Handles, AnotherAdaptersHandleIsRefusedBeforeADriverHearsOfIt) {
  share(FenceKind::host_timeline);
  for (const bool named : {true, false}) {
    auto parcel = a_->manager->export_texture(*source_);
    ASSERT_TRUE(parcel);
    stand_in::take_calls();
    parcel->identity.luid[3] ^= 1U;
    parcel->identity.has_luid = named;
    auto opened = b_->manager->import_shared_texture(*std::move(parcel));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::incompatible_device) << opened.error().to_string();
    EXPECT_EQ(stand_in::take_calls(), Calls{});
  }
}

TEST_F(Handles, ADescriptorThatLiesIsFoundOut) {
  share(FenceKind::host_timeline);
  const auto refusal = [&](auto&& lie) {
    auto parcel = a_->manager->export_texture(*source_);
    lie(parcel->descriptor);
    auto opened = b_->manager->import_shared_texture(*std::move(parcel));
    EXPECT_FALSE(opened);
    return opened ? ErrorCode{} : opened.error().code();
  };
  using D = TextureDescriptor;
  EXPECT_EQ(refusal([](D& d) { d.extent.width = 128; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](D& d) { d.extent.height = 16; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](D& d) { d.format = TextureFormat::rgba8_unorm; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](D& d) { d.mip_levels = 2; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](D& d) { d.usage = d.usage | TextureUsage::storage; }), ErrorCode::incompatible_layout);
}

TEST_F(Handles, AHandleWithoutTheRightOrOfSomethingElseIsInvalid) {
  share(FenceKind::host_timeline);
  const auto import = [&](OwnedHandle handle) {
    auto parcel = a_->manager->export_texture(*source_);
    parcel->handles[0] = std::move(handle);
    return b_->manager->import_shared_texture(*std::move(parcel));
  };
  const auto adopt = [](HANDLE handle) {
    return OwnedHandle::adopt(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(handle));
  };
  auto parcel = a_->manager->export_texture(*source_);
  ASSERT_TRUE(parcel);
  const HANDLE self = ::GetCurrentProcess();
  HANDLE weak = nullptr;
  ASSERT_NE(
      ::DuplicateHandle(self, platform::handle_of(parcel->handles[0].get()), self, &weak, FILE_MAP_READ, FALSE, 0), 0);
  auto read_only = import(adopt(weak));
  ASSERT_FALSE(read_only);
  EXPECT_EQ(read_only.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(read_only.error().native().name, "E_ACCESSDENIED") << read_only.error().to_string();
  EXPECT_EQ(import(adopt(::CreateEventW(nullptr, TRUE, FALSE, nullptr))).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(import(adopt(::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, 65536, nullptr)))
                .error()
                .code(),
            ErrorCode::invalid_handle);
  auto made = a_->manager->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(made);
  auto handle = (*made)->export_handle();
  ASSERT_TRUE(handle);
  EXPECT_EQ(import(std::move(handle->handle)).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(b_->manager->import_fence({FenceKind::d3d12_fence, 7, 0, std::move(parcel->handles[0])}).error().code(),
            ErrorCode::invalid_handle);
}

TEST_F(Handles, ALegacyHandleIsANumberThatDiesWithItsTexture) {
  share(FenceKind::host_timeline, HandleKind::d3d_kmt);
  auto parcel = a_->manager->export_texture(*source_);
  ASSERT_TRUE(parcel);
  EXPECT_EQ(parcel->kind, HandleKind::d3d_kmt);
  const NativeHandle number = parcel->handles[0].get();
  EXPECT_GT(number, 0);
  EXPECT_LE(number, 0xffffffffLL);  // the stand-in extends its sign
  auto same = b_->manager->import_shared_texture(*std::move(parcel));
  ASSERT_TRUE(same) << same.error().to_string();
  PictureInfo flipped;
  flipped.origin = PictureOrigin::bottom_left;
  auto described = d3d11::open_legacy_handle(*b_->manager, static_cast<std::uintptr_t>(number), flipped);
  ASSERT_TRUE(described) << described.error().to_string();
  EXPECT_EQ((*described)->descriptor().extent, picture().extent);
  EXPECT_EQ((*described)->descriptor().format, picture().format);
  EXPECT_EQ((*described)->descriptor().picture, flipped);
  EXPECT_EQ((*described)->handle_kind(), HandleKind::d3d_kmt);
  described->reset();
  same->reset();
  auto again = a_->manager->export_texture(*source_);
  ASSERT_TRUE(again);
  source_.reset();
  destination_.reset();
  auto dead = b_->manager->import_shared_texture(*std::move(again));
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code(), ErrorCode::invalid_handle) << dead.error().to_string();
  auto late = d3d11::open_legacy_handle(*b_->manager, static_cast<std::uintptr_t>(number));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(d3d11::open_legacy_handle(*b_->manager, 0).error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace geyser::test
