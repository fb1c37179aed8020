// A shared texture in Vulkan.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <geyser/texture.hpp>
#include <geyser/vulkan.hpp>

#include "platform/kernel_fence.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/image.hpp"
#include "vulkan/metal_objects.hpp"
#include "vulkan/staging.hpp"

namespace geyser::vulkan {

// Who submits acquire and release of a whole access: Geyser, or the caller's command buffers hold them.
enum class Barriers { submitted, recorded };

// The caller's part of an access.
struct GivenCommands {
  std::span<const VkCommandBuffer> commands;  // with those given before, at most max_access_commands
  Barriers barriers = Barriers::submitted;
  Completion completion;
};

class VulkanTexture final : public SharedTexture {
 public:
  // `recipe.external` is the handle kind, host_memory included: then the image is private and copied.
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Device>& device,
                                                       const TextureDescriptor& descriptor, ImageRecipe recipe);
  // Linear, in new shared memory that host programs use as it is.
  static Result<std::unique_ptr<SharedTexture>> create_in_place(const std::shared_ptr<Device>& device,
                                                                const TextureDescriptor& descriptor,
                                                                const ImageRecipe& recipe, std::uint32_t row_alignment);
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Device>& device, ApiTextureHandle&& parcel,
                                                       ImageRecipe recipe);
  static Result<std::unique_ptr<SharedTexture>> adopt(const std::shared_ptr<Device>& device,
                                                      const TextureDescriptor& descriptor, const AdoptInfo& info);

  const std::shared_ptr<Device>& device() const noexcept { return device_; }
  NativeTexture native() const noexcept;
  Result<AccessState> submit_access(AccessMode mode, const AccessState& state, const GivenCommands& given);
  // For end_access to submit.
  Result<void> add_commands(const GivenCommands& given);
  // Queues a copy of the whole of `from`; both are open.
  Result<void> copy_from(VulkanTexture& from);
  void record_acquire(AccessMode mode, VkCommandBuffer commands) const;
  void record_release(VkCommandBuffer commands) const;

 private:
  VulkanTexture(Init init, std::shared_ptr<Device> device, Image image);
  // What the next vkQueueSubmit of this texture holds; inline, since a hand-off must not allocate.
  struct Submission {
    std::array<SemaphoreUse, 2 * max_sync_points> waits{};
    std::size_t wait_count = 0;
    std::array<VkSemaphore, 2 * max_sync_points> sync_files{};  // those of `waits` that are the device's SyncFiles'
    std::size_t sync_file_count = 0;
    std::array<VkCommandBuffer, max_access_commands + 4> commands{};
    std::size_t command_count = 0;
    std::size_t given = 0;  // of `commands`, those that are the caller's
    Completion completion;  // the caller's
    bool acquires_mutex = false;
    bool releases_mutex = false;
    void add(VkCommandBuffer buffer) { commands[command_count++] = buffer; }
    bool is_empty() const { return wait_count == 0 && command_count == 0 && !acquires_mutex; }
  };
  // What brings the image to where the caller's commands find it.
  struct Opening {
    AccessMode mode = AccessMode::read;
    bool first = false;       // of the accesses that are open, or of those that see these contents
    bool undefined = false;   // the image has no contents to keep
    bool keep_first = false;  // keep_first_ when the access began
    bool upload = false;      // the copied path's image is to be filled
  };

  Result<Ticket> flush(const SemaphoreUse* signal);
  // Signals with a sync file of the submission, and gives that to `fence`.
  Result<void> flush(platform::KernelFence& fence, std::uint64_t value);
  // On failure nothing of the device's is left in `next`.
  Result<void> add_waits(Submission& next, const SyncPoints& waits);
  Result<void> add_wait(Submission& next, const SyncPoint& point);
  void discard_sync_files(Submission& next) const;
  void add_opening(const Opening& opening);
  // Submits what a deferred access has collected so far.
  Result<void> submit_collected();
  Result<void> record();
  std::uint32_t outside_family() const noexcept;
  Result<void> add_staging(OwnedHandle memory);
  static Result<std::unique_ptr<SharedTexture>> open_in_place(const std::shared_ptr<Device>& device,
                                                              const TextureDescriptor& descriptor,
                                                              const ImageRecipe& recipe, const MemoryLayout& layout,
                                                              OwnedHandle memory);
  static bool is_of_metal(HandleKind kind) noexcept {
    return kind == HandleKind::io_surface || kind == HandleKind::metal_shared_texture;
  }
  static Result<std::unique_ptr<SharedTexture>> create_of_metal(const std::shared_ptr<Device>& device,
                                                                const TextureDescriptor& descriptor,
                                                                const ImageRecipe& recipe);
  static Result<std::unique_ptr<SharedTexture>> import_of_metal(const std::shared_ptr<Device>& device,
                                                                const ApiTextureHandle& parcel,
                                                                const ImageRecipe& recipe);
  static Result<std::unique_ptr<SharedTexture>> on_surface(const std::shared_ptr<Device>& device,
                                                           const TextureDescriptor& descriptor,
                                                           const ImageRecipe& recipe, ImageSurface&& surface);
  static Result<std::unique_ptr<SharedTexture>> over_texture(const std::shared_ptr<Device>& device,
                                                             const TextureDescriptor& descriptor, ImageRecipe recipe,
                                                             ImageTexture&& object);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  std::shared_ptr<Device> device_;
  Image image_;
  VkImageUsageFlags usage_ = 0;
  std::optional<Staging> staging_;
  std::optional<ImageSurface> surface_;
  std::optional<ImageTexture> object_;
  OwnedHandle host_memory_;  // of an image that is in place there
  // Taken from the outside with the contents kept, or discarded; given back.
  Commands acquire_;
  Commands acquire_discard_;
  Commands release_;
  ImageTransition transition_;     // acquire_'s
  std::uint32_t holders_ = 0;      // open accesses: the first acquires, the last releases
  bool keep_first_ = false;        // an adopted image that has contents and is still ours
  bool private_contents_ = false;  // the copied path's own image has been filled before
  Ticket last_upload_ = 0;         // of the last submission that may read the staging buffer
  // Copies into this texture, recorded once for each source. A source that is gone is never asked for again: its
  // number was its own.
  struct Copy {
    std::uint64_t source = 0;
    Commands commands;
  };
  std::uint64_t number_ = 0;  // unique on the device
  std::vector<Copy> copies_;
  Submission submission_;
  std::optional<Opening> opening_;  // of a deferred access: not in submission_ yet
  Barriers barriers_ = Barriers::submitted;
};

}  // namespace geyser::vulkan
