// libplacebo's Vulkan on the device of one of our managers: a device of its own, so that only descriptors connect the
// two.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <libplacebo/vulkan.h>

#include <geyser/vulkan.hpp>

namespace geyser::test {

class Placebo {
 public:
  // On the device of `ours`, by the driver of `manifest` alone unless it is null. Errors: not_available.
  static Result<std::unique_ptr<Placebo>> create(const TextureShareManager& ours, const char* manifest);
  ~Placebo();
  Placebo(const Placebo&) = delete;
  Placebo& operator=(const Placebo&) = delete;

  pl_gpu gpu() const { return vulkan_->gpu; }
  // Warnings and errors since the last call.
  std::string take_messages();

  // A texture that its CPU side can fill and read. Null, with messages, when libplacebo refuses.
  pl_tex create(const char* format, Extent3D extent, pl_handle_type exported) const;
  // Of memory that it opens; it duplicates the descriptor.
  pl_tex open(const char* format, Extent3D extent, pl_handle_type kind, const pl_shared_mem& memory) const;
  void destroy(pl_tex& texture) const;

  // Rows at `pitch`.
  bool fill(pl_tex texture, std::span<const std::byte> rows, std::size_t pitch) const;
  bool read(pl_tex texture, std::span<std::byte> rows, std::size_t pitch) const;

  // Brings the image to the layout GENERAL and returns when that is done. libplacebo uses it no more until take_back(),
  // which has it go on from GENERAL.
  bool give(pl_tex texture) const;
  void take_back(pl_tex texture) const;
  // As take_back() for a texture just opened. Without it the contents are not promised: libplacebo takes the image that
  // it makes of opened memory for undefined.
  bool take_opened(pl_tex texture) const;

 private:
  Placebo() = default;
  // Until the device is idle, not only done with the commands: when textures and their timeline semaphores are
  // destroyed earlier, a thread of Mesa 25.0's lavapipe crashes now and then (docs/outside.md).
  void settle() const;
  pl_vulkan_sem create_semaphore() const;
  bool wait_and_destroy(pl_vulkan_sem semaphore) const;

  PFN_vkGetInstanceProcAddr get_instance_proc_addr_ = nullptr;
  std::vector<std::string> messages_;
  pl_log log_ = nullptr;
  pl_vulkan vulkan_ = nullptr;
};

}  // namespace geyser::test
