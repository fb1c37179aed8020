#include "support/system.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace geyser::test {

std::int64_t own_process() { return ::getpid(); }
std::uint32_t own_user() { return ::geteuid(); }

void set_environment(const char* name, const char* value) {
  if (value == nullptr) {
    ::unsetenv(name);
  } else {
    ::setenv(name, value, 1);
  }
}

std::string make_private_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "geyser-test-XXXXXX").string();
  return ::mkdtemp(pattern.data()) != nullptr ? pattern : std::string();
}

bool is_private(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & 0077U) == 0;
}

std::size_t files_of_a_feed() { return 3; }

std::size_t kept_by_a_channel() { return 0; }

bool has_validation_layer() { return true; }

bool wait_readable(NativeHandle handle, std::chrono::milliseconds timeout) {
  pollfd wait{static_cast<int>(handle), POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(timeout.count())) == 1;
}

OwnedHandle open_device(HandleKind kind) { return OwnedHandle::adopt(kind, ::open("/dev/null", O_RDWR | O_CLOEXEC)); }

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
