// A feed that goes on for ever: no allocation and no descriptor.
#include <cstddef>
#include <cstdlib>
#include <new>

#include "stream/steady_feed.hpp"
#include "support/descriptors.hpp"

namespace {

thread_local bool armed = false;
thread_local std::size_t allocations = 0;

void* allocate(std::size_t size) {
  if (armed) ++allocations;
  void* memory = std::malloc(size != 0 ? size : 1);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace geyser::test {
namespace {

class Steady : public testing::TestWithParam<stream::FrameMode> {};

TEST_P(Steady, AllocatesNothingAndOpensNothing) {
  SteadyFeed feed(GetParam());
  const std::size_t descriptors = open_descriptors();
  int through = 0;
  allocations = 0;
  armed = true;
  for (int i = 0; i < 5000; ++i) through += feed.hand_over() ? 1 : 0;
  armed = false;
  EXPECT_EQ(through, 5000);
  EXPECT_EQ(allocations, 0U);
  EXPECT_EQ(open_descriptors(), descriptors);
}

INSTANTIATE_TEST_SUITE_P(Modes, Steady, testing::Values(stream::FrameMode::latest, stream::FrameMode::every),
                         [](const auto& one) { return one.param == stream::FrameMode::latest ? "latest" : "every"; });

}  // namespace
}  // namespace geyser::test
