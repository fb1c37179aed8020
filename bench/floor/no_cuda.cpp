// This build has no CUDA backend.
#include "geyser_end.hpp"

namespace bench {

std::unique_ptr<GeyserEnd> make_cuda_end(const Scene&, Allocator) {
  throw Unavailable("this build has no CUDA backend");
}

}  // namespace bench
