// Systems without sync files: all but Linux.
#include "platform/sync_file.hpp"

namespace geyser::platform {
namespace {

tl::unexpected<GeyserError> none() { return fail(ErrorCode::unsupported, "This system has no sync files."); }

}  // namespace

Result<void> wait_sync_file(NativeHandle, std::chrono::nanoseconds) { return none(); }
bool is_sync_file(NativeHandle) noexcept { return false; }
Result<SyncFileStatus> sync_file_status(NativeHandle) { return none(); }
Result<OwnedHandle> merge_sync_files(NativeHandle, NativeHandle) { return none(); }

}  // namespace geyser::platform
