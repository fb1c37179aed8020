// Images of a device in memory of the host's: the same bytes at both ends, and what is refused of a parcel that lies.
#include <gtest/gtest.h>

#include <functional>

#include <geyser/host.hpp>

#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

class HostLinear : public testing::Test {
 protected:
  void SetUp() override {
    auto device = make_end("vulkan");
    ASSERT_TRUE(device) << device.error().to_string();
    device_ = *std::move(device);
    auto host = make_end("host");
    ASSERT_TRUE(host);
    host_ = *std::move(host);
    descriptor_.extent = {29, 13, 1};
    auto agreement = negotiate(descriptor_, device_->manager().capabilities(), host_->manager().capabilities());
    ASSERT_TRUE(agreement);
    agreement_ = *std::move(agreement);
    if (agreement_.tiling != Tiling::linear) GTEST_SKIP() << "NOT RUN: this driver uses no host memory in place";
  }
  void TearDown() override {
    for (const std::string& complaint : device_->complaints) ADD_FAILURE() << complaint;
  }
  ApiTextureHandle parcel_of(End& end) {
    auto texture = end.manager().create_texture(descriptor_, agreement_);
    EXPECT_TRUE(texture) << texture.error().to_string();
    return *end.manager().export_texture(**texture);
  }
  // What the device says of a parcel of the host's after `change`.
  GeyserError refusal(const std::function<void(ApiTextureHandle&)>& change) {
    ApiTextureHandle parcel = parcel_of(*host_);
    change(parcel);
    const std::size_t before = open_descriptors();
    auto imported = device_->manager().import_shared_texture(std::move(parcel));
    EXPECT_FALSE(imported);
    EXPECT_EQ(open_descriptors(), before - 1);  // the parcel's own is closed
    return imported ? GeyserError(ErrorCode::protocol, "It was taken.") : imported.error();
  }

  std::unique_ptr<End> device_;
  std::unique_ptr<End> host_;
  TextureDescriptor descriptor_;
  Agreement agreement_;
};

TEST_F(HostLinear, BothEndsUseTheSameBytes) {
  EXPECT_EQ(agreement_.path, SharePath::zero_copy);
  auto texture = device_->manager().create_texture(descriptor_, agreement_);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto parcel = device_->manager().export_texture(**texture);
  ASSERT_TRUE(parcel);
  const auto kept = parcel->handles[0].duplicate();
  auto imported = host_->manager().import_shared_texture(*std::move(parcel));
  ASSERT_TRUE(imported) << imported.error().to_string();
  const auto again = host_->manager().export_texture(**imported);
  ASSERT_TRUE(again);
  EXPECT_TRUE(platform::is_same_object(again->handles[0].get(), kept->get()));

  AccessState state;
  for (std::uint32_t seed = 1; seed < 4; ++seed) {
    auto write = (*texture)->begin_access(AccessMode::discard, state);
    ASSERT_TRUE(write);
    ASSERT_TRUE(device_->fill(**texture, make_pattern(descriptor_, seed)));
    state = *(*texture)->end_access(*std::move(write));
    auto access = (*imported)->begin_access(AccessMode::read_write, state);
    ASSERT_TRUE(access) << access.error().to_string();
    EXPECT_EQ(difference(descriptor_, make_pattern(descriptor_, seed), *host_->read(**imported)), "");
    ASSERT_TRUE(host_->fill(**imported, make_pattern(descriptor_, seed + 10)));
    state = *(*imported)->end_access(*std::move(access));
    // What a CPU has written, the device sees without an upload.
    auto read = (*texture)->begin_access(AccessMode::read, state);
    ASSERT_TRUE(read);
    EXPECT_EQ(difference(descriptor_, make_pattern(descriptor_, seed + 10), *device_->read(**texture)), "");
    state = *(*texture)->end_access(*std::move(read));
  }
  EXPECT_EQ((*texture)->statistics().bytes_copied, 0U);
  EXPECT_EQ((*imported)->statistics().bytes_copied, 0U);
}

TEST_F(HostLinear, RowsElsewhereAreRefused) {
  const GeyserError wider = refusal([](ApiTextureHandle& p) {
    p.layout.planes[0].stride += 4;
    p.layout.allocation_size += 4096;
    p.handles[0] = *platform::create_shared_memory(p.layout.allocation_size);
  });
  EXPECT_EQ(wider.code(), ErrorCode::incompatible_layout);
  EXPECT_NE(wider.message().find("rows are ["), std::string::npos) << wider.message();
  const GeyserError later = refusal([](ApiTextureHandle& p) {
    p.layout.planes[0].offset = 64;
    p.layout.allocation_size += 4096;
    p.handles[0] = *platform::create_shared_memory(p.layout.allocation_size);
  });
  EXPECT_EQ(later.code(), ErrorCode::incompatible_layout);
  // A CPU reads rows wherever they are, as long as they are inside.
  ApiTextureHandle parcel = parcel_of(*host_);
  parcel.layout.planes[0].offset = 8;
  EXPECT_TRUE(host_->manager().import_shared_texture(std::move(parcel)));
}

TEST_F(HostLinear, MemoryThatIsTooSmallIsRefused) {
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.layout.allocation_size = 4096 * 1000; }).code(),
            ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.layout.allocation_size -= 1; }).code(), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.layout.planes[0].stride = ~0ULL; }).code(),
            ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.layout.planes[0].offset = ~0ULL - 8; }).code(),
            ErrorCode::incompatible_layout);
}

TEST_F(HostLinear, OnlyPlainTexturesAreInPlace) {
  TextureDescriptor mips = descriptor_;
  mips.mip_levels = 2;
  const auto refused = device_->manager().create_texture(mips, agreement_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find("[host_memory linear]: at most [1] mip levels"), std::string::npos)
      << refused.error().message();
}

}  // namespace
}  // namespace geyser::test
