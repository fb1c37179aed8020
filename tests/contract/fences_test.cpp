// Every fence kind that a pair can have, forced, over several frames in both directions; and a signal that comes late
// on purpose, so that a missing wait cannot pass.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>
#include <thread>

#include "platform/drm_syncobj.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "support/system.hpp"

namespace geyser::test {
namespace {

struct Case {
  std::string from;
  std::string to;
};

class Fences : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    auto from = make_end(GetParam().from);
    auto to = make_end(GetParam().to);
    ASSERT_TRUE(from) << from.error().to_string();
    ASSERT_TRUE(to) << to.error().to_string();
    from_ = *std::move(from);
    to_ = *std::move(to);
    descriptor_.extent = {45, 29, 1};
  }
  void TearDown() override {
    for (const auto* end : {from_.get(), to_.get()}) {
      if (end == nullptr) continue;
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << end->name() << ": " << complaint;
    }
  }

  std::unique_ptr<End> from_;
  std::unique_ptr<End> to_;
  TextureDescriptor descriptor_;
};

struct Pair {
  Result<std::unique_ptr<SharedTexture>> texture;
  Result<std::unique_ptr<SharedTexture>> imported;
};

Pair make_pair(End& from, End& to, const TextureDescriptor& descriptor, const Agreement& agreement) {
  Pair pair{from.manager().create_texture(descriptor, agreement), nullptr};
  if (!pair.texture) return pair;
  auto parcel = from.manager().export_texture(**pair.texture);
  pair.imported = parcel ? to.manager().import_shared_texture(*std::move(parcel))
                         : Result<std::unique_ptr<SharedTexture>>(fail(std::move(parcel.error())));
  return pair;
}

// llvmpipe of Mesa 26, where it finds /dev/udmabuf, as it does with the stand-in: memory that lavapipe exported as
// opaque it takes without a word and then finds too small for the texture. Nothing says so before, so that the ends
// agree on it: then comes the next rung.
bool opens_no_opaque_memory(const End& end) {
  return (end.name() == "opengl" || end.name() == "opengl_es") && is_rig("forky");
}

Pair make_by_next_rung(End& from, End& to, const TextureDescriptor& descriptor, Agreement& agreement) {
  Pair pair = make_pair(from, to, descriptor, agreement);
  if (agreement.handle_kind != HandleKind::opaque_fd) return pair;
  if (!opens_no_opaque_memory(from) && !opens_no_opaque_memory(to)) return pair;
  const bool made = pair.texture.has_value();
  EXPECT_FALSE(made && pair.imported) << "the driver is repaired: take this away";
  if (made && pair.imported) return pair;
  const GeyserError& error = made ? pair.imported.error() : pair.texture.error();
  EXPECT_EQ(error.code(), ErrorCode::out_of_memory) << error.to_string();
  EXPECT_NE(error.message().find("glTexStorageMemEXT"), std::string::npos) << error.to_string();
  for (End* end : {&from, &to}) {
    for (const std::string& complaint : std::exchange(end->complaints, {})) {
      EXPECT_NE(complaint.find("GL_OUT_OF_MEMORY"), std::string::npos) << complaint;
    }
  }
  NegotiationPolicy policy;
  policy.force_fence = agreement.fence_kind;
  auto next = renegotiate(descriptor, from.manager().capabilities(), to.manager().capabilities(), policy, agreement,
                          error.message());
  EXPECT_TRUE(next) << next.error().to_string();
  if (!next) return pair;
  EXPECT_EQ(next->handle_kind, HandleKind::dma_buf);
  agreement = *next;
  return make_pair(from, to, descriptor, agreement);
}

void exchange(End& from, End& to, const TextureDescriptor& descriptor, Agreement agreement) {
  auto [texture, imported] = make_by_next_rung(from, to, descriptor, agreement);
  ASSERT_TRUE(texture) << texture.error().to_string();
  ASSERT_TRUE(imported) << imported.error().to_string();
  // Both are made by the exporter, which every kind here allows, and opened by the importer.
  auto written = from.manager().create_fence(agreement.fence_kind);
  auto consumed = from.manager().create_fence(agreement.fence_kind);
  ASSERT_TRUE(written) << written.error().to_string();
  ASSERT_TRUE(consumed);
  auto written_there = to.manager().import_fence(*(*written)->export_handle());
  auto consumed_there = to.manager().import_fence(*(*consumed)->export_handle());
  ASSERT_TRUE(written_there) << written_there.error().to_string();
  ASSERT_TRUE(consumed_there);
  EXPECT_EQ((*written_there)->id(), (*written)->id());
  ASSERT_TRUE((*texture)->set_signal_fence(*written));
  ASSERT_TRUE((*imported)->set_signal_fence(*consumed_there));
  // What travels beside each frame: a fence of this kind is a descriptor for each signal.
  const auto send = [](const std::shared_ptr<SharedFence>& fence, const std::shared_ptr<SharedFence>& there) {
    if (fence->kind() != FenceKind::sync_file) return;
    ASSERT_TRUE(there->update(*fence->export_handle()));
  };
  AccessState state;
  for (std::uint32_t frame = 0; frame < 5; ++frame) {
    const auto expected = make_pattern(descriptor, frame);
    auto write = (*texture)->begin_access(AccessMode::discard, state);
    ASSERT_TRUE(write) << frame << ": " << write.error().to_string();
    ASSERT_TRUE(from.fill(**texture, expected));
    auto after_write = (*texture)->end_access(*std::move(write));
    ASSERT_TRUE(after_write) << after_write.error().to_string();
    ASSERT_EQ(after_write->writer.size(), 1U);
    EXPECT_EQ(after_write->writer.begin()->fence->id(), (*written)->id());
    EXPECT_EQ(after_write->writer.begin()->value, frame + 1U);
    send(*written, *written_there);
    auto read = (*imported)->begin_access(AccessMode::read, *after_write);
    ASSERT_TRUE(read) << frame << ": " << read.error().to_string();
    auto actual = to.read(**imported);
    ASSERT_TRUE(actual) << actual.error().to_string();
    EXPECT_EQ(difference(descriptor, expected, *actual), "");
    auto after_read = (*imported)->end_access(*std::move(read));
    ASSERT_TRUE(after_read) << after_read.error().to_string();
    ASSERT_EQ(after_read->readers.size(), 1U);
    EXPECT_EQ(after_read->readers.begin()->fence->id(), (*consumed)->id());
    send(*consumed_there, *consumed);
    state = *after_read;
  }
  // A CPU's sync file is signalled when it is made, and nobody waits for it: sync_file_test.cpp counts devices'.
  if (agreement.fence_kind == FenceKind::sync_file || agreement.fence_kind == FenceKind::drm_syncobj) return;
  const bool gpu = agreement.fence_kind != FenceKind::host_timeline;
  EXPECT_EQ((*imported)->statistics().gpu_waits != 0, gpu);
  EXPECT_EQ((*texture)->statistics().gpu_waits != 0, gpu);
}

// Which kinds a pair has. Debian's software drivers: only SwiftShader exports a semaphore, a binary one; WebGPU's end
// is Dawn on it, with it as allocator. With GEYSER_RIG=gpu in the environment, a driver is expected that exports both
// kinds, to Vulkan and to OpenGL.
// Of the others Mesa 25's has sync files, with the stand-in that this test runs with; the host's CPU has them always.
// On Windows "vulkan" is a driver that exports both opaque kinds: the interposer's, or one of the machine's own.
bool is_expected(FenceKind kind, const Case& pair) {
  if (kind == FenceKind::host_timeline) return true;
  if (kind == FenceKind::drm_syncobj) {
    return platform::has_drm_syncobjs() && is_expected(FenceKind::sync_file, pair);  // by which devices reach them
  }
  if (kind == FenceKind::sync_file) {
    // Somebody's device has to wait for it; a CPU does not, nor does OpenGL on Mesa's software driver, which is a CPU.
    // In these rigs "vulkan" and both OpenGLs are a current Mesa's.
    const bool current = is_rig("mesa") || is_rig("forky");
    const auto waits = [&](const std::string& end) { return end == "mesa25" || (current && end == "vulkan"); };
    const auto has = [&](const std::string& end) {
      return waits(end) || end == "host" || (current && (end == "opengl" || end == "opengl_es"));
    };
    return has(pair.from) && has(pair.to) && (waits(pair.from) || waits(pair.to));
  }
  const bool by_handles = kind == FenceKind::opaque_win32_timeline || kind == FenceKind::opaque_win32_binary;
  if (by_handles != has_win32_handles()) return false;
  if (by_handles) return pair.from == "vulkan" && pair.to == "vulkan";
  if (is_rig("gpu")) return pair.from != "host" && pair.to != "host";
  const auto on_swiftshader = [](const std::string& name) {
    return name == "swiftshader" || (name == "webgpu" && std::getenv("GEYSER_WEBGPU_DRIVER") == nullptr);
  };
  return kind == FenceKind::opaque_fd_binary && on_swiftshader(pair.from) && on_swiftshader(pair.to);
}

TEST_P(Fences, EachKindForced) {
  for (const FenceKind kind :
       {FenceKind::opaque_fd_timeline, FenceKind::drm_syncobj, FenceKind::opaque_fd_binary, FenceKind::sync_file,
        FenceKind::opaque_win32_timeline, FenceKind::opaque_win32_binary, FenceKind::host_timeline}) {
    SCOPED_TRACE(std::string(to_string(kind)));
    NegotiationPolicy policy;
    policy.force_fence = kind;
    const auto agreement =
        negotiate(descriptor_, from_->manager().capabilities(), to_->manager().capabilities(), policy);
    ASSERT_EQ(agreement.has_value(), is_expected(kind, GetParam()))
        << (agreement ? "works" : agreement.error().message());
    if (!agreement) continue;
    exchange(*from_, *to_, descriptor_, *agreement);
    if (HasFatalFailure()) return;
  }
}

// The reader begins first. Its state promises a write that comes 60 ms later.
class LateFences : public Fences {};
TEST_P(LateFences, ASignalIsWaitedFor) {
  const auto agreement = negotiate(descriptor_, from_->manager().capabilities(), to_->manager().capabilities());
  ASSERT_TRUE(agreement);
  auto texture = *from_->manager().create_texture(descriptor_, *agreement);
  auto imported = to_->manager().import_shared_texture(*from_->manager().export_texture(*texture));
  ASSERT_TRUE(imported) << imported.error().to_string();
  auto fence = *from_->manager().create_fence(FenceKind::host_timeline);
  auto fence_there = *to_->manager().import_fence(*fence->export_handle());
  ASSERT_TRUE(texture->set_signal_fence(fence));
  const auto expected = make_pattern(descriptor_, 99);
  auto write = texture->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    ASSERT_TRUE(from_->fill(*texture, expected));
    ASSERT_TRUE(texture->end_access(*std::move(write)));
  });
  AccessState promised;
  promised.serial = 1;
  promised.initialized = true;
  ASSERT_TRUE(promised.writer.add({fence_there, 1}));
  auto read = (*imported)->begin_access(AccessMode::read, promised);
  late.join();
  ASSERT_TRUE(read) << read.error().to_string();
  auto actual = to_->read(**imported);
  ASSERT_TRUE(actual);
  EXPECT_EQ(difference(descriptor_, expected, *actual), "");
  EXPECT_TRUE((*imported)->end_access(*std::move(read)));
  EXPECT_GE((*imported)->statistics().host_waits, 1U);
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& from : end_names()) {
    for (const auto& to : end_names()) all.push_back({from, to});
  }
  return all;
}

std::vector<Case> from_host() {
  std::vector<Case> all;
  for (const auto& to : end_names()) all.push_back({"host", to});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, LateFences, testing::ValuesIn(from_host()),
                         [](const auto& pair) { return pair.param.from + "_to_" + pair.param.to; });
INSTANTIATE_TEST_SUITE_P(All, Fences, testing::ValuesIn(cases()),
                         [](const auto& pair) { return pair.param.from + "_to_" + pair.param.to; });

}  // namespace
}  // namespace geyser::test
