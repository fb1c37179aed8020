// MTLTextures that Metal and Vulkan on it share, of any shape: plain pointers, so that C++ reads it, too.
#pragma once

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/handle.hpp>
#include <geyser/texture.hpp>

namespace geyser::surface {

// Whether Metal has such textures: one plane, and a pixel format for it. Whether a device has them it is asked.
[[nodiscard]] bool has_textures(TextureFormat format) noexcept;

// A counted reference to an id<MTLTexture>.
class TextureObject {
 public:
  // One that processes can hand on, private to the GPU. `device` is an id<MTLDevice>. Errors: unsupported.
  static Result<TextureObject> create(void* device, const TextureDescriptor& descriptor);
  // Of a parcel's handle: an MTLSharedTextureHandle, or the MTLTexture in the process that has it. Borrows both.
  // Errors: incompatible_device (by the parcel's word, or the texture's), invalid_handle (neither of the two, or one
  // that the device does not open), incompatible_layout (another texture than the descriptor says).
  static Result<TextureObject> open(void* device, const ApiTextureHandle& parcel);
  // Somebody's, with a reference of its own. Errors: as open().
  static Result<TextureObject> adopt(void* device, void* texture, const TextureDescriptor& descriptor);
  TextureObject(TextureObject&& other) noexcept;
  TextureObject& operator=(TextureObject&& other) noexcept;
  ~TextureObject();

  void* get() const noexcept { return texture_; }
  // What it was made for, and copies, which need no word.
  TextureUsage usages() const noexcept;
  // A new MTLSharedTextureHandle; for a texture that was not made to be handed on, itself.
  // Errors: operating_system.
  Result<OwnedHandle> handle() const;

 private:
  explicit TextureObject(void* texture) noexcept : texture_(texture) {}
  // Errors: incompatible_device, incompatible_layout.
  Result<void> check(void* device, const TextureDescriptor& descriptor) const;
  void* texture_ = nullptr;
};

}  // namespace geyser::surface
