#include "platform/shared_memory.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "common/text.hpp"
#include "platform/posix/error.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

namespace geyser::platform {

using detail::text;
namespace {

tl::unexpected<GeyserError> not_open(NativeHandle handle, int number) {
  return fail(posix_error(ErrorCode::invalid_handle, text("Descriptor [", handle, "] is not open."), number));
}

// The file system's type, whose constants are wider than the field on some systems.
std::uint64_t file_system_of(int descriptor) noexcept {
  struct statfs info {};
  return ::fstatfs(descriptor, &info) == 0 ? static_cast<std::uint64_t>(info.f_type) & 0xffffffffU : 0;
}

int create_memfd() noexcept {
  // Kernels before 6.3 do not know MFD_NOEXEC_SEAL; later ones log a warning without it.
  const int descriptor = ::memfd_create("geyser", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (descriptor >= 0 || errno != EINVAL) return descriptor;
  return ::memfd_create("geyser", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

// Of its size, and not sealed yet.
Result<OwnedHandle> create_memory(std::uint64_t size) {
  if (size == 0) return fail(ErrorCode::invalid_argument, "Shared memory of [0] bytes cannot be made.");
  if (size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    return fail(ErrorCode::out_of_memory, text("Shared memory of [", size, "] bytes is larger than any file."));
  }
  OwnedHandle handle = OwnedHandle::adopt(HandleKind::host_memory, create_memfd());
  if (!handle.has_value()) {
    return fail(posix_error(ErrorCode::operating_system, "The kernel makes no shared memory.", errno));
  }
  const int descriptor = static_cast<int>(handle.get());
  if (::ftruncate(descriptor, static_cast<off_t>(size)) != 0) {
    const int number = errno;
    const bool memory = number == ENOMEM || number == ENOSPC || number == EFBIG;
    return fail(posix_error(memory ? ErrorCode::out_of_memory : ErrorCode::operating_system,
                            text("Shared memory cannot have [", size, "] bytes."), number));
  }
  return handle;
}

Result<void> seal(const OwnedHandle& handle, int further) {
  constexpr int fixed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (::fcntl(descriptor_of(handle.get()), F_ADD_SEALS, fixed | further) == 0) return {};
  return fail(posix_error(ErrorCode::operating_system, "Shared memory cannot be sealed.", errno));
}

Result<MappedMemory> map(NativeHandle handle, std::uint64_t size, int protection) {
  const int descriptor = descriptor_of(handle);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return not_open(handle, errno);
  // Only memfds have seals that can be set; files on tmpfs answer too, with no seal against shrinking. Pages of
  // hugetlbfs can run out after a successful mmap, which ends in SIGBUS.
  const int seals = ::fcntl(descriptor, F_GET_SEALS);
  if (seals < 0 || !S_ISREG(info.st_mode) || file_system_of(descriptor) == HUGETLBFS_MAGIC) {
    return fail(ErrorCode::invalid_handle, text("Descriptor [", handle, "] is not shared memory."));
  }
  if ((seals & F_SEAL_SHRINK) == 0) {
    return fail(ErrorCode::invalid_handle,
                text("The shared memory of descriptor [", handle, "] is not sealed against shrinking."));
  }
  const auto real_size = static_cast<std::uint64_t>(info.st_size);
  if (size == 0 || size > real_size) {
    return fail(ErrorCode::incompatible_layout, text("The shared memory of descriptor [", handle, "] has [", real_size,
                                                     "] bytes, [", size, "] are needed."));
  }
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
    return fail(ErrorCode::out_of_memory, text("A mapping of [", size, "] bytes is larger than the address space."));
  }
  const auto length = static_cast<std::size_t>(size);
  void* address = ::mmap(nullptr, length, protection, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) {
    const int number = errno;
    // EACCES: opened read-only; EPERM: sealed against writing.
    const bool handle_is_wrong = number == EACCES || number == EPERM;
    return fail(posix_error(handle_is_wrong ? ErrorCode::invalid_handle : ErrorCode::out_of_memory,
                            text("Descriptor [", handle, "] cannot be mapped for reading",
                                 (protection & PROT_WRITE) != 0 ? " and writing, [" : ", [", size, "] bytes."),
                            number));
  }
  return adopt_mapping(address, length);
}

}  // namespace

Result<OwnedHandle> create_shared_memory(std::uint64_t size) {
  auto handle = create_memory(size);
  if (!handle) return handle;
  if (auto sealed = seal(*handle, 0); !sealed) return fail(std::move(sealed.error()));
  return handle;
}

Result<ReadOnlyMemory> create_read_only_shared_memory(std::uint64_t size) {
  auto handle = create_memory(size);
  if (!handle) return fail(std::move(handle.error()));
  // The mapping first: the seal lets those be that exist.
  void* address = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED,
                         descriptor_of(handle->get()), 0);
  if (address == MAP_FAILED) {
    return fail(posix_error(ErrorCode::out_of_memory, text("[", size, "] bytes cannot be mapped."), errno));
  }
  ReadOnlyMemory made{*std::move(handle), adopt_mapping(address, static_cast<std::size_t>(size))};
  if (auto sealed = seal(made.handle, F_SEAL_FUTURE_WRITE); !sealed) return fail(std::move(sealed.error()));
  return made;
}

Result<MappedMemory> map_shared_memory(NativeHandle handle, std::uint64_t size) {
  return map(handle, size, PROT_READ | PROT_WRITE);
}

Result<MappedMemory> map_shared_memory_for_reading(NativeHandle handle, std::uint64_t size) {
  return map(handle, size, PROT_READ);
}

Result<std::uint64_t> kernel_size(NativeHandle handle) {
  const int descriptor = descriptor_of(handle);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return not_open(handle, errno);
  if (S_ISREG(info.st_mode) && ::fcntl(descriptor, F_GET_SEALS) >= 0) {
    return static_cast<std::uint64_t>(info.st_size);
  }
  if (file_system_of(descriptor) == DMA_BUF_MAGIC) {
    const off_t end = ::lseek(descriptor, 0, SEEK_END);
    if (end >= 0) return static_cast<std::uint64_t>(end);
  }
  return fail(ErrorCode::invalid_handle, text("Descriptor [", handle, "] is neither shared memory nor a dma-buf."));
}

Result<KernelIdentity> kernel_identity(NativeHandle handle) {
  struct stat info {};
  if (::fstat(descriptor_of(handle), &info) != 0) return not_open(handle, errno);
  return KernelIdentity{static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino)};
}

bool is_same_object(NativeHandle a, NativeHandle b) noexcept {
  struct stat first {};
  struct stat second {};
  return ::fstat(descriptor_of(a), &first) == 0 && ::fstat(descriptor_of(b), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// A dma-buf or a driver's own descriptor cannot be opened a second time.
Result<OwnedHandle> duplicate_with_own_offset(const OwnedHandle& handle) {
  const int descriptor = descriptor_of(handle.get());
  if (::fcntl(descriptor, F_GET_SEALS) >= 0) {
    const int opened = ::open(text("/proc/self/fd/", descriptor).c_str(), O_RDWR | O_CLOEXEC);
    if (opened >= 0) return OwnedHandle::adopt(handle.kind(), opened);
  }
  return handle.duplicate();
}

}  // namespace geyser::platform
