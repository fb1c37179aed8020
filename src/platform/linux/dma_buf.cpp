#include "platform/dma_buf.hpp"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/magic.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "common/text.hpp"
#include "platform/deadline.hpp"
#include "platform/posix/error.hpp"

#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

namespace geyser::platform {

using detail::text;
namespace {

constexpr const char* udmabuf_device = "/dev/udmabuf";
constexpr const char* heap_device = "/dev/dma_heap/system";

Result<OwnedHandle> open_device(const char* path) {
  OwnedHandle device = OwnedHandle::adopt(HandleKind::none, ::open(path, O_RDWR | O_CLOEXEC));
  if (device.has_value()) return device;
  const int number = errno;
  return fail(posix_error(ErrorCode::not_available, text("Device [", path, "] cannot be opened."), number));
}

GeyserError not_made(const char* path, std::uint64_t size, int number) {
  const bool memory = number == ENOMEM || number == ENOSPC;
  return posix_error(memory ? ErrorCode::out_of_memory : ErrorCode::operating_system,
                     text("Device [", path, "] makes no dma-buf of [", size, "] bytes."), number);
}

Result<OwnedHandle> create_by_udmabuf(std::uint64_t size) {
  auto device = open_device(udmabuf_device);
  if (!device) return device;
  auto memory = create_shared_memory(size);
  if (!memory) return memory;
  udmabuf_create create{};
  create.memfd = static_cast<std::uint32_t>(descriptor_of(memory->get()));
  create.flags = UDMABUF_FLAGS_CLOEXEC;
  create.size = size;
  const int made = ::ioctl(descriptor_of(device->get()), UDMABUF_CREATE, &create);
  if (made < 0) return fail(not_made(udmabuf_device, size, errno));
  return OwnedHandle::adopt(HandleKind::dma_buf, made);
}

// The heap takes every page at once, and goes on when there are none left: the kernel then kills processes, not the
// call.
std::uint64_t heap_limit() noexcept {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) /
         2;
}

Result<OwnedHandle> create_by_heap(std::uint64_t size) {
  auto device = open_device(heap_device);
  if (!device) return device;
  if (const std::uint64_t limit = heap_limit(); size > limit) {
    return fail(
        ErrorCode::out_of_memory,
        text("A dma-buf of [", size, "] bytes is more than half of this machine's memory, [", limit, "] bytes."));
  }
  dma_heap_allocation_data data{};
  data.len = size;
  data.fd_flags = O_RDWR | O_CLOEXEC;
  if (::ioctl(descriptor_of(device->get()), DMA_HEAP_IOCTL_ALLOC, &data) != 0) {
    return fail(not_made(heap_device, size, errno));
  }
  return OwnedHandle::adopt(HandleKind::dma_buf, static_cast<NativeHandle>(data.fd));
}

GeyserError no_dma_buf(NativeHandle handle) {
  return {ErrorCode::invalid_handle, text("Descriptor [", handle, "] is not a dma-buf.")};
}

// Interrupted calls are made again.
int control(NativeHandle handle, unsigned long request, void* argument) noexcept {
  int result = 0;
  do {
    result = ::ioctl(descriptor_of(handle), request, argument);
  } while (result != 0 && (errno == EINTR || errno == EAGAIN));
  return result;
}

// What an access waits for, and stands for, in the words of the kernel.
std::uint32_t fence_flags(AccessMode mode) noexcept { return is_write(mode) ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_READ; }

// Caches: a write that keeps the contents begins with what is there.
std::uint64_t cache_flags(AccessMode mode) noexcept {
  if (mode == AccessMode::read) return DMA_BUF_SYNC_READ;
  return mode == AccessMode::discard ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_RW;
}

Result<void> synchronise(NativeHandle dma_buf, std::uint64_t flags) {
  dma_buf_sync sync{};
  sync.flags = flags;
  if (control(dma_buf, DMA_BUF_IOCTL_SYNC, &sync) == 0) return {};
  const int number = errno;
  if (!is_dma_buf(dma_buf)) return fail(no_dma_buf(dma_buf));
  return fail(posix_error(ErrorCode::operating_system,
                          text("The dma-buf of descriptor [", dma_buf, "] is not synchronised with the CPU."), number));
}

GeyserError no_fences(NativeHandle dma_buf, std::string_view verb, int number) {
  if (!is_dma_buf(dma_buf)) return no_dma_buf(dma_buf);
  const bool old = number == ENOTTY;
  return posix_error(old ? ErrorCode::unsupported : ErrorCode::operating_system,
                     text("The kernel ", verb, " the dma-buf of descriptor [", dma_buf, "]."), number);
}

}  // namespace

std::string_view to_string(DmaBufSource source) noexcept {
  return source == DmaBufSource::udmabuf ? udmabuf_device : heap_device;
}

bool makes_dma_bufs(DmaBufSource source) noexcept { return create_dma_buf(source, 1).has_value(); }
bool knows_dma_bufs() noexcept { return true; }
bool makes_dma_bufs() noexcept { return create_dma_buf(1).has_value(); }

Result<OwnedHandle> create_dma_buf(DmaBufSource source, std::uint64_t size) {
  if (size == 0) return fail(ErrorCode::invalid_argument, "A dma-buf of [0] bytes cannot be made.");
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) - page) {
    return fail(ErrorCode::out_of_memory, text("A dma-buf of [", size, "] bytes is larger than any file."));
  }
  const std::uint64_t whole = (size + page - 1) / page * page;
  return source == DmaBufSource::udmabuf ? create_by_udmabuf(whole) : create_by_heap(whole);
}

Result<OwnedHandle> create_dma_buf(std::uint64_t size) {
  auto made = create_dma_buf(DmaBufSource::udmabuf, size);
  if (made || made.error().code() == ErrorCode::invalid_argument) return made;
  auto other = create_dma_buf(DmaBufSource::dma_heap, size);
  if (other) return other;
  return fail(std::move(made.error()).during(text("also: ", other.error().to_string())));
}

bool is_dma_buf(NativeHandle handle) noexcept {
  struct statfs info {};
  return ::fstatfs(descriptor_of(handle), &info) == 0 &&
         (static_cast<std::uint64_t>(info.f_type) & 0xffffffffU) == DMA_BUF_MAGIC;
}

Result<MappedDmaBuf> map_dma_buf(NativeHandle dma_buf) {
  if (!is_dma_buf(dma_buf)) return fail(no_dma_buf(dma_buf));
  auto size = kernel_size(dma_buf);
  if (!size) return fail(std::move(size.error()));
  const auto length = static_cast<std::size_t>(*size);
  const int descriptor = descriptor_of(dma_buf);
  void* address = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (address != MAP_FAILED) return MappedDmaBuf{adopt_mapping(address, length), true};
  if (errno == EACCES || errno == EPERM) {
    address = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor, 0);
    if (address != MAP_FAILED) return MappedDmaBuf{adopt_mapping(address, length), false};
  }
  const int number = errno;
  return fail(posix_error(
      number == ENOMEM ? ErrorCode::out_of_memory : ErrorCode::unsupported,
      text("The dma-buf of descriptor [", dma_buf, "] with [", length, "] bytes cannot be mapped by a CPU."), number));
}

Result<void> begin_cpu_access(NativeHandle dma_buf, AccessMode mode, std::chrono::nanoseconds timeout) {
  const Deadline deadline = Deadline::after(timeout);
  pollfd fences{descriptor_of(dma_buf), static_cast<short>(is_write(mode) ? POLLOUT : POLLIN), 0};
  int ready = 0;
  do {
    ready = ::poll(&fences, 1, deadline.remaining_milliseconds());
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) {
    return fail(posix_error(ErrorCode::operating_system, text("Descriptor [", dma_buf, "] is not polled."), errno));
  }
  if (ready == 0) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
    return fail(ErrorCode::timeout, text("The implicit fences of the dma-buf of descriptor [", dma_buf,
                                         "] are not signalled after [", waited, "] ms."));
  }
  if ((fences.revents & (POLLNVAL | POLLERR)) != 0) return fail(no_dma_buf(dma_buf));
  return synchronise(dma_buf, DMA_BUF_SYNC_START | cache_flags(mode));
}

Result<void> end_cpu_access(NativeHandle dma_buf, AccessMode mode) {
  return synchronise(dma_buf, DMA_BUF_SYNC_END | cache_flags(mode));
}

Result<OwnedHandle> export_implicit_fences(NativeHandle dma_buf, AccessMode mode) {
  dma_buf_export_sync_file fences{};
  fences.flags = fence_flags(mode);
  fences.fd = -1;
  if (control(dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &fences) != 0) {
    return fail(no_fences(dma_buf, "gives no sync file of", errno));
  }
  return OwnedHandle::adopt(HandleKind::sync_file, fences.fd);
}

Result<void> import_implicit_fence(NativeHandle dma_buf, NativeHandle sync_file, AccessMode mode) {
  dma_buf_import_sync_file fence{};
  fence.flags = fence_flags(mode);
  fence.fd = descriptor_of(sync_file);
  if (control(dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &fence) == 0) return {};
  const int number = errno;
  // The kernel's word for a descriptor that is none, or no sync file.
  if (is_dma_buf(dma_buf) && (number == EINVAL || number == EBADF)) {
    return fail(
        posix_error(ErrorCode::invalid_handle, text("Descriptor [", sync_file, "] is not a sync file."), number));
  }
  return fail(no_fences(dma_buf, "takes no sync file for", number));
}

}  // namespace geyser::platform
