// Every ordered pair of APIs in two processes, every format, and shapes: this process makes each texture and writes
// it, the other one opens it from what came through a Channel, compares, and writes back. Both check that they use
// one kernel object and that nobody copies where the agreement says zero-copy; neither leaks a descriptor. What pairs
// refuse is what they refuse within one process.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "process/hand_off.hpp"
#include "support/current_mesa.hpp"
#include "support/descriptors.hpp"
#include "support/ends.hpp"
#include "support/refusals.hpp"
#include "support/system.hpp"

namespace geyser::test {
namespace {

std::size_t inherited_descriptors = 0;

// The channel is all that a child inherits beyond what this process did.
std::string expected_descriptors() { return std::to_string(inherited_descriptors + given_with_a_channel()); }

class Exporter {
 public:
  // With a policy only what it lets through is tried, and refusals are not compared: the list knows of none.
  Exporter(Channel& channel, End& end, std::string pair, const NegotiationPolicy* policy = nullptr)
      : channel_(channel), end_(end), pair_(std::move(pair)), policy_(policy) {}

  void run() {
    auto message = channel_.receive_message(patience);
    ASSERT_TRUE(message) << message.error().to_string();
    ASSERT_TRUE(std::holds_alternative<wire::Hello>(*message));
    peer_ = std::move(std::get<wire::Hello>(*message).capabilities);
    const std::vector<Case> cases = all_cases();
    for (std::size_t i = 0; i < cases.size(); ++i) {
      SCOPED_TRACE(pair_ + cases[i].shape.name + " " + std::string(to_string(cases[i].format)));
      run_case(i, cases[i]);
      if (testing::Test::HasFatalFailure()) return;
    }
    ASSERT_TRUE(send(channel_, Request{}));
    auto last = receive_text(channel_);
    ASSERT_TRUE(last) << last.error().to_string();
    EXPECT_EQ(*last, "");
    if (policy_ != nullptr || !Refusals::has_list() || OnSecondGpu::exists()) return;  // pairs_test says so
    for (const std::string& difference : refusals_.compare(pair_)) ADD_FAILURE() << difference;
  }
  std::size_t zero_copies() const { return zero_copies_; }
  std::size_t gpu_copies() const { return gpu_copies_; }
  std::size_t dma_bufs() const { return dma_bufs_; }
  // Cases in which the devices wait for each other, without a CPU.
  std::size_t device_waits() const { return device_waits_; }

 private:
  const Capabilities& capabilities() { return end_.manager().capabilities(); }

  void run_case(std::size_t index, const Case& c) {
    const TextureDescriptor descriptor = describe(c);
    auto agreement = negotiate(descriptor, capabilities(), peer_, policy_ != nullptr ? *policy_ : NegotiationPolicy());
    refusals_.note(pair_ + c.shape.name, c.format, capabilities(), peer_, agreement);
    if (!agreement) return;
    share(index, descriptor, *agreement);
    if (agreement->handle_kind != HandleKind::opaque_fd || testing::Test::HasFatalFailure()) return;
    // Between drivers that have both, the other one too.
    NegotiationPolicy without_opaque;
    without_opaque.allow_opaque = false;
    agreement = negotiate(descriptor, capabilities(), peer_, without_opaque);
    if (agreement && agreement->handle_kind == HandleKind::dma_buf) share(index, descriptor, *agreement);
  }

  void share(std::size_t index, const TextureDescriptor& descriptor, const Agreement& agreement) {
    auto texture = end_.manager().create_texture(descriptor, agreement);
    ASSERT_TRUE(texture) << texture.error().to_string();
    std::vector<std::shared_ptr<SharedFence>> fences;
    offer(index, **texture, agreement, fences);
    if (testing::Test::HasFatalFailure()) return;
    auto message = channel_.receive_message(patience);
    ASSERT_TRUE(message) << message.error().to_string();
    if (const auto* refusal = std::get_if<wire::Refusal>(&*message)) {
      ADD_FAILURE() << "The importer refuses: " << refusal->message;
      return;
    }
    ASSERT_TRUE(std::holds_alternative<wire::Accept>(*message));
    for (FenceHandle& handle : std::get<wire::Accept>(*message).fences) {
      auto fence = end_.manager().import_fence(std::move(handle));
      ASSERT_TRUE(fence) << fence.error().to_string();
      fences.push_back(*std::move(fence));
    }
    ASSERT_EQ(fences.size(), 2U);
    exchange(**texture, fences);
    auto path = expect_path(**texture, agreement, Side::exporter);
    EXPECT_TRUE(path) << path.error().to_string();
    if (agreement.path == SharePath::zero_copy) ++zero_copies_;
    if (agreement.path == SharePath::gpu_copy) ++gpu_copies_;
    if (agreement.handle_kind == HandleKind::dma_buf) ++dma_bufs_;
    if ((*texture)->statistics().gpu_waits != 0) ++device_waits_;
    for (const std::string& complaint : std::exchange(end_.complaints, {})) ADD_FAILURE() << complaint;
  }

  void offer(std::size_t index, SharedTexture& texture, const Agreement& agreement,
             std::vector<std::shared_ptr<SharedFence>>& fences) {
    auto parcel = end_.manager().export_texture(texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    EXPECT_EQ(parcel->kind, agreement.handle_kind);
    auto request = make_request(index, *parcel);
    ASSERT_TRUE(request) << request.error().to_string();
    wire::Offer offer;
    offer.agreement = agreement;
    offer.textures.push_back(*std::move(parcel));
    const std::size_t count = makes_fences(peer_, agreement.fence_kind) ? 1 : 2;
    for (std::size_t i = 0; i < count; ++i) {
      auto fence = end_.manager().create_fence(agreement.fence_kind);
      ASSERT_TRUE(fence) << fence.error().to_string();
      auto handle = (*fence)->export_handle();
      ASSERT_TRUE(handle) << handle.error().to_string();
      fences.push_back(*std::move(fence));
      offer.fences.push_back(*std::move(handle));
    }
    ASSERT_TRUE(texture.set_signal_fence(fences[0]));
    ASSERT_TRUE(send(channel_, *request));
    auto sent = channel_.send(wire::Message(std::move(offer)), patience);
    ASSERT_TRUE(sent) << sent.error().to_string();
  }

  void exchange(SharedTexture& texture, std::span<const std::shared_ptr<SharedFence>> fences) {
    auto state = write_pattern(end_, texture, {}, 1);
    ASSERT_TRUE(state) << state.error().to_string();
    ASSERT_TRUE(channel_.send_fences(*state, patience));
    ASSERT_TRUE(channel_.send(wire::to_frame(*state, 0, 0), patience));
    auto text = receive_text(channel_);
    ASSERT_TRUE(text) << text.error().to_string();
    EXPECT_EQ(*text, "");
    if (!text->empty()) return;
    auto frame = channel_.receive_frame(fences, patience);
    ASSERT_TRUE(frame) << frame.error().to_string();
    auto written = wire::to_access_state(*frame, fences);
    ASSERT_TRUE(written) << written.error().to_string();
    EXPECT_EQ(written->serial, state->serial + 1);
    auto read = expect_pattern(end_, texture, *written, 2);
    EXPECT_TRUE(read) << read.error().to_string();
  }

  Channel& channel_;
  End& end_;
  std::string pair_;  // "from to "
  const NegotiationPolicy* policy_;
  Capabilities peer_;
  Refusals refusals_;
  std::size_t zero_copies_ = 0;
  std::size_t gpu_copies_ = 0;
  std::size_t dma_bufs_ = 0;
  std::size_t device_waits_ = 0;
};

class TwoProcesses : public testing::TestWithParam<std::pair<std::string, std::string>> {
 public:
  static void TearDownTestSuite() { ends.close(); }

 protected:
  static inline Ends ends;
};

TEST_P(TwoProcesses, ShareEveryFormatAndShape) {
  const auto& [from, to] = GetParam();
  End* end = ends.get(from);
  ASSERT_NE(end, nullptr);
  const std::size_t before = open_descriptors();
  {
    auto child = Child::start({"--importer", to, "--descriptors", expected_descriptors()});
    ASSERT_TRUE(child) << child.error().to_string();
    Exporter exporter(child->channel(), *end, from + " " + to + " ");
    exporter.run();
    if (HasFatalFailure()) {
      const Channel hung_up = std::move(child->channel());
    }
    EXPECT_EQ(child->join(), "");
    if (OnSecondGpu::exists()) {
      EXPECT_EQ(exporter.gpu_copies() != 0, to == "cuda" && from != "host");
    } else {
      EXPECT_EQ(exporter.zero_copies() != 0, is_zero_copy_pair(from, to));
    }
    const auto mesa = [](const std::string& name) {
      return name != "host" && name != "swiftshader" && name != "webgpu";
    };
    if (is_rig("mesa") && mesa(from) && mesa(to)) {
      EXPECT_NE(exporter.dma_bufs(), 0U);
    }
    const auto is_swiftshader = [](const std::string& name) { return name == "swiftshader" || name == "webgpu"; };
    const auto waits = [&](const std::string& name) {
      return is_swiftshader(name) || (has_win32_handles() && name == "vulkan");
    };
    if (waits(from) && waits(to)) {
      EXPECT_NE(exporter.device_waits(), 0U);
    }
  }
  EXPECT_TRUE(end->settle());
  EXPECT_EQ(open_descriptors(), before);
}

std::vector<std::pair<std::string, std::string>> all_pairs() {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& a : end_names()) {
    for (const auto& b : end_names()) pairs.emplace_back(a, b);
  }
  return pairs;
}

// Between the ends that can, with everything else forbidden. The importer finds the exporter's kernel objects behind
// what came through the socket. Run alone, where the kernel makes dma-bufs or the stand-in does.
class ByDmaBuf : public TwoProcesses {};

TEST_P(ByDmaBuf, ShareEveryFormat) {
  const auto& [from, to] = GetParam();
  if (current_mesa() == nullptr) {
    std::printf("NOT RUN: Mesa 25 is not here; ./dev drivers unpacks it on Debian 12\n");
    GTEST_SKIP();
  }
  NegotiationPolicy policy;
  policy.allow_opaque = policy.allow_host_linear = policy.allow_host_copy = false;
  End* end = ends.get(from);
  ASSERT_NE(end, nullptr);
  const std::size_t before = open_descriptors();
  {
    auto child = Child::start({"--importer", to, "--descriptors", expected_descriptors()});
    ASSERT_TRUE(child) << child.error().to_string();
    Exporter exporter(child->channel(), *end, from + " " + to + " ", &policy);
    exporter.run();
    if (HasFatalFailure()) {
      const Channel hung_up = std::move(child->channel());
    }
    EXPECT_EQ(child->join(), "");
    // Dawn takes seven formats, and WebGPU passes planes on in none.
    const auto is = [](const std::string& name, const char* api) { return name.starts_with(api); };
    const bool webgpu = is(from, "webgpu") || is(to, "webgpu");
    const bool opengl = is(from, "opengl") || is(to, "opengl");
    EXPECT_GE(exporter.zero_copies(), webgpu ? 8U : opengl ? 40U : 60U);
    std::printf("%zu cases went through a dma-buf\n", exporter.zero_copies());
  }
  EXPECT_TRUE(end->settle());
  // llvmpipe keeps the memory of a texture or two that were written by planes (importer.cpp).
  EXPECT_LE(open_descriptors(), before + (from.starts_with("opengl") ? 2 : 0));
}

std::vector<std::pair<std::string, std::string>> dma_buf_pairs() {
  if (!is_rig("forky")) return {{"host", "mesa25"}, {"mesa25", "host"}, {"mesa25", "mesa25"}};
  // Every end there has them.
  std::vector<std::pair<std::string, std::string>> pairs = all_pairs();
  std::erase_if(pairs, [](const auto& pair) {
    return pair.first == "swiftshader" || pair.second == "swiftshader" ||
           (pair.first == "host" && pair.second == "host");
  });
  return pairs;
}

INSTANTIATE_TEST_SUITE_P(All, ByDmaBuf, testing::ValuesIn(dma_buf_pairs()),
                         [](const auto& pair) { return pair.param.first + "_to_" + pair.param.second; });

INSTANTIATE_TEST_SUITE_P(All, TwoProcesses, testing::ValuesIn(all_pairs()),
                         [](const auto& pair) { return pair.param.first + "_to_" + pair.param.second; });

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  if (geyser::test::argument(count, values, "--importer")) return geyser::test::run_importer(count, values);
  geyser::test::inherited_descriptors = geyser::test::given_descriptors();
  testing::InitGoogleTest(&count, values);
  return RUN_ALL_TESTS();
}
