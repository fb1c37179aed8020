// Systems without dma-bufs: all but Linux.
#include "platform/dma_buf.hpp"

namespace geyser::platform {
namespace {

tl::unexpected<GeyserError> none() { return fail(ErrorCode::unsupported, "This system has no dma-bufs."); }

}  // namespace

std::string_view to_string(DmaBufSource) noexcept { return "none"; }
bool makes_dma_bufs(DmaBufSource) noexcept { return false; }
bool knows_dma_bufs() noexcept { return false; }
bool makes_dma_bufs() noexcept { return false; }
Result<OwnedHandle> create_dma_buf(DmaBufSource, std::uint64_t) { return none(); }
Result<OwnedHandle> create_dma_buf(std::uint64_t) { return none(); }
bool is_dma_buf(NativeHandle) noexcept { return false; }
Result<MappedDmaBuf> map_dma_buf(NativeHandle) { return none(); }
Result<void> begin_cpu_access(NativeHandle, AccessMode, std::chrono::nanoseconds) { return none(); }
Result<void> end_cpu_access(NativeHandle, AccessMode) { return none(); }
Result<OwnedHandle> export_implicit_fences(NativeHandle, AccessMode) { return none(); }
Result<void> import_implicit_fence(NativeHandle, NativeHandle, AccessMode) { return none(); }

}  // namespace geyser::platform
