// A mipmapped array with its levels: CUDA's own, or in memory that Vulkan made.
#pragma once

#include <memory>
#include <vector>

#include <geyser/descriptor.hpp>
#include <geyser/texture.hpp>

#include "cuda/context.hpp"

namespace geyser::cuda {

// Destroyed when the stream is done with it.
class ArrayImage {
 public:
  // The context must be current for each of these.
  static Result<ArrayImage> create(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor,
                                   ArrayKind kind);
  // Consumes the parcel's handle on success.
  static Result<ArrayImage> import(const std::shared_ptr<Context>& context, ArrayKind kind, ApiTextureHandle& parcel);
  ArrayImage(ArrayImage&& other) noexcept;
  ArrayImage& operator=(ArrayImage&&) = delete;
  ArrayImage(const ArrayImage&) = delete;
  ArrayImage& operator=(const ArrayImage&) = delete;
  ~ArrayImage();

  driver::MipmappedArray mipmapped_array() const noexcept { return array_; }
  driver::Array level(std::uint32_t index) const noexcept { return levels_[index]; }
  ArrayKind kind() const noexcept { return kind_; }

 private:
  ArrayImage(std::shared_ptr<Context> context, ArrayKind kind) : context_(std::move(context)), kind_(kind) {}
  Result<void> get_levels(std::uint32_t count);

  std::shared_ptr<Context> context_;
  ArrayKind kind_;
  driver::ExternalMemory memory_ = nullptr;  // null: the array's own
  driver::MipmappedArray array_ = nullptr;
  std::vector<driver::Array> levels_;
};

}  // namespace geyser::cuda
