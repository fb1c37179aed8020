// Sections backed by the paging file: they keep their size, and their pages stay committed, for as long as anybody
// holds them, so nothing like a seal is needed.
#include "platform/shared_memory.hpp"

#include <limits>
#include <utility>

#include "common/text.hpp"
#include "platform/win32/error.hpp"

namespace geyser::platform {

using detail::text;
namespace {

constexpr DWORD access = FILE_MAP_READ | FILE_MAP_WRITE;

GeyserError not_a_section(NativeHandle handle, DWORD number) {
  return win32_error(ErrorCode::invalid_handle,
                     text("Handle [", handle, "] is no section that can be read and written."), number);
}

// Bytes from the start of a view that can be touched; 0 when it is none of plain, committed memory (an executable
// image, or a section that was only reserved, whose pages would fault).
std::uint64_t usable_bytes(const void* view) noexcept {
  MEMORY_BASIC_INFORMATION info{};
  if (::VirtualQuery(view, &info, sizeof(info)) == 0) return 0;
  const bool plain = info.State == MEM_COMMIT && info.Type == MEM_MAPPED && info.Protect == PAGE_READWRITE;
  return plain ? info.RegionSize : 0;
}

}  // namespace

Result<OwnedHandle> create_shared_memory(std::uint64_t size) {
  if (size == 0) return fail(ErrorCode::invalid_argument, "Shared memory of [0] bytes cannot be made.");
  const HANDLE section =
      ::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, static_cast<DWORD>(size >> 32U),
                           static_cast<DWORD>(size & 0xffffffffU), nullptr);
  if (section == nullptr) {
    const DWORD number = ::GetLastError();
    const bool memory = number == ERROR_NOT_ENOUGH_MEMORY || number == ERROR_OUTOFMEMORY ||
                        number == ERROR_COMMITMENT_LIMIT || number == ERROR_DISK_FULL ||
                        number == ERROR_NO_SYSTEM_RESOURCES || number == ERROR_INVALID_PARAMETER;
    return fail(win32_error(memory ? ErrorCode::out_of_memory : ErrorCode::operating_system,
                            text("Shared memory cannot have [", size, "] bytes."), number));
  }
  return OwnedHandle::adopt(HandleKind::host_memory, reinterpret_cast<NativeHandle>(section));
}

Result<MappedMemory> map_shared_memory(NativeHandle handle, std::uint64_t size) {
  auto real_size = kernel_size(handle);
  if (!real_size) return fail(std::move(real_size.error()));
  if (size == 0 || size > *real_size) {
    return fail(ErrorCode::incompatible_layout, text("The shared memory of handle [", handle, "] has [", *real_size,
                                                     "] bytes, [", size, "] are needed."));
  }
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
    return fail(ErrorCode::out_of_memory, text("A mapping of [", size, "] bytes is larger than the address space."));
  }
  const auto length = static_cast<std::size_t>(size);
  void* address = ::MapViewOfFile(handle_of(handle), access, 0, 0, length);
  if (address == nullptr) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::out_of_memory,
                            text("Handle [", handle, "] cannot be mapped for reading and writing, [", size, "] bytes."),
                            number));
  }
  MappedMemory memory = adopt_mapping(address, length);
  if (usable_bytes(address) < size) return fail(not_a_section(handle, ERROR_INVALID_ADDRESS));
  return memory;
}

// Sections have no seal: who may write is a right of each handle, and is to be given when streams come to Windows.
Result<MappedMemory> map_shared_memory_for_reading(NativeHandle handle, std::uint64_t size) {
  return map_shared_memory(handle, size);
}

Result<ReadOnlyMemory> create_read_only_shared_memory(std::uint64_t) {
  return fail(ErrorCode::unsupported, "Memory that only one process can write is not made on Windows yet.");
}

// Windows tells a section's size only through a view of all of it; rounded up to whole pages.
Result<std::uint64_t> kernel_size(NativeHandle handle) {
  const HANDLE section = handle_of(handle);
  if (section == nullptr) return fail(not_a_section(handle, ERROR_INVALID_HANDLE));
  const void* view = ::MapViewOfFile(section, access, 0, 0, 0);
  if (view == nullptr) {
    const DWORD number = ::GetLastError();
    return fail(not_a_section(handle, number));
  }
  const std::uint64_t size = usable_bytes(view);
  ::UnmapViewOfFile(view);
  if (size == 0) return fail(not_a_section(handle, ERROR_INVALID_ADDRESS));
  return size;
}

// CompareObjectHandles() compares two handles; nothing names one object by itself.
Result<KernelIdentity> kernel_identity(NativeHandle handle) {
  return fail(ErrorCode::unsupported, text("Windows has no number for the kernel object of handle [", handle, "]."));
}

}  // namespace geyser::platform
