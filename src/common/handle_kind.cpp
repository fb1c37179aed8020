#include <array>

#include <geyser/handle.hpp>

namespace geyser {

namespace {

using O = ImportOwnership;
constexpr std::array<HandleKindInfo, handle_kind_count> table{{
    {HandleKind::none, "none", O::not_owned, false, false},
    {HandleKind::opaque_fd, "opaque_fd", O::consumed_on_success, true, false},
    {HandleKind::dma_buf, "dma_buf", O::consumed_on_success, true, false},
    {HandleKind::host_memory, "host_memory", O::borrowed, true, false},
    {HandleKind::sync_file, "sync_file", O::consumed_on_success, true, false},
    {HandleKind::drm_syncobj, "drm_syncobj", O::borrowed, true, false},
    {HandleKind::opaque_win32, "opaque_win32", O::borrowed, true, false},
    {HandleKind::opaque_win32_kmt, "opaque_win32_kmt", O::not_owned, true, true},
    {HandleKind::d3d_nt, "d3d_nt", O::borrowed, true, false},
    {HandleKind::io_surface, "io_surface", O::borrowed, true, false},
    {HandleKind::metal_shared_texture, "metal_shared_texture", O::borrowed, false, false},
    {HandleKind::metal_shared_event, "metal_shared_event", O::borrowed, false, false},
    {HandleKind::d3d_kmt, "d3d_kmt", O::not_owned, true, true},
}};

}  // namespace

const HandleKindInfo& handle_kind_info(HandleKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < table.size() ? table[index] : table[0];
}

std::string_view to_string(HandleKind kind) noexcept { return handle_kind_info(kind).name; }

}  // namespace geyser
