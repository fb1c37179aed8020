// A feed that goes on for ever: while nobody sleeps, no system call of Geyser's.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>

#include "stream/steady_feed.hpp"

namespace geyser::test {
namespace {

class SteadyCalls : public testing::TestWithParam<stream::FrameMode> {};

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

TEST_P(SteadyCalls, AreNone) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    int status = 1;
    {
      SteadyFeed feed(GetParam());
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

INSTANTIATE_TEST_SUITE_P(Modes, SteadyCalls, testing::Values(stream::FrameMode::latest, stream::FrameMode::every),
                         [](const auto& one) { return one.param == stream::FrameMode::latest ? "latest" : "every"; });

}  // namespace
}  // namespace geyser::test
