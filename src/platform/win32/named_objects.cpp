#include "platform/win32/named_objects.hpp"

#include <limits>

#include "common/text.hpp"
#include "platform/win32/error.hpp"

namespace geyser::platform {

using detail::text;

namespace {

// A backslash would name another directory of objects.
Result<void> check_name(const std::string& name) {
  if (!name.empty() && name.size() < MAX_PATH && name.find('\\') == std::string::npos &&
      name.find('\0') == std::string::npos) {
    return {};
  }
  return fail(ErrorCode::invalid_argument, text("[", name, "] is no name of an object."));
}

tl::unexpected<GeyserError> refuse(const char* call, const std::string& name, DWORD number) {
  const bool none = number == ERROR_FILE_NOT_FOUND;
  return fail(win32_error(none ? ErrorCode::not_available : ErrorCode::operating_system,
                          text(call, " of [", name, "] failed."), number));
}

OwnedHandle adopt(HANDLE handle) {
  return OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(handle));
}

}  // namespace

Result<void> NamedMemory::map() {
  void* address = ::MapViewOfFile(handle_of(handle_.get()), FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
  if (address == nullptr) {
    return fail(win32_error(ErrorCode::operating_system, "MapViewOfFile failed.", ::GetLastError()));
  }
  // A section does not tell its size to who may not query it; its view does.
  MEMORY_BASIC_INFORMATION region{};
  if (::VirtualQuery(address, &region, sizeof(region)) == 0) {
    const DWORD number = ::GetLastError();
    ::UnmapViewOfFile(address);
    return fail(win32_error(ErrorCode::operating_system, "VirtualQuery failed.", number));
  }
  mapping_ = adopt_mapping(address, region.RegionSize);
  return {};
}

Result<NamedMemory> NamedMemory::create(const std::string& name, std::size_t size) {
  if (auto good = check_name(name); !good) return fail(std::move(good.error()));
  NamedMemory memory;
  ::SetLastError(ERROR_SUCCESS);
  const HANDLE handle =
      ::CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, static_cast<DWORD>(size), name.c_str());
  const DWORD number = ::GetLastError();
  if (handle == nullptr) return refuse("CreateFileMappingA", name, number);
  memory.handle_ = adopt(handle);
  memory.existed_ = number == ERROR_ALREADY_EXISTS;
  if (auto mapped = memory.map(); !mapped) return fail(std::move(mapped.error()));
  return memory;
}

Result<NamedMemory> NamedMemory::open(const std::string& name) {
  if (auto good = check_name(name); !good) return fail(std::move(good.error()));
  NamedMemory memory;
  const HANDLE handle = ::OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, name.c_str());
  if (handle == nullptr) return refuse("OpenFileMappingA", name, ::GetLastError());
  memory.handle_ = adopt(handle);
  memory.existed_ = true;
  if (auto mapped = memory.map(); !mapped) return fail(std::move(mapped.error()));
  return memory;
}

Result<NamedMutex> NamedMutex::create(const std::string& name) {
  if (auto good = check_name(name); !good) return fail(std::move(good.error()));
  NamedMutex mutex;
  mutex.name_ = name;
  const HANDLE handle = ::CreateMutexA(nullptr, FALSE, name.c_str());
  if (handle == nullptr) return refuse("CreateMutexA", name, ::GetLastError());
  mutex.handle_ = adopt(handle);
  return mutex;
}

Result<void> NamedMutex::lock(std::chrono::milliseconds timeout) const {
  const DWORD result = ::WaitForSingleObject(handle_of(handle_.get()), static_cast<DWORD>(timeout.count()));
  if (result == WAIT_OBJECT_0 || result == WAIT_ABANDONED) return {};
  if (result == WAIT_TIMEOUT) {
    return fail(ErrorCode::timeout, text("Mutex [", name_, "] is not free in [", timeout.count(), "] ms."));
  }
  return refuse("WaitForSingleObject", name_, ::GetLastError());
}

void NamedMutex::unlock() const noexcept { ::ReleaseMutex(handle_of(handle_.get())); }

Result<NamedCounter> NamedCounter::create(const std::string& name) {
  if (auto good = check_name(name); !good) return fail(std::move(good.error()));
  NamedCounter counter;
  const HANDLE handle = ::CreateSemaphoreA(nullptr, 1, std::numeric_limits<LONG>::max(), name.c_str());
  if (handle == nullptr) return refuse("CreateSemaphoreA", name, ::GetLastError());
  counter.handle_ = adopt(handle);
  return counter;
}

// A semaphore tells its number when something is given back, so something is taken first.
Result<std::uint32_t> NamedCounter::add(std::int32_t more) const {
  const HANDLE handle = handle_of(handle_.get());
  const bool taken = ::WaitForSingleObject(handle, 0) == WAIT_OBJECT_0;
  const LONG given = more + (taken ? 1 : 0);
  if (given == 0) return 0;
  LONG before = 0;
  if (::ReleaseSemaphore(handle, given, &before) == 0) {
    return fail(win32_error(ErrorCode::operating_system, "ReleaseSemaphore failed.", ::GetLastError()));
  }
  return static_cast<std::uint32_t>(before + given);
}

Result<std::uint32_t> NamedCounter::read() const { return add(0); }

Result<void> NamedCounter::increment() const {
  auto now = add(1);
  if (!now) return fail(std::move(now.error()));
  return {};
}

}  // namespace geyser::platform
