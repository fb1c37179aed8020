// A DRM node without a GPU behind it: buffers that no Geyser made, and fences that are signalled by hand. The virtual
// machine of tools/rig/vm.sh has vgem and virtio_gpu.
#pragma once

#include <cstdint>
#include <string>

#include <geyser/error.hpp>
#include <geyser/handle.hpp>

namespace geyser::test {

// Whether the kernel makes dma-bufs itself. Where it does not, tests run with the stand-in preloaded, whose buffers
// have no fences.
bool has_kernel_dma_bufs();
// Whether this is the virtual machine (GEYSER_VM in the environment names its boot, whatever GEYSER_RIG is), where
// nothing may be missing: a skip is then a failure.
bool is_in_vm();
// Whether its boot has DRM nodes.
bool has_drm_nodes();

// A sync file of the kernel that is not signalled before signal() is called. Must not outlive its node.
class LateFence {
 public:
  LateFence(int node, std::uint32_t fence, OwnedHandle sync_file)
      : node_(node), fence_(fence), sync_file_(std::move(sync_file)) {}
  const OwnedHandle& sync_file() const { return sync_file_; }
  void signal() const;

 private:
  int node_;
  std::uint32_t fence_;
  OwnedHandle sync_file_;
};

struct DumbBuffer {
  std::uint64_t stride = 0;
  std::uint64_t size = 0;
  OwnedHandle handle;  // a dma-buf
};

class DrmNode {
 public:
  // By the driver's name. Errors: not_available.
  static Result<DrmNode> open(const std::string& driver);
  int descriptor() const { return static_cast<int>(node_.get()); }

  // The driver chooses the stride. For reading only when `writable` is false. Errors: operating_system.
  Result<DumbBuffer> create_dumb(std::uint32_t width, std::uint32_t height, std::uint32_t bits, bool writable = true);
  // vgem only, which signals it itself, as failed, after 10 seconds. Errors: operating_system.
  Result<LateFence> create_fence();

 private:
  explicit DrmNode(OwnedHandle node) : node_(std::move(node)) {}
  OwnedHandle node_;
};

}  // namespace geyser::test
