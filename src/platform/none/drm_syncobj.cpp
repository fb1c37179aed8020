// Systems without DRM sync objects: all but Linux. Nothing uses what one would hold.
#include "platform/drm_syncobj.hpp"

namespace geyser::platform {
namespace {

tl::unexpected<GeyserError> none() { return fail(ErrorCode::unsupported, "This system has no DRM sync objects."); }

}  // namespace

bool has_drm_syncobjs() noexcept { return false; }
Result<DrmSyncobj> DrmSyncobj::create() { return none(); }
Result<DrmSyncobj> DrmSyncobj::open(NativeHandle) { return none(); }
Result<OwnedHandle> DrmSyncobj::export_handle() const { return none(); }
Result<std::uint64_t> DrmSyncobj::completed() const { return none(); }
Result<std::uint64_t> DrmSyncobj::submitted() const { return none(); }
Result<void> DrmSyncobj::wait(std::uint64_t, Until, std::chrono::nanoseconds) const { return none(); }
Result<void> DrmSyncobj::signal(std::uint64_t) { return none(); }
Result<void> DrmSyncobj::put(std::uint64_t, NativeHandle) { return none(); }
Result<OwnedHandle> DrmSyncobj::get(std::uint64_t) const { return none(); }

}  // namespace geyser::platform
