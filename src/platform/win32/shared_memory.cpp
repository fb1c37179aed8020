// Sections backed by the paging file: they keep their size, and their pages stay committed, for as long as anybody
// holds them. That is what F_SEAL_SHRINK and F_SEAL_GROW promise, and no other section is taken: a file's pages may
// fail to be read, and reserved ones are not there. Who may write is a right of each handle, kept by the section's own
// security; nothing on Windows keeps the owner's processes from writing into each other.
#include "platform/shared_memory.hpp"

#include <limits>
#include <utility>

#include <winternl.h>

#include "common/text.hpp"
#include "platform/win32/error.hpp"
#include "platform/win32/security.hpp"

// In ntdll.dll, declared by the driver kit only.
extern "C" __declspec(dllimport) LONG
    __stdcall NtQuerySection(HANDLE section, int what, void* into, SIZE_T size, SIZE_T* used);
extern "C" __declspec(dllimport) LONG __stdcall NtCompareObjects(HANDLE a, HANDLE b);

namespace geyser::platform {

using detail::text;
namespace {

constexpr DWORD reading = FILE_MAP_READ | SECTION_QUERY;
constexpr DWORD writing = reading | FILE_MAP_WRITE;

// SECTION_BASIC_INFORMATION
struct SectionFacts {
  void* base = nullptr;
  ULONG attributes = 0;
  LARGE_INTEGER size{};
};

GeyserError not_a_section(NativeHandle handle, DWORD number) {
  return win32_error(ErrorCode::invalid_handle, text("Handle [", handle, "] is no section of shared memory."), number);
}

tl::unexpected<GeyserError> cannot_be_made(std::uint64_t size) {
  const DWORD number = ::GetLastError();
  const bool memory = number == ERROR_NOT_ENOUGH_MEMORY || number == ERROR_OUTOFMEMORY ||
                      number == ERROR_COMMITMENT_LIMIT || number == ERROR_DISK_FULL ||
                      number == ERROR_NO_SYSTEM_RESOURCES || number == ERROR_INVALID_PARAMETER;
  return fail(win32_error(memory ? ErrorCode::out_of_memory : ErrorCode::operating_system,
                          text("Shared memory cannot have [", size, "] bytes."), number));
}

Result<OwnedHandle> create_section(std::uint64_t size, SECURITY_ATTRIBUTES* security, const wchar_t* name) {
  if (size == 0) return fail(ErrorCode::invalid_argument, "Shared memory of [0] bytes cannot be made.");
  const HANDLE section =
      ::CreateFileMappingW(INVALID_HANDLE_VALUE, security, PAGE_READWRITE, static_cast<DWORD>(size >> 32U),
                           static_cast<DWORD>(size & 0xffffffffU), name);
  if (section == nullptr) return cannot_be_made(size);
  return OwnedHandle::adopt(HandleKind::host_memory, reinterpret_cast<NativeHandle>(section));
}

Result<MappedMemory> map(NativeHandle handle, std::uint64_t size, DWORD access) {
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
  void* address = ::MapViewOfFile(handle_of(handle), access & ~static_cast<DWORD>(SECTION_QUERY), 0, 0, length);
  if (address == nullptr) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(number == ERROR_ACCESS_DENIED ? ErrorCode::invalid_handle : ErrorCode::out_of_memory,
                            text("Handle [", handle, "] cannot be mapped for reading",
                                 (access & FILE_MAP_WRITE) != 0 ? " and writing, [" : ", [", size, "] bytes."),
                            number));
  }
  return adopt_mapping(address, length);
}

}  // namespace

Result<OwnedHandle> create_shared_memory(std::uint64_t size) { return create_section(size, nullptr, nullptr); }

// A duplicate may have more rights than its original, as far as the object's security gives them to the caller: for an
// object without any, that is all. The name is there because older systems keep no security for objects without one.
Result<ReadOnlyMemory> create_read_only_shared_memory(std::uint64_t size) {
  auto security = ObjectSecurity::limited_to(reading);
  if (!security) return fail(std::move(security.error()));
  auto name = random_name();
  if (!name) return fail(std::move(name.error()));
  auto section = create_section(size, security->get(), (L"Local\\geyser-page-" + *name).c_str());
  if (!section) return fail(std::move(section.error()));
  auto memory = map(section->get(), size, writing);
  if (!memory) return fail(std::move(memory.error()));
  const HANDLE process = ::GetCurrentProcess();
  HANDLE readable = nullptr;
  if (::DuplicateHandle(process, handle_of(section->get()), process, &readable, reading, FALSE, 0) == 0) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::operating_system, "A section cannot be given away for reading only.", number));
  }
  return ReadOnlyMemory{OwnedHandle::adopt(HandleKind::host_memory, reinterpret_cast<NativeHandle>(readable)),
                        *std::move(memory)};
}

Result<MappedMemory> map_shared_memory(NativeHandle handle, std::uint64_t size) { return map(handle, size, writing); }

Result<MappedMemory> map_shared_memory_for_reading(NativeHandle handle, std::uint64_t size) {
  return map(handle, size, reading);
}

// Of whole pages.
Result<std::uint64_t> kernel_size(NativeHandle handle) {
  const HANDLE section = handle_of(handle);
  if (section == nullptr) return fail(not_a_section(handle, ERROR_INVALID_HANDLE));
  SectionFacts facts;
  const LONG status = ::NtQuerySection(section, 0, &facts, sizeof(facts), nullptr);
  if (status < 0) return fail(not_a_section(handle, ::RtlNtStatusToDosError(status)));
  if ((facts.attributes & (SEC_FILE | SEC_IMAGE | SEC_RESERVE)) != 0 || (facts.attributes & SEC_COMMIT) == 0) {
    return fail(not_a_section(handle, ERROR_INVALID_ADDRESS));
  }
  return static_cast<std::uint64_t>(facts.size.QuadPart);
}

// Two handles can be compared; nothing names one object by itself.
bool is_same_object(NativeHandle a, NativeHandle b) noexcept {
  return handle_of(a) != nullptr && handle_of(b) != nullptr && ::NtCompareObjects(handle_of(a), handle_of(b)) == 0;
}

Result<KernelIdentity> kernel_identity(NativeHandle handle) {
  if (auto size = kernel_size(handle); !size) return fail(std::move(size.error()));
  return fail(ErrorCode::unsupported, text("Windows has no number for the kernel object of handle [", handle, "]."));
}

// A section has no offset.
Result<OwnedHandle> duplicate_with_own_offset(const OwnedHandle& handle) { return handle.duplicate(); }

}  // namespace geyser::platform
