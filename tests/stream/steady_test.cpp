// A feed that goes on for ever: no allocation, no descriptor, and, while nobody sleeps, no system call of Geyser's.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "stream/scene.hpp"
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

// Both ends on one thread, on host memory: what is counted is the stream's.
struct Feed {
  explicit Feed(stream::FrameMode mode) {
    stream::PublisherOptions publish;
    publish.name = "steady";
    publish.runtime_directory = directory.path();
    publisher.emplace(*stream::Publisher::create(share(end), small_picture(), std::move(publish)));
    stream::SubscriberOptions subscribe;
    subscribe.feed = "steady";
    subscribe.mode = mode;
    subscribe.runtime_directory = directory.path();
    subscriber.emplace(*stream::Subscriber::create(share(end), std::move(subscribe)));
    static_cast<void>(publish_pattern(*end, *publisher, 1));
    static_cast<void>(acquire_beside(*publisher, *subscriber));
    while (!publisher->has_subscribers()) publisher->service();  // its Accept comes by the publisher's thread
    for (int i = 0; i < 50; ++i) hand_over();
  }
  // Whether a frame went through.
  bool hand_over() {
    auto drawn = publisher->begin_frame(0ns);
    if (!drawn) return false;
    if (!publisher->publish(*std::move(drawn), info)) return false;
    auto seen = subscriber->acquire(0ns);
    if (!seen) return false;
    return subscriber->release(*std::move(seen)).value_or(false);
  }

  RuntimeDirectory directory;
  std::shared_ptr<End> end = open_end("host");
  std::optional<stream::Publisher> publisher;
  std::optional<stream::Subscriber> subscriber;
  stream::FrameInfo info;
};

class Steady : public testing::TestWithParam<stream::FrameMode> {};

TEST_P(Steady, AllocatesNothingAndOpensNothing) {
  Feed feed(GetParam());
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

// From here on this thread may make no system call but to end the process; any other kills it.
bool forbid_system_calls() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      // A machine without a readable clock in user space asks the kernel for the time.
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const sock_fprog program{std::size(filter), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_P(Steady, MakesNoSystemCall) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    int status = 1;
    {
      Feed feed(GetParam());
      const auto begin = std::chrono::steady_clock::now();
      if (!forbid_system_calls()) ::_exit(2);
      // Longer than anything is looked at from time to time.
      int failed = 0;
      while (std::chrono::steady_clock::now() - begin < 300ms) failed += feed.hand_over() ? 0 : 1;
      status = failed == 0 ? 0 : 3;
      ::_exit(status);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_FALSE(WIFSIGNALED(status)) << "a system call was made";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "2: no seccomp, 3: a frame did not go through";
}

INSTANTIATE_TEST_SUITE_P(Modes, Steady, testing::Values(stream::FrameMode::latest, stream::FrameMode::every),
                         [](const auto& one) { return one.param == stream::FrameMode::latest ? "latest" : "every"; });

}  // namespace
}  // namespace geyser::test
