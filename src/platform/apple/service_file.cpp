#include "platform/apple/service_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <geyser/handle.hpp>

#include "common/text.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;

namespace {

constexpr std::string_view first_word = "geyser-service ";
constexpr std::size_t longest = 256;
constexpr std::size_t longest_path = 1023;  // PATH_MAX, less its zero

Result<void> check_path(const std::string& path) {
  if (!path.empty() && path.size() <= longest_path) return {};
  return fail(ErrorCode::invalid_argument,
              text("Socket path [", path, "] has [", path.size(), "] bytes, outside [1] to [", longest_path, "]."));
}

}  // namespace

std::string new_service_name(const std::string& path) {
  constexpr std::string_view containers = "/Group Containers/";
  std::string name = "dev.geyser";
  if (const std::size_t at = path.find(containers); at != std::string::npos) {
    const std::size_t begin = at + containers.size();
    name = path.substr(begin, path.find('/', begin) - begin);
  }
  std::array<std::uint8_t, 16> secret{};
  ::arc4random_buf(secret.data(), secret.size());
  constexpr std::string_view digits = "0123456789abcdef";
  name += '.';
  for (const std::uint8_t byte : secret) {
    name += digits[byte >> 4U];
    name += digits[byte & 0xfU];
  }
  return name;
}

Result<void> write_service_file(const std::string& path, const std::string& name) {
  if (auto good = check_path(path); !good) return good;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) {
    const int number = errno;
    const bool taken = number == EEXIST;
    return fail(posix_error(taken ? ErrorCode::busy : ErrorCode::operating_system,
                            text("Socket path [", path, taken ? "] is in use." : "] cannot be made."), number));
  }
  const OwnedHandle handle = OwnedHandle::adopt(HandleKind::none, descriptor);
  const std::string line = text(first_word, ::getpid(), " ", name, "\n");
  if (::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size())) return {};
  const int number = errno;
  ::unlink(path.c_str());
  return fail(posix_error(ErrorCode::operating_system, text("File [", path, "] cannot be written."), number));
}

Result<ServiceFile> read_service_file(const std::string& path) {
  if (auto good = check_path(path); !good) return fail(std::move(good.error()));
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) {
    const int number = errno;
    return fail(posix_error(ErrorCode::not_available,
                            number == EACCES ? text("The rights of [", path, "] keep this user out.")
                                             : text("Nobody listens at [", path, "]."),
                            number));
  }
  const OwnedHandle handle = OwnedHandle::adopt(HandleKind::none, descriptor);
  struct stat info {};
  std::array<char, longest> room{};
  const ssize_t size =
      ::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) ? ::read(descriptor, room.data(), room.size()) : -1;
  std::string_view line(room.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  ServiceFile file;
  file.user_id = info.st_uid;
  // One that is just being written has no end of line yet.
  if (line.starts_with(first_word) && line.ends_with('\n')) {
    line.remove_prefix(first_word.size());
    line.remove_suffix(1);
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), file.process_id);
    if (error == std::errc() && end != line.data() + line.size() && *end == ' ') {
      file.name = line.substr(static_cast<std::size_t>(end + 1 - line.data()));
    }
  }
  if (file.name.empty()) return fail(ErrorCode::not_available, text("File [", path, "] names no service."));
  return file;
}

}  // namespace geyser::platform
