#include "platform/sync_file.hpp"

namespace geyser::platform {

Result<void> wait_sync_file(NativeHandle, std::chrono::nanoseconds) {
  return fail(ErrorCode::unsupported, "Windows has no sync files.");
}

}  // namespace geyser::platform
