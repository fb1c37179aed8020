#include "platform/runtime_directory.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "common/text.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;

std::string runtime_directory_path() {
  const char* own = std::getenv("GEYSER_RUNTIME_DIR");
  if (own != nullptr && *own != '\0') return own;
  const char* session = std::getenv("XDG_RUNTIME_DIR");
  if (session != nullptr && *session != '\0') return std::string(session) + "/geyser";
  return text("/tmp/geyser-", ::getuid());
}

Result<void> prepare_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(posix_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be made."), errno)
                    .suggest("GEYSER_RUNTIME_DIR set to a directory of your own"));
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return fail(posix_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be looked at."), errno));
  }
  if (!S_ISDIR(info.st_mode)) {
    return fail(GeyserError(ErrorCode::operating_system, text("[", path, "] is no directory."))
                    .suggest("GEYSER_RUNTIME_DIR set to a directory of your own"));
  }
  if (info.st_uid != ::getuid()) {
    return fail(GeyserError(ErrorCode::operating_system, text("Directory [", path, "] belongs to user [", info.st_uid,
                                                              "], not to [", ::getuid(), "]."))
                    .suggest("GEYSER_RUNTIME_DIR set to a directory of your own"));
  }
  if ((info.st_mode & 0077U) != 0) {
    return fail(GeyserError(ErrorCode::operating_system, text("Directory [", path, "] is open to other users."))
                    .suggest(text("chmod 700 ", path)));
  }
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path, const std::string& suffix) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) {
    return fail(posix_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be read."), errno));
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::string name = entry->d_name;
    if (name.ends_with(suffix)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace geyser::platform
