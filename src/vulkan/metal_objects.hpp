// Images on IOSurfaces and over MTLTextures, by VK_EXT_metal_objects, for a driver that is one of Metal's:
// metal_objects.cpp and metal_texture.cpp on Apple's systems, no_metal_objects.cpp elsewhere.
#pragma once

#include <cstdint>
#include <memory>

#include <geyser/capabilities.hpp>
#include <geyser/descriptor.hpp>
#include <geyser/handle.hpp>
#include <geyser/layout.hpp>
#include <geyser/texture.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

inline constexpr const char* metal_objects_extension = "VK_EXT_metal_objects";  // of a header that needs Metal's types

// Counts as in use as long as a copy of it lives.
struct ImageSurface {
  std::shared_ptr<void> surface;
  MemoryLayout layout;
};

// Whether this build knows surfaces: the driver is asked for the extension only then.
[[nodiscard]] bool knows_surfaces() noexcept;
// Whether images of that format can be on surfaces.
[[nodiscard]] bool has_surfaces(const FormatInfo& info) noexcept;

// Errors: out_of_memory, unsupported.
[[nodiscard]] Result<ImageSurface> create_surface(const TextureDescriptor& descriptor);
// Trusts nothing: it must be a surface of the descriptor's format, size and planes. Borrows the parcel.
// Errors: invalid_handle, incompatible_layout (field and both values), unsupported (planes that MoltenVK does not
// open).
[[nodiscard]] Result<ImageSurface> open_surface(const ApiTextureHandle& parcel);
// A new right to it. Errors: operating_system.
[[nodiscard]] Result<OwnedHandle> export_surface(const ImageSurface& surface);

// An MTLTexture of the driver's device.
struct ImageTexture {
  std::shared_ptr<void> texture;
  TextureUsage usages = TextureUsage::none;  // what it was made for
};

// Whether images of that format can be over textures.
[[nodiscard]] bool has_metal_textures(const Device& device, const FormatInfo& info);
// One that can be handed on. Errors: unsupported.
[[nodiscard]] Result<ImageTexture> create_metal_texture(const Device& device, const TextureDescriptor& descriptor);
// Trusts nothing: it must be the device's, and what the descriptor says. Borrows the parcel.
// Errors: incompatible_device, invalid_handle, incompatible_layout (what both say).
[[nodiscard]] Result<ImageTexture> open_metal_texture(const Device& device, const ApiTextureHandle& parcel);
// Of an image that was made with METAL_TEXTURE among what it exports. Errors: unsupported, as above.
[[nodiscard]] Result<ImageTexture> find_metal_texture(const Device& device, const TextureDescriptor& descriptor,
                                                      VkImage image);
// A new handle of it. Errors: operating_system.
[[nodiscard]] Result<OwnedHandle> export_metal_texture(const ImageTexture& texture);

// The id<MTLDevice>, borrowed; null where the instance exports none.
[[nodiscard]] void* metal_device(const Device& device);
// MTLDevice.registryID; 0 where it is not known.
[[nodiscard]] std::uint64_t metal_registry_id(const Device& device);

// What makes vkCreateInstance() let its devices' MTLDevice be asked for.
class InstanceChain {
 public:
  explicit InstanceChain(const void* next);
  InstanceChain(const InstanceChain&) = delete;
  InstanceChain& operator=(const InstanceChain&) = delete;
  ~InstanceChain();
  const void* next() const noexcept { return next_; }

 private:
  struct Info;
  std::unique_ptr<Info> info_;
  const void* next_;
};

// What makes vkCreateImage() put an image on it, or over it: a structure for the chain, as long as both live.
class SurfaceChain {
 public:
  explicit SurfaceChain(const ImageSurface& surface);
  SurfaceChain(const SurfaceChain&) = delete;
  SurfaceChain& operator=(const SurfaceChain&) = delete;
  ~SurfaceChain();
  const void* next() const noexcept { return info_.get(); }

 private:
  struct Info;
  std::unique_ptr<Info> info_;
};
class TextureChain {
 public:
  explicit TextureChain(const ImageTexture& texture);
  TextureChain(const TextureChain&) = delete;
  TextureChain& operator=(const TextureChain&) = delete;
  ~TextureChain();
  const void* next() const noexcept { return info_.get(); }

 private:
  struct Info;
  std::unique_ptr<Info> info_;
};

}  // namespace geyser::vulkan
