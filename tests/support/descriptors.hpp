// How many descriptors this process has open.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>

namespace geyser::test {

// Not the memory for code that SwiftShader has open while it compiles, and keeps or not as it likes.
inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (gone || !target.string().starts_with("/memfd:swiftshader_jit")) ++count;
  }
  return count;
}

// Those that this process was started with. Not those that Mesa 25 lets slip into every process that its user starts:
// it opens /dev/udmabuf without close-on-exec, and makes the memory of a first dma-buf and of a first fence so.
inline std::size_t given_descriptors() {
  std::size_t of_mesa = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (!gone && (target == "/dev/udmabuf" || target.string().starts_with("/memfd:lp_dma_buf"))) ++of_mesa;
  }
  return open_descriptors() - of_mesa;
}

}  // namespace geyser::test
