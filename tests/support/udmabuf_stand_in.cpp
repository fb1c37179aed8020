// Preloaded into tests on kernels without /dev/udmabuf: lets Mesa's software drivers make "dma-bufs", which are then
// plain memfds. They map, travel and have a size like the real ones; they have no poll(). Mesa looks for the device by
// open() and makes buffers by ioctl(UDMABUF_CREATE). A buffer's fences are "signalled" each time: the sync file that
// ioctl(DMA_BUF_IOCTL_EXPORT_SYNC_FILE) gives is an eventfd that is ready. An eventfd that is not ready yet works for
// Mesa as a sync file that is signalled late: it waits for either by poll().
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstring>

#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE  // Linux 6.0's
struct dma_buf_export_sync_file {
  __u32 flags;
  __s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#endif

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
  const int result = static_cast<int>(syscall(SYS_ioctl, descriptor, request, argument));
  if (result == 0 || errno != ENOTTY) return result;
  switch (request) {
    case DMA_BUF_IOCTL_EXPORT_SYNC_FILE: {
      auto& exported = *static_cast<dma_buf_export_sync_file*>(argument);
      exported.fd = eventfd(1, EFD_CLOEXEC);
      return exported.fd >= 0 ? 0 : -1;
    }
    case DMA_BUF_IOCTL_SYNC:
      return 0;  // memory of the CPU's own needs none
    default:
      return result;
  }
}

}  // extern "C"
