// A name is held by an open file that nobody else may write meanwhile, and which the system deletes when it is closed,
// however its holder ends.
#include "platform/file_lock.hpp"

#include <utility>

#include "common/text.hpp"
#include "platform/win32/error.hpp"
#include "platform/win32/text.hpp"

namespace geyser::platform {

using detail::text;

namespace {

// Who looks opens the file for a moment, and who is going has it until it is deleted.
constexpr int most_refusals = 8;
constexpr DWORD everything_shared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

tl::unexpected<GeyserError> failed(const char* what, const std::string& path, DWORD number) {
  const bool missing = number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND;
  return fail(win32_error(missing ? ErrorCode::not_available : ErrorCode::operating_system,
                          text("File [", path, "] cannot be ", what, "."), number));
}

struct Opened {
  OwnedHandle handle;
  DWORD number = 0;  // why not
};

// A link is opened as such, and then is no plain file.
Opened open(const std::string& path, DWORD access, DWORD share, DWORD disposition, DWORD flags = 0) {
  const HANDLE file = ::CreateFileW(to_wide(path).c_str(), access, share, nullptr, disposition,
                                    FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT | flags, nullptr);
  if (file == INVALID_HANDLE_VALUE) return {{}, ::GetLastError()};
  return {OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(file)), 0};
}

bool is_taken(DWORD number) {
  return number == ERROR_SHARING_VIOLATION || number == ERROR_ACCESS_DENIED || number == ERROR_DELETE_PENDING;
}

Result<void> write_all(const OwnedHandle& file, std::span<const std::byte> bytes, const std::string& path) {
  DWORD written = 0;
  const auto size = static_cast<DWORD>(bytes.size());
  if (::WriteFile(handle_of(file.get()), bytes.data(), size, &written, nullptr) != 0 && written == size) return {};
  const DWORD number = ::GetLastError();
  return failed("written", path, number);
}

}  // namespace

FileLock::FileLock(FileLock&& other) noexcept : handle_(std::move(other.handle_)), path_(std::move(other.path_)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this == &other) return *this;
  handle_ = std::move(other.handle_);
  path_ = std::move(other.path_);
  return *this;
}

FileLock::~FileLock() = default;

Result<FileLock> FileLock::acquire(const std::string& path) {
  for (int refusals = 0;; ++refusals) {
    Opened file = open(path, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_READ | FILE_SHARE_DELETE, OPEN_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE);
    if (file.handle.has_value()) {
      FileLock lock;
      lock.handle_ = std::move(file.handle);
      lock.path_ = path;
      return lock;
    }
    if (!is_taken(file.number)) return failed("opened", path, file.number);
    if (refusals >= most_refusals) {
      return fail(ErrorCode::busy, text("File [", path, "] is held by another process."));
    }
    ::Sleep(1);
  }
}

Result<void> FileLock::write(std::span<const std::byte> bytes) {
  const HANDLE file = handle_of(handle_.get());
  if (::SetFilePointer(file, 0, nullptr, FILE_BEGIN) == INVALID_SET_FILE_POINTER || ::SetEndOfFile(file) == 0) {
    const DWORD number = ::GetLastError();
    return failed("written", path_, number);
  }
  return write_all(handle_, bytes, path_);
}

// Whoever holds it writes, which this one does not share; it lets others do so as far as it can.
Result<bool> FileLock::is_held(const std::string& path) {
  const Opened file = open(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, OPEN_EXISTING);
  if (file.handle.has_value()) return false;
  if (file.number == ERROR_SHARING_VIOLATION) return true;
  return failed("opened", path, file.number);
}

Result<std::vector<std::byte>> read_file(const std::string& path, std::size_t limit) {
  const Opened file = open(path, GENERIC_READ, everything_shared, OPEN_EXISTING);
  if (!file.handle.has_value()) return failed("opened", path, file.number);
  const HANDLE handle = handle_of(file.handle.get());
  BY_HANDLE_FILE_INFORMATION info{};
  constexpr DWORD no_file = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
  if (::GetFileType(handle) != FILE_TYPE_DISK || ::GetFileInformationByHandle(handle, &info) == 0 ||
      (info.dwFileAttributes & no_file) != 0) {
    return fail(ErrorCode::operating_system, text("[", path, "] is no file."));
  }
  std::vector<std::byte> bytes(limit + 1);
  std::size_t size = 0;
  while (size < bytes.size()) {
    DWORD count = 0;
    if (::ReadFile(handle, bytes.data() + size, static_cast<DWORD>(bytes.size() - size), &count, nullptr) == 0) {
      const DWORD number = ::GetLastError();
      return failed("read", path, number);
    }
    if (count == 0) break;
    size += count;
  }
  if (size > limit)
    return fail(ErrorCode::operating_system, text("File [", path, "] has more than [", limit, "] bytes."));
  bytes.resize(size);
  return bytes;
}

std::string draft_of(const std::string& path) { return path + ".new"; }

Result<void> replace_file(const std::string& path, std::span<const std::byte> bytes) {
  const std::string draft = draft_of(path);
  remove_file(draft);
  {
    const Opened file = open(draft, GENERIC_WRITE, 0, CREATE_NEW);
    if (!file.handle.has_value()) return failed("made", draft, file.number);
    if (auto written = write_all(file.handle, bytes, draft); !written) return written;
  }
  // Who reads the old one at this moment shares everything, so this never has to wait for it.
  for (int tries = 0;; ++tries) {
    if (::MoveFileExW(to_wide(draft).c_str(), to_wide(path).c_str(), MOVEFILE_REPLACE_EXISTING) != 0) return {};
    const DWORD number = ::GetLastError();
    if (!is_taken(number) || tries >= most_refusals) {
      remove_file(draft);
      return failed("renamed", draft, number);
    }
    ::Sleep(1);
  }
}

void remove_file(const std::string& path) noexcept { ::DeleteFileW(to_wide(path).c_str()); }

}  // namespace geyser::platform
