#include "support/drm_node.hpp"

#include <drm.h>
#include <drm_mode.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "support/end.hpp"

namespace geyser::test {
namespace {

// Of vgem's own interface, which libdrm's headers leave out (linux: include/uapi/drm/vgem_drm.h).
struct VgemAttach {
  std::uint32_t handle;
  std::uint32_t flags;  // 1: a write
  std::uint32_t fence;
  std::uint32_t padding;
};
struct VgemSignal {
  std::uint32_t fence;
  std::uint32_t flags;
};
constexpr unsigned long vgem_attach = DRM_IOWR(DRM_COMMAND_BASE + 1, VgemAttach);
constexpr unsigned long vgem_signal = DRM_IOW(DRM_COMMAND_BASE + 2, VgemSignal);

tl::unexpected<GeyserError> refused(const char* call) {
  return fail(ErrorCode::operating_system, std::string(call) + ": " + std::strerror(errno));
}

struct Dumb {
  std::uint32_t handle = 0;
  DumbBuffer buffer;
};
Result<Dumb> make_dumb(int node, std::uint32_t width, std::uint32_t height, std::uint32_t bits, bool writable) {
  drm_mode_create_dumb create{};
  create.width = width;
  create.height = height;
  create.bpp = bits;
  if (::ioctl(node, DRM_IOCTL_MODE_CREATE_DUMB, &create) != 0) return refused("DRM_IOCTL_MODE_CREATE_DUMB");
  drm_prime_handle prime{create.handle, static_cast<std::uint32_t>(DRM_CLOEXEC | (writable ? DRM_RDWR : 0)), -1};
  if (::ioctl(node, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) != 0) return refused("DRM_IOCTL_PRIME_HANDLE_TO_FD");
  return Dumb{create.handle, {create.pitch, create.size, OwnedHandle::adopt(HandleKind::dma_buf, prime.fd)}};
}

void close_dumb(int node, std::uint32_t handle) {
  drm_gem_close close{handle, 0};
  ::ioctl(node, DRM_IOCTL_GEM_CLOSE, &close);
}

}  // namespace

bool has_kernel_dma_bufs() { return ::access("/dev/udmabuf", R_OK | W_OK) == 0; }
bool is_in_vm() { return std::getenv("GEYSER_VM") != nullptr; }
bool has_drm_nodes() { return ::access("/dev/dri/card0", R_OK | W_OK) == 0; }

void LateFence::signal() const {
  VgemSignal signal{fence_, 0};
  ::ioctl(node_, vgem_signal, &signal);
}

Result<DrmNode> DrmNode::open(const std::string& driver) {
  // Primary nodes: render nodes make no dumb buffers.
  for (int i = 0; i < 8; ++i) {
    const std::string path = "/dev/dri/card" + std::to_string(i);
    OwnedHandle node = OwnedHandle::adopt(HandleKind::none, ::open(path.c_str(), O_RDWR | O_CLOEXEC));
    char name[64] = {};
    drm_version version{};
    version.name = name;
    version.name_len = sizeof(name) - 1;
    if (!node.has_value() || ::ioctl(static_cast<int>(node.get()), DRM_IOCTL_VERSION, &version) != 0) continue;
    if (driver == name) return DrmNode(std::move(node));
  }
  return fail(ErrorCode::not_available, "No DRM node has driver [" + driver + "].");
}

Result<DumbBuffer> DrmNode::create_dumb(std::uint32_t width, std::uint32_t height, std::uint32_t bits, bool writable) {
  auto made = make_dumb(descriptor(), width, height, bits, writable);
  if (!made) return fail(std::move(made.error()));
  close_dumb(descriptor(), made->handle);
  return std::move(made->buffer);
}

Result<LateFence> DrmNode::create_fence() {
  auto made = make_dumb(descriptor(), 1, 1, 32, true);
  if (!made) return fail(std::move(made.error()));
  VgemAttach attach{made->handle, 1, 0, 0};
  const int attached = ::ioctl(descriptor(), vgem_attach, &attach);
  close_dumb(descriptor(), made->handle);
  if (attached != 0) return refused("VGEM_FENCE_ATTACH");
  dma_buf_export_sync_file fences{DMA_BUF_SYNC_RW, -1};
  if (::ioctl(static_cast<int>(made->buffer.handle.get()), DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &fences) != 0) {
    return refused("DMA_BUF_IOCTL_EXPORT_SYNC_FILE");
  }
  return LateFence(descriptor(), attach.fence, OwnedHandle::adopt(HandleKind::sync_file, fences.fd));
}

}  // namespace geyser::test
