// Pixels between this program's memory and a texture of any API.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <geyser/manager.hpp>

namespace geyser::tool {

// Keeps a texture in host memory beside the API's own, for one descriptor.
class PixelGate {
 public:
  // Errors: those of create_texture with host_memory.
  [[nodiscard]] static Result<PixelGate> create(std::shared_ptr<TextureShareManager> manager,
                                                const TextureDescriptor& descriptor);
  // `bytes` in host packing (geyser/layout.hpp) go to `target`, open for writing.
  [[nodiscard]] Result<void> put(std::span<const std::byte> bytes, SharedTexture& target);
  // As put(), with the caller writing the bytes.
  template <typename Write>
  [[nodiscard]] Result<void> put_by(Write write, SharedTexture& target);
  // The pixels of `source`, open for reading, in host packing.
  [[nodiscard]] Result<std::vector<std::byte>> get(SharedTexture& source);

 private:
  [[nodiscard]] Result<std::span<std::byte>> begin_put();
  [[nodiscard]] Result<void> end_put(SharedTexture& target);

  std::shared_ptr<TextureShareManager> manager_;
  std::unique_ptr<TextureShareManager> host_;
  std::unique_ptr<SharedTexture> theirs_;  // of manager_; its own storage is beside the shared memory
  std::unique_ptr<SharedTexture> mine_;    // the shared memory as this program sees it
  TextureAccess access_;
  AccessState state_;
};

template <typename Write>
Result<void> PixelGate::put_by(Write write, SharedTexture& target) {
  auto bytes = begin_put();
  if (!bytes) return fail(std::move(bytes.error()));
  write(*bytes);
  return end_put(target);
}

}  // namespace geyser::tool
