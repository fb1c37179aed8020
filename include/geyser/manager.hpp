// One API on one device: makes, exports and imports shared textures and fences.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/fence.hpp>
#include <geyser/negotiate.hpp>
#include <geyser/texture.hpp>

namespace geyser {

// Made by an API's own header (geyser/vulkan.hpp, ...), which also says which thread may call.
// Textures and fences keep what they need alive: they may outlive their manager, never the user's device.
class GEYSER_API TextureShareManager {
 public:
  virtual ~TextureShareManager();
  TextureShareManager(const TextureShareManager&) = delete;
  TextureShareManager& operator=(const TextureShareManager&) = delete;

  // Probed once at creation; only use_allocator() adds to it.
  [[nodiscard]] const Capabilities& capabilities() const noexcept { return capabilities_; }

  // Lets `allocator`, a manager of another API on the same device and driver, make what this API can open but not
  // make: OpenGL opens memory and semaphores, Vulkan makes both. From then on create_texture() and create_fence() ask
  // it where this API cannot, capabilities() has the rows so gained, and what it made is exported by it. An allocator
  // that makes dma-bufs only (geyser/gbm.hpp) may be on any device. To be called before anything is made; `allocator`
  // is used on this manager's thread and kept alive. Errors: invalid_argument (null, of this API, a second one),
  // incompatible_device (both identities are named).
  [[nodiscard]] Result<void> use_allocator(std::shared_ptr<TextureShareManager> allocator);

  // Makes a texture that can be exported as `agreement` says. Contents are undefined until the first write.
  // Errors: invalid_argument, unsupported (with the missing capability), out_of_memory.
  [[nodiscard]] Result<std::unique_ptr<SharedTexture>> create_texture(const TextureDescriptor& descriptor,
                                                                      const Agreement& agreement);
  // As above for one handle kind, when both ends are known to be able.
  [[nodiscard]] Result<std::unique_ptr<SharedTexture>> create_texture(const TextureDescriptor& descriptor,
                                                                      HandleKind kind);

  // A parcel with new handles; the texture stays usable and may be exported again.
  // Errors: invalid_argument (a texture of another API), unsupported (a kind it was not made for), operating_system.
  [[nodiscard]] Result<ApiTextureHandle> export_texture(SharedTexture& texture);

  // Opens a parcel on this device. Consumes it: on success the handles belong to the texture or are closed, on
  // failure they are closed. Everything in the parcel is checked before a driver sees it.
  // Errors: invalid_argument, incompatible_device, incompatible_layout, invalid_handle, unsupported, out_of_memory.
  [[nodiscard]] Result<std::unique_ptr<SharedTexture>> import_shared_texture(ApiTextureHandle&& parcel);

  // Queues one GPU copy (host: one by the CPU) of every texel of `from`, open for reading, to `to`, open for writing:
  // both of this manager, with equal dimension, extent, mips, layers, samples and format. It is done before whatever
  // ends the two accesses says so. Allocates nothing when the same pair is copied again. Counted in neither texture's
  // statistics. Errors: invalid_argument (what differs), invalid_access (not open), unsupported, device_lost.
  [[nodiscard]] Result<void> copy_texture(SharedTexture& from, SharedTexture& to);

  // Errors: unsupported (with the kinds that work).
  [[nodiscard]] Result<std::shared_ptr<SharedFence>> create_fence(FenceKind kind);
  // Consumes the handle as import_shared_texture does. Errors: as create_fence, invalid_handle.
  [[nodiscard]] Result<std::shared_ptr<SharedFence>> import_fence(FenceHandle&& handle);

 protected:
  explicit TextureShareManager(Capabilities capabilities)
      : capabilities_(std::move(capabilities)), own_rows_(capabilities_.textures.size()) {}

 private:
  // Arguments are validated; backends may assert.
  virtual Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                           const Agreement& agreement) = 0;
  virtual Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) = 0;
  virtual Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) = 0;
  virtual Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) = 0;
  // Both are this manager's and open.
  virtual Result<void> do_copy(SharedTexture& from, SharedTexture& to) = 0;
  // Fence kinds that this API can wait for and signal only with an allocator (SharedFence::relay_signal).
  virtual bool relays(FenceKind) const noexcept { return false; }
  // Whether `texture` was made by this manager's device.
  virtual bool owns(const SharedTexture& texture) const noexcept = 0;

  // The checks of create_* are done.
  Result<std::unique_ptr<SharedTexture>> allocate_texture(const TextureDescriptor& descriptor,
                                                          const Agreement& agreement);
  Result<std::shared_ptr<SharedFence>> allocate_fence(FenceKind kind);

  Capabilities capabilities_;
  std::shared_ptr<TextureShareManager> allocator_;
  std::size_t own_rows_;  // of capabilities_.textures; the allocator's follow
  std::vector<FenceKind> allocated_fences_;
  std::vector<FenceKind> mirrored_fences_;  // those that only the allocator's CPU side can read and signal
};

}  // namespace geyser
