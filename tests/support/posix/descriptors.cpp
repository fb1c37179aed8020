#include "support/descriptors.hpp"

#include <filesystem>
#include <system_error>

namespace geyser::test {

namespace {

template <typename Counts>
std::size_t count_if(Counts counts) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (counts(gone, target.string())) ++count;
  }
  return count;
}

}  // namespace

std::size_t open_descriptors() {
  return count_if([](const std::error_code& gone, const std::string& target) {
    return gone || !target.starts_with("/memfd:swiftshader_jit");
  });
}

std::size_t given_descriptors() {
  return open_descriptors() - count_if([](const std::error_code& gone, const std::string& target) {
           return !gone && (target == "/dev/udmabuf" || target.starts_with("/memfd:lp_dma_buf"));
         });
}

}  // namespace geyser::test
