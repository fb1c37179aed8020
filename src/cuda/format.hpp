// CUDA's column of the format table.
#pragma once

#include <array>

#include <geyser/format.hpp>

#include "cuda/driver_api.hpp"

namespace geyser::cuda {

struct CudaFormat {
  TextureFormat format = TextureFormat::unknown;
  // What its array is called, the better name first: drivers before CUDA 11.5 have no normalised formats, and take
  // plain integers, whose memory is the same. `none`: there is no (other) one.
  std::array<driver::ArrayFormat, 2> names{};
  unsigned channels = 0;
};

// No names where CUDA has no equal.
CudaFormat to_cuda(TextureFormat format) noexcept;
// `unknown` where there is no equal. bgra8 and srgb are never the answer: in CUDA they are rgba8.
TextureFormat from_cuda(driver::ArrayFormat format, unsigned channels) noexcept;

}  // namespace geyser::cuda
