#include "platform/file_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "common/text.hpp"
#include "platform/posix/error.hpp"
#include "platform/posix/file_claim.hpp"

namespace geyser::platform {

using detail::text;

namespace {

tl::unexpected<GeyserError> failed(const char* what, const std::string& path, int number) {
  const bool missing = number == ENOENT;
  return fail(posix_error(missing ? ErrorCode::not_available : ErrorCode::operating_system,
                          text("File [", path, "] cannot be ", what, "."), number));
}

// Whether the path still names the file that is open: the last holder may have removed it in between.
bool names(const std::string& path, int descriptor) {
  struct stat by_path {};
  struct stat by_handle {};
  return ::stat(path.c_str(), &by_path) == 0 && ::fstat(descriptor, &by_handle) == 0 &&
         by_path.st_dev == by_handle.st_dev && by_path.st_ino == by_handle.st_ino;
}

Result<void> write_all(int descriptor, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("written", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

FileLock::FileLock(FileLock&& other) noexcept : handle_(std::move(other.handle_)), path_(std::move(other.path_)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this == &other) return *this;
  FileLock old(std::move(*this));
  handle_ = std::move(other.handle_);
  path_ = std::move(other.path_);
  return *this;
}

FileLock::~FileLock() {
  if (handle_.has_value()) ::unlink(path_.c_str());
}

Result<FileLock> FileLock::acquire(const std::string& path) {
  // A holder that ends removes the file and then lets go: whoever waited for that inode starts again.
  int refusals = 0;
  for (int tries = 0; tries < 100; ++tries) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return failed("opened", path, errno);
    OwnedHandle handle = OwnedHandle::adopt(HandleKind::none, descriptor);
    if (const int number = claim_file(descriptor); number != 0) {
      if (number != EAGAIN && number != EACCES) return failed("locked", path, number);
      // It may be just clearing away what a dead process has left.
      if (++refusals > 3) return fail(ErrorCode::busy, text("File [", path, "] is held by another process."));
      const timespec nap{0, 1'000'000};
      ::nanosleep(&nap, nullptr);
      continue;
    }
    if (!names(path, descriptor)) continue;
    FileLock lock;
    lock.handle_ = std::move(handle);
    lock.path_ = path;
    return lock;
  }
  return fail(ErrorCode::busy, text("File [", path, "] is taken and left again and again."));
}

Result<void> FileLock::write(std::span<const std::byte> bytes) {
  const int descriptor = descriptor_of(handle_.get());
  if (::ftruncate(descriptor, 0) != 0 || ::lseek(descriptor, 0, SEEK_SET) != 0) return failed("written", path_, errno);
  return write_all(descriptor, bytes, path_);
}

Result<bool> FileLock::is_held(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return failed("opened", path, errno);
  const OwnedHandle handle = OwnedHandle::adopt(HandleKind::none, descriptor);
  bool is_claimed = false;
  if (const int number = look_at_claim(descriptor, is_claimed); number != 0) return failed("looked at", path, number);
  return is_claimed;
}

Result<std::vector<std::byte>> read_file(const std::string& path, std::size_t limit) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return failed("opened", path, errno);
  const OwnedHandle handle = OwnedHandle::adopt(HandleKind::none, descriptor);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return failed("read", path, errno);
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::operating_system, text("[", path, "] is no file."));
  std::vector<std::byte> bytes(limit + 1);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t count = ::read(descriptor, bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", path, errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > limit)
    return fail(ErrorCode::operating_system, text("File [", path, "] has more than [", limit, "] bytes."));
  bytes.resize(size);
  return bytes;
}

std::string draft_of(const std::string& path) { return path + ".new"; }

Result<void> replace_file(const std::string& path, std::span<const std::byte> bytes) {
  const std::string draft = draft_of(path);
  ::unlink(draft.c_str());
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return failed("made", draft, errno);
  Result<void> written;
  {
    const OwnedHandle handle = OwnedHandle::adopt(HandleKind::none, descriptor);
    written = write_all(descriptor, bytes, draft);
  }
  if (written && ::rename(draft.c_str(), path.c_str()) != 0) written = failed("renamed", draft, errno);
  if (!written) ::unlink(draft.c_str());
  return written;
}

void remove_file(const std::string& path) noexcept { ::unlink(path.c_str()); }

}  // namespace geyser::platform
