// Preloaded into tests on kernels without /dev/udmabuf: lets Mesa's software drivers make "dma-bufs", which are then
// plain memfds. They map, travel and have a size like the real ones, and say that they are dma-bufs; they have no
// poll(). Mesa looks for the device by open() and makes buffers by ioctl(UDMABUF_CREATE). Where the kernel has the
// device, nothing here does anything: it is always asked first.
// A buffer's fences are signalled each time: the sync file that ioctl(DMA_BUF_IOCTL_EXPORT_SYNC_FILE) gives is an
// eventfd that is ready. An eventfd that is not ready yet is to Mesa a sync file that is late: it waits by poll().
//
// Geyser refuses memfds that are sent as dma-bufs, as a real driver does, so the ones made here have to be told from
// others, in every process that they come to. The sticky bit of the memfd's mode, which lives with the kernel object
// and means nothing there, is that mark.
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE  // Linux 6.0's
struct dma_buf_export_sync_file {
  __u32 flags;
  __s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#endif

namespace {

constexpr auto dma_buf_magic = 0x444d4142;

int open_path(const char* path, int flags, mode_t mode) {
  const int descriptor = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (descriptor >= 0 || path == nullptr || std::strcmp(path, "/dev/udmabuf") != 0) return descriptor;
  return memfd_create("udmabuf stand-in", MFD_CLOEXEC);
}

bool is_marked(int descriptor) {
  struct stat info {};
  return fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
}

int create(const udmabuf_create& create) {
  const int memory = static_cast<int>(create.memfd);
  struct stat info {};
  if (create.offset != 0 || fstat(memory, &info) != 0 || fchmod(memory, (info.st_mode & 07777) | S_ISVTX) != 0) {
    errno = EINVAL;
    return -1;
  }
  return fcntl(memory, F_DUPFD_CLOEXEC, 3);
}

// Tests use an eventfd for a sync file that is late: it is signalled when it can be read.
bool tell_status(int descriptor, sync_file_info& info) {
  char path[64];
  char target[64] = {};
  std::snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
  if (readlink(path, target, sizeof(target) - 1) < 0 || std::strcmp(target, "anon_inode:[eventfd]") != 0) return false;
  pollfd event{descriptor, POLLIN, 0};
  info.status = poll(&event, 1, 0) == 1 ? 1 : 0;
  info.num_fences = 1;
  return true;
}

int stand_in(int descriptor, unsigned long request, void* argument) {
  if (std::getenv("GEYSER_KERNEL_ONLY") != nullptr) {  // the kernel's own answer is wanted
    errno = ENOTTY;
    return -1;
  }
  // Also where the kernel has dma-bufs: of eventfds it does not say so.
  if (request == SYNC_IOC_FILE_INFO && tell_status(descriptor, *static_cast<sync_file_info*>(argument))) return 0;
  if (access("/dev/udmabuf", F_OK) == 0) {
    errno = ENOTTY;
    return -1;
  }
  if (request == UDMABUF_CREATE) return create(*static_cast<const udmabuf_create*>(argument));
  if (request == DMA_BUF_IOCTL_SYNC && is_marked(descriptor)) return 0;
  if (request == DMA_BUF_IOCTL_EXPORT_SYNC_FILE && is_marked(descriptor)) {
    auto& exported = *static_cast<dma_buf_export_sync_file*>(argument);
    exported.fd = eventfd(1, EFD_CLOEXEC);
    return exported.fd >= 0 ? 0 : -1;
  }
  errno = ENOTTY;
  return -1;
}

template <typename Info>
int file_system(int descriptor, Info* info) {
  const int result = static_cast<int>(syscall(SYS_fstatfs, descriptor, info));
  if (result == 0 && is_marked(descriptor)) info->f_type = dma_buf_magic;
  return result;
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
  const int result = static_cast<int>(syscall(SYS_ioctl, descriptor, request, argument));
  return result < 0 && errno == ENOTTY ? stand_in(descriptor, request, argument) : result;
}

__attribute__((visibility("default"))) int fstatfs(int descriptor, struct statfs* info) noexcept {
  return file_system(descriptor, info);
}

__attribute__((visibility("default"))) int fstatfs64(int descriptor, struct statfs64* info) noexcept {
  return file_system(descriptor, info);
}

}  // extern "C"
