// fcntl(2), F_OFD_SETLK: unlike flock's, this lock is looked at without being taken for a moment.
#include "platform/posix/file_claim.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace geyser::platform {

namespace {

struct flock whole_file() {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return range;
}

}  // namespace

int claim_file(int descriptor) noexcept {
  struct flock range = whole_file();
  return ::fcntl(descriptor, F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

int look_at_claim(int descriptor, bool& is_claimed) noexcept {
  struct flock range = whole_file();
  if (::fcntl(descriptor, F_OFD_GETLK, &range) != 0) return errno;
  is_claimed = range.l_type != F_UNLCK;
  return 0;
}

}  // namespace geyser::platform
