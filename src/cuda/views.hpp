// Surface and texture objects of one texture, made when they are asked for.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <geyser/cuda.hpp>

#include "cuda/array.hpp"

namespace geyser::cuda {

// Destroyed when the stream is done with them.
class Views {
 public:
  explicit Views(std::shared_ptr<Context> context) : context_(std::move(context)) {}
  Views(const Views&) = delete;
  Views& operator=(const Views&) = delete;
  ~Views();

  // The context must be current for each of these.
  Result<driver::Object> surface(const TextureDescriptor& descriptor, const ArrayImage& image, std::uint32_t level);
  // `resource` is the same each time.
  Result<driver::Object> texture(const TextureDescriptor& descriptor, driver::ArrayFormat format,
                                 const driver::Resource& resource, const Sampling& sampling);

 private:
  std::shared_ptr<Context> context_;
  std::vector<driver::Object> surfaces_;  // by level; 0: not asked for yet
  std::vector<std::pair<Sampling, driver::Object>> textures_;
};

}  // namespace geyser::cuda
