// GBM as an allocator: what it makes is opened by a CPU, Vulkan and OpenGL, and given to one of them by
// use_allocator(). Without a DRM node only its absence is tested; ./dev rig vm has vgem and virtio_gpu. Runs with Mesa
// 25 (tools/with_mesa25.sh).
#include <geyser/gbm.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include <geyser/host.hpp>

#include "platform/dma_buf.hpp"
#include "platform/drm_node.hpp"
#include "support/descriptors.hpp"
#include "support/drm_node.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

// Of Intel's tiling, which no software driver has.
constexpr std::uint64_t foreign_modifier = 0x0100000000000001ULL;

gbm::Options at(const std::string& node) {
  gbm::Options options;
  options.node = node;
  options.modifiers = {foreign_modifier};
  return options;
}

TEST(GbmAbsence, IsNamed) {
  const std::size_t before = open_descriptors();
  for (const char* path : {"/nonexistent/node", "/dev/null", "/proc/self/exe"}) {
    const auto refused = gbm::create_manager(at(path));
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code(), ErrorCode::not_available);
    EXPECT_NE(refused.error().to_string().find(path), std::string::npos) << refused.error().to_string();
  }
  EXPECT_EQ(open_descriptors(), before);
  if (!platform::drm_node_paths().empty()) return;
  const auto none = gbm::create_manager();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_available);
  EXPECT_NE(none.error().to_string().find("has no DRM node here"), std::string::npos) << none.error().to_string();
}

TEST(GbmModifiers, AreThoseThatADeviceOpens) {
  Capabilities capabilities;
  const auto add = [&](std::uint64_t modifier, bool importable, HandleKind kind = HandleKind::dma_buf) {
    TextureCapability row;
    row.handle_kind = kind;
    row.modifier = modifier;
    row.importable = importable;
    capabilities.textures.push_back(row);
  };
  add(7, true);
  add(drm_modifier_linear, true);
  add(9, false);
  add(5, true);
  add(7, true);
  add(6, true, HandleKind::opaque_fd);
  EXPECT_EQ(gbm::importable_modifiers(capabilities), (std::vector<std::uint64_t>{7, 5}));
}

// On the primary node of a driver: Mesa's software driver makes its buffers there.
class Gbm : public testing::TestWithParam<std::string> {
 public:
  static void TearDownTestSuite() { ends_.close(); }

 protected:
  void SetUp() override {
    if (!has_drm_nodes()) {
      std::printf("NOT RUN: no DRM node here; ./dev rig vm has some in its boot [drm]\n");
      GTEST_SKIP();
    }
    for (const std::string& path : platform::drm_node_paths()) {
      const auto node = platform::open_drm_node(path);
      if (node && platform::drm_driver_name(node->get()) == GetParam()) path_ = path;
    }
    if (path_.empty()) {
      ASSERT_FALSE(is_in_vm()) << "no node of " << GetParam();
      std::printf("NOT RUN: no node of %s here\n", GetParam().c_str());
      GTEST_SKIP();
    }
    manager_ = make();
    ASSERT_NE(manager_, nullptr);
    descriptor_.extent = {61, 35, 1};
  }
  void TearDown() override {
    for (const char* name : {"vulkan", "opengl"}) {
      if (IsSkipped()) return;
      for (const std::string& complaint : std::exchange(ends_.get(name)->complaints, {})) ADD_FAILURE() << complaint;
    }
  }
  std::unique_ptr<TextureShareManager> make() const {
    auto manager = gbm::create_manager(at(path_));
    EXPECT_TRUE(manager) << manager.error().to_string();
    return manager ? *std::move(manager) : nullptr;
  }
  static AccessState write(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::discard, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto filled = end.fill(texture, make_pattern(texture.descriptor(), seed));
    EXPECT_TRUE(filled) << filled.error().to_string();
    return *texture.end_access(*std::move(access));
  }
  static AccessState expect(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::read, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto bytes = end.read(texture);
    EXPECT_TRUE(bytes) << bytes.error().to_string();
    if (bytes) {
      EXPECT_EQ(difference(texture.descriptor(), make_pattern(texture.descriptor(), seed), *bytes), "");
    }
    return *texture.end_access(*std::move(access));
  }
  bool makes(TextureFormat format) const { return !rows_of(manager_->capabilities(), format).empty(); }

  std::string path_;
  std::unique_ptr<TextureShareManager> manager_;
  TextureDescriptor descriptor_;
  static inline Ends ends_;
};

TEST_P(Gbm, MakesWhatItSays) {
  const Capabilities& all = manager_->capabilities();
  EXPECT_EQ(all.api, Api::gbm);
  EXPECT_EQ(to_string(all.api), "gbm");
  EXPECT_NE(all.identity.device_name.find(GetParam()), std::string::npos) << all.identity.device_name;
  ASSERT_TRUE(makes(TextureFormat::rgba8_unorm) && makes(TextureFormat::bgra8_unorm));
  std::printf("%s makes %zu rows\n", all.identity.device_name.c_str(), all.textures.size());
  for (const TextureCapability& row : all.textures) {
    SCOPED_TRACE(to_string(row.format));
    EXPECT_EQ(row.modifier, drm_modifier_linear) << "the other modifier is no row";
    EXPECT_FALSE(row.importable);
    TextureDescriptor d;
    d.format = row.format;
    d.extent = {64, 34, 1};
    auto texture = manager_->create_texture(d, HandleKind::dma_buf);
    ASSERT_TRUE(texture) << texture.error().to_string();
    const MemoryLayout& layout = (*texture)->layout();
    EXPECT_EQ(layout.plane_count, row.memory_plane_count);
    auto parcel = manager_->export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    EXPECT_TRUE(platform::is_dma_buf(parcel->handles[0].get()));
    EXPECT_EQ(layout.allocation_size, *platform::kernel_size(parcel->handles[0].get()));
  }
}

TEST_P(Gbm, IsOpenedByEveryKindOfEnd) {
  std::string opened;
  for (const TextureFormat format : {TextureFormat::rgba8_unorm, TextureFormat::bgra8_unorm, TextureFormat::r8_unorm,
                                     TextureFormat::rgba16_float, TextureFormat::nv12}) {
    if (!makes(format)) continue;
    SCOPED_TRACE(to_string(format));
    TextureDescriptor d = descriptor_;
    d.format = format;
    if (format_info(format).is_multi_planar()) d.extent = {60, 34, 1};
    std::vector<std::pair<End*, std::unique_ptr<SharedTexture>>> textures;
    std::unique_ptr<SharedTexture> made;
    for (const char* name : {"host", "vulkan", "opengl"}) {
      End* end = ends_.get(name);
      NegotiationPolicy policy;
      policy.allow_opaque = policy.allow_host_linear = policy.allow_host_copy = false;
      const auto agreement = negotiate(d, manager_->capabilities(), end->manager().capabilities(), policy);
      if (!agreement) continue;
      if (made == nullptr) made = *manager_->create_texture(d, *agreement);
      auto texture = end->manager().import_shared_texture(*manager_->export_texture(*made));
      ASSERT_TRUE(texture) << name << ": " << texture.error().to_string();
      textures.emplace_back(end, *std::move(texture));
      opened += std::string(name) + " " + std::string(to_string(format)) + ", ";
    }
    AccessState state;
    std::uint32_t seed = 0;
    for (auto& [writer, source] : textures) {
      state = write(*writer, *source, state, ++seed);
      for (auto& [reader, target] : textures) state = expect(*reader, *target, state, seed);
    }
  }
  std::printf("opened: %s\n", opened.c_str());
  for (const char* name : {"host rgba8_unorm", "vulkan rgba8_unorm", "opengl rgba8_unorm"}) {
    EXPECT_NE(opened.find(name), std::string::npos);
  }
}

TEST_P(Gbm, ReadsTheModifierBack) {
  Agreement agreement;
  agreement.handle_kind = HandleKind::dma_buf;
  agreement.tiling = Tiling::drm_modifier;
  agreement.modifiers = {foreign_modifier, drm_modifier_linear};
  auto texture = manager_->create_texture(descriptor_, agreement);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->layout().modifier, drm_modifier_linear);
  for (const std::uint64_t alone : {foreign_modifier, drm_modifier_invalid}) {
    agreement.modifiers = {alone};
    const auto refused = manager_->create_texture(descriptor_, agreement);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
    EXPECT_NE(refused.error().message().find("one of the modifiers [" + std::to_string(alone) + "]"), std::string::npos)
        << refused.error().to_string();
  }
}

// Mesa's software driver makes none at render nodes, which come first.
TEST_P(Gbm, FindsANodeByItself) {
  const auto found = gbm::create_manager();
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_FALSE((*found)->capabilities().textures.empty());
  EXPECT_TRUE((*found)->create_texture(descriptor_, HandleKind::dma_buf));
  std::printf("by itself: %s\n", (*found)->capabilities().identity.device_name.c_str());
}

TEST_P(Gbm, OpensNothing) {
  auto texture = *manager_->create_texture(descriptor_, HandleKind::dma_buf);
  const auto refused = manager_->import_shared_texture(*manager_->export_texture(*texture));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported) << refused.error().to_string();
  descriptor_.mip_levels = 2;
  EXPECT_EQ(manager_->create_texture(descriptor_, HandleKind::dma_buf).error().code(), ErrorCode::unsupported);
  descriptor_.mip_levels = 1;
  EXPECT_EQ(manager_->create_texture(descriptor_, HandleKind::opaque_fd).error().code(), ErrorCode::unsupported);
}

// An end that opens dma-bufs and makes none, like a device whose driver exports nothing: the CPU's, less what it makes.
class OpensOnly final : public TextureShareManager {
 public:
  explicit OpensOnly(TextureShareManager& host) : TextureShareManager(opened_by(host)), host_(host) {}

 private:
  static Capabilities opened_by(TextureShareManager& host) {
    Capabilities capabilities = host.capabilities();
    std::erase_if(capabilities.textures, [](const auto& row) { return row.handle_kind != HandleKind::dma_buf; });
    for (TextureCapability& row : capabilities.textures) row.exportable = false;
    return capabilities;
  }
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor&, const Agreement&) override {
    return fail(ErrorCode::unsupported, "It makes nothing.");
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    return host_.import_shared_texture(std::move(parcel));
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override { return host_.create_fence(kind); }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    return host_.import_fence(std::move(handle));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override { return host_.copy_texture(from, to); }
  bool owns(const SharedTexture& texture) const noexcept override { return texture.api() == Api::host; }

  TextureShareManager& host_;
};

TEST_P(Gbm, IsTheAllocatorOfWhoOpensOnly) {
  End& host = *ends_.get("host");
  OpensOnly end(host.manager());
  ASSERT_EQ(end.create_texture(descriptor_, HandleKind::dma_buf).error().code(), ErrorCode::unsupported);
  const std::size_t rows = end.capabilities().textures.size();
  const std::size_t made = manager_->capabilities().textures.size();
  const auto used = end.use_allocator(make());
  ASSERT_TRUE(used) << "of no device, but dma-bufs only: " << used.error().to_string();
  EXPECT_EQ(end.capabilities().textures.size(), rows + made);
  for (const char* name : {"vulkan", "opengl"}) {
    SCOPED_TRACE(name);
    End& other = *ends_.get(name);
    NegotiationPolicy policy;
    policy.allow_host_linear = policy.allow_host_copy = false;
    const auto agreement = negotiate(descriptor_, end.capabilities(), other.manager().capabilities(), policy);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    auto texture = end.create_texture(descriptor_, *agreement);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto parcel = end.export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    EXPECT_EQ(parcel->api, Api::gbm);
    auto opened = other.manager().import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(opened) << opened.error().to_string();
    AccessState state = write(host, **texture, {}, 1);
    state = expect(other, **opened, state, 1);
    state = write(other, **opened, state, 2);
    expect(host, **texture, state, 2);
    EXPECT_EQ((*texture)->statistics().bytes_copied + (*opened)->statistics().bytes_copied, 0U);
  }
}

TEST_P(Gbm, ThousandsLeaveNothingBehind) {
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 2000; ++i) {
    auto texture = manager_->create_texture(descriptor_, HandleKind::dma_buf);
    ASSERT_TRUE(texture) << i << ": " << texture.error().to_string();
    ASSERT_TRUE(manager_->export_texture(**texture));
  }
  EXPECT_EQ(open_descriptors(), before);
}

INSTANTIATE_TEST_SUITE_P(All, Gbm, testing::Values("vgem", "virtio_gpu"),
                         [](const auto& driver) { return driver.param; });

}  // namespace
}  // namespace geyser::test
