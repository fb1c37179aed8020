// Where there are no dma-bufs and no sync files: nothing is offered, so nothing else of these is ever called.
#include <utility>

#include "opengl/dma_buf.hpp"
#include "opengl/native_fence.hpp"

namespace geyser::opengl {

namespace {

tl::unexpected<GeyserError> refuse() { return fail(ErrorCode::unsupported, "This system has no dma-bufs."); }

}  // namespace

std::vector<std::uint64_t> importable_modifiers(const Context&, TextureFormat) { return {}; }
Result<void> inspect_dma_buf(const ApiTextureHandle&) { return refuse(); }
Result<DmaBufImage> DmaBufImage::open(const Context&, const ApiTextureHandle&, std::uint32_t) { return refuse(); }
Result<DmaBufImage> DmaBufImage::of_texture(const Context&, GLuint) { return refuse(); }
DmaBufImage::DmaBufImage(DmaBufImage&& other) noexcept
    : context_(other.context_), image_(std::exchange(other.image_, nullptr)) {}
DmaBufImage::~DmaBufImage() = default;
Result<void> DmaBufImage::attach() const { return refuse(); }
Result<DmaBufImage::Exported> DmaBufImage::export_planes() const { return refuse(); }
Result<MemoryLayout> probe_export(const Context&, TextureFormat) { return refuse(); }

bool probe_native_fences(const Context&) { return false; }
Result<OwnedHandle> make_sync_file(const Context&) { return refuse(); }
Result<void> queue_sync_file(const Context&, OwnedHandle&&) { return refuse(); }

}  // namespace geyser::opengl
