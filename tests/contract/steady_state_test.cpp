// A hand-off that goes on for ever must not grow: no allocation and no descriptor of Geyser's in a thousand frames,
// with the frames sent through a real channel.
#include <gtest/gtest.h>

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>

#include <geyser/channel.hpp>
#include <geyser/host.hpp>
#ifdef GEYSER_TEST_VULKAN
#include <geyser/vulkan.hpp>
#endif
#ifdef GEYSER_TEST_OPENGL
#include <geyser/opengl.hpp>
#endif

#include "support/descriptors.hpp"

namespace {

// Counts what Geyser asks for while this thread is armed. Geyser is linked statically into this program; drivers are
// not, and what they allocate for themselves is not counted. libstdc++ is: it allocates for std::string and others.
thread_local bool armed = false;
thread_local std::size_t allocations = 0;

bool is_ours(void* caller) {
  static const void* const own = [] {
    Dl_info info{};
    dladdr(reinterpret_cast<void*>(&is_ours), &info);
    return static_cast<const void*>(info.dli_fbase);
  }();
  Dl_info info{};
  if (dladdr(caller, &info) == 0) return true;
  return info.dli_fbase == own || std::strstr(info.dli_fname, "libstdc++") != nullptr;
}

void* allocate(std::size_t size, void* caller) {
  if (armed) {
    armed = false;
    if (is_ours(caller)) ++allocations;
    armed = true;
  }
  void* memory = std::malloc(size != 0 ? size : 1);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

// Not inlined: GCC would see memory of `new` given to free().
[[gnu::noinline]] void* operator new(std::size_t size) { return allocate(size, __builtin_return_address(0)); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return allocate(size, __builtin_return_address(0)); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace geyser::test {
namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::uint64_t warm_up = 50;
constexpr std::uint64_t counted = 1000;

using Manager = std::unique_ptr<TextureShareManager>;

// Without validation: the layer is C++ and has its own habits.
Manager make_manager(const std::string& name) {
  if (name == "host") return *host::create_manager();
#ifdef GEYSER_TEST_VULKAN
  if (name == "vulkan") return *vulkan::create_manager();
#endif
#ifdef GEYSER_TEST_OPENGL
  if (name == "opengl") return *opengl::create_manager();
#endif
  return nullptr;
}

struct Pair {
  const char* from;
  const char* to;
};

class SteadyState : public testing::TestWithParam<Pair> {
 protected:
  void SetUp() override {
    from_ = make_manager(GetParam().from);
    to_ = make_manager(GetParam().to);
    ASSERT_NE(from_, nullptr);
    ASSERT_NE(to_, nullptr);
    TextureDescriptor descriptor;
    descriptor.extent = {64, 64, 1};
    auto agreement = negotiate(descriptor, from_->capabilities(), to_->capabilities());
    if (agreement && agreement->fence_kind == FenceKind::sync_file) {
      // That is a new descriptor for each signal.
      NegotiationPolicy policy;
      policy.force_fence = FenceKind::host_timeline;
      agreement = negotiate(descriptor, from_->capabilities(), to_->capabilities(), policy);
    }
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    texture_ = *from_->create_texture(descriptor, *agreement);
    imported_ = *to_->import_shared_texture(*from_->export_texture(*texture_));
    for (const bool mine : {true, false}) {
      auto fence = *from_->create_fence(agreement->fence_kind);
      auto there = *to_->import_fence(*fence->export_handle());
      ASSERT_TRUE(mine ? texture_->set_signal_fence(fence) : imported_->set_signal_fence(there));
      fences_.push_back(std::move(fence));
      fences_there_.push_back(std::move(there));
    }
    auto channels = Channel::make_pair();
    ASSERT_TRUE(channels);
    channels_.emplace(*std::move(channels));
  }

  [[noreturn]] static void die(const GeyserError& error) {
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
    std::abort();
  }
  static AccessState access(SharedTexture& texture, AccessMode mode, const AccessState& state) {
    auto token = texture.begin_access(mode, state);
    if (!token) die(token.error());
    auto ended = texture.end_access(*std::move(token));
    if (!ended) die(ended.error());
    return *std::move(ended);
  }
  static AccessState send(Channel& from, Channel& to, const AccessState& state, std::uint64_t number,
                          std::span<const std::shared_ptr<SharedFence>> fences) {
    if (auto sent = from.send(wire::to_frame(state, 0, number), patience); !sent) die(sent.error());
    const auto frame = to.receive_frame(patience);
    if (!frame) die(frame.error());
    auto received = wire::to_access_state(*frame, fences);
    if (!received) die(received.error());
    return *std::move(received);
  }
  void frame(std::uint64_t number) {
    state_ = access(*texture_, AccessMode::write, state_);
    state_ = send(channels_->first, channels_->second, state_, number, fences_there_);
    state_ = access(*imported_, AccessMode::read, state_);
    state_ = send(channels_->second, channels_->first, state_, number, fences_);
  }

  Manager from_;
  Manager to_;
  std::vector<std::shared_ptr<SharedFence>> fences_;
  std::vector<std::shared_ptr<SharedFence>> fences_there_;
  std::unique_ptr<SharedTexture> texture_;
  std::unique_ptr<SharedTexture> imported_;
  std::optional<std::pair<Channel, Channel>> channels_;
  AccessState state_;
};

TEST_P(SteadyState, AFrameNeitherAllocatesNorOpensAnything) {
  for (std::uint64_t number = 0; number < warm_up; ++number) frame(number);
  const std::size_t descriptors = open_descriptors();
  allocations = 0;
  armed = true;
  for (std::uint64_t number = 0; number < counted; ++number) frame(warm_up + number);
  armed = false;
  EXPECT_EQ(allocations, 0U) << "in [" << counted << "] frames";
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(texture_->statistics().accesses, warm_up + counted);
}

// Without this, zero could be a counter that nobody reaches.
TEST(Counter, SeesAnAllocationOfGeysers) {
  const Manager manager = make_manager("host");
  allocations = 0;
  armed = true;
  const auto rows = rows_of(manager->capabilities(), TextureFormat::rgba8_unorm);
  armed = false;
  EXPECT_FALSE(rows.empty());
  EXPECT_NE(allocations, 0U);
}

std::vector<Pair> pairs() {
  std::vector<Pair> list{{"host", "host"}};
#ifdef GEYSER_TEST_VULKAN
  list.push_back({"vulkan", "vulkan"});
  list.push_back({"host", "vulkan"});
  list.push_back({"vulkan", "host"});
#ifdef GEYSER_TEST_OPENGL
  list.push_back({"vulkan", "opengl"});
  list.push_back({"opengl", "vulkan"});
#endif
#endif
  return list;
}

INSTANTIATE_TEST_SUITE_P(All, SteadyState, testing::ValuesIn(pairs()),
                         [](const auto& pair) { return std::string(pair.param.from) + "_to_" + pair.param.to; });

}  // namespace
}  // namespace geyser::test
