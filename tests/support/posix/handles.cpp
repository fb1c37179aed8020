// What tests ask of handles, where each is a descriptor.
#include "support/system.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

namespace geyser::test {

std::size_t given_with_a_channel() { return 1; }

bool handles_are_numbered_apart() { return true; }

bool wait_readable(NativeHandle handle, std::chrono::milliseconds timeout) {
  pollfd wait{static_cast<int>(handle), POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(timeout.count())) == 1;
}

OwnedHandle open_device(HandleKind kind) { return OwnedHandle::adopt(kind, ::open("/dev/null", O_RDWR | O_CLOEXEC)); }

bool is_open(NativeHandle handle) { return ::fcntl(static_cast<int>(handle), F_GETFD) >= 0; }

bool is_inherited(NativeHandle handle) { return (::fcntl(static_cast<int>(handle), F_GETFD) & FD_CLOEXEC) == 0; }

std::string ways_to_write(NativeHandle memory, std::span<const std::byte> mapping) {
  std::string ways;
  const std::uint64_t word = 7;
  const auto try_all = [&](int descriptor, const char* what) {
    if (::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) != MAP_FAILED) ways += " mmap";
    if (::pwrite(descriptor, &word, sizeof(word), 0) >= 0) ways += " pwrite";
    if (::ftruncate(descriptor, 0) == 0) ways += " ftruncate";
    if (!ways.empty()) ways += what;
  };
  const int descriptor = static_cast<int>(memory);
  try_all(descriptor, " of the descriptor");
  const int again = ::open(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), O_RDWR | O_CLOEXEC);
  if (again >= 0) {
    try_all(again, " of the opened one");
    ::close(again);
  }
  void* address = const_cast<std::byte*>(mapping.data());
  if (::mprotect(address, 4096, PROT_READ | PROT_WRITE) == 0) ways += " mprotect";
  return ways;
}

}  // namespace geyser::test
