// The chapters of the benchmark, and what they are told.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "report.hpp"
#include "way.hpp"

namespace bench {

using Size = std::array<std::uint32_t, 2>;

struct Settings {
  unsigned rounds = 5;         // turns of each block
  std::uint32_t frames = 200;  // of a block
  std::uint32_t depth = 4;
  Size size{1920, 1080};
  std::vector<Size> sizes{{64, 64}, {256, 256}, {1920, 1080}, {3840, 2160}, {7680, 4320}, {16384, 16384}};
  std::vector<Size> copied{{1920, 1080}, {3840, 2160}, {7680, 4320}};  // as rgba16f; the middle one as rgba8 too
  std::vector<std::uint32_t> depths{1, 2, 3, 4, 8, 16, 32};
  std::vector<std::size_t> consumers{1, 4, 16};
  std::uint32_t device_index = 0;
  std::string directory;
};

// One frame at a time and as fast as it goes, Vulkan to Vulkan and to CUDA, every way.
Chapter measure_hand_off(const Settings& settings);
Chapter measure_sizes(const Settings& settings);
Chapter measure_depths(const Settings& settings);
Chapter measure_consumers(const Settings& settings);
// Beside copies.
Chapter measure_copies(const Settings& settings);
// What it takes to set a texture and a feed up, and what the import cache saves.
Chapter measure_set_up(const Settings& settings);
// The barriers of begin and end on the GPU.
Chapter measure_barriers(const Settings& settings);

}  // namespace bench
