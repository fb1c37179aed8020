// Preloaded into tests on kernels without /dev/udmabuf: lets Mesa's software Vulkan make "dma-bufs", which are then
// plain memfds. They map, travel and have a size like the real ones; they have no fences and no poll(). Mesa looks for
// the device by open() and makes buffers by ioctl(UDMABUF_CREATE).
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstring>

namespace {

int open_path(const char* path, int flags, mode_t mode) {
  if (path != nullptr && std::strcmp(path, "/dev/udmabuf") == 0) return memfd_create("udmabuf stand-in", MFD_CLOEXEC);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return open_path(path, flags, mode);
}

__attribute__((visibility("default"))) int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return open_path(path, flags, mode);
}

__attribute__((visibility("default"))) int ioctl(int descriptor, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (request == UDMABUF_CREATE) {
    const auto& create = *static_cast<const udmabuf_create*>(argument);
    if (create.offset != 0) {
      errno = EINVAL;
      return -1;
    }
    return fcntl(static_cast<int>(create.memfd), F_DUPFD_CLOEXEC, 3);
  }
  return static_cast<int>(syscall(SYS_ioctl, descriptor, request, argument));
}

}  // extern "C"
