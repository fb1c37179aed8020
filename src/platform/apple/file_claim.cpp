// flock(2): the headers of macOS 13 have no locks of open files for fcntl(). Who looks shares the lock for a moment,
// which a publisher that is just starting tries again for.
#include "platform/posix/file_claim.hpp"

#include <sys/file.h>

#include <cerrno>

namespace geyser::platform {

int claim_file(int descriptor) noexcept { return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno; }

int look_at_claim(int descriptor, bool& is_claimed) noexcept {
  is_claimed = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  if (is_claimed) return errno == EWOULDBLOCK ? 0 : errno;
  return ::flock(descriptor, LOCK_UN) == 0 ? 0 : errno;
}

}  // namespace geyser::platform
