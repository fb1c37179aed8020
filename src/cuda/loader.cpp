#include "cuda/loader.hpp"

#include <array>
#include <cstdlib>
#include <utility>

#include "common/text.hpp"
#include "cuda/external_handle.hpp"

namespace geyser::cuda {

Result<platform::DynamicLibrary> open_cuda() {
  // A path for a driver in an unusual place. Who can set it can also set LD_LIBRARY_PATH.
  const char* chosen = std::getenv("GEYSER_CUDA_LIBRARY");
  const std::array<const char*, 1> names{chosen != nullptr && *chosen != '\0' ? chosen : driver_library()};
  auto library = platform::DynamicLibrary::open(names);
  if (!library) return fail(std::move(library.error()).during("loading CUDA's driver"));
  return library;
}

Result<Functions> load_functions(const platform::DynamicLibrary& library) {
  Functions functions;
  const char* missing = nullptr;
#define GEYSER_CU_LOAD(name, parameters) \
  functions.name = reinterpret_cast<decltype(functions.name)>(library.symbol(#name));
#define GEYSER_CU_NEED(name, parameters) \
  GEYSER_CU_LOAD(name, parameters)       \
  if (functions.name == nullptr) missing = #name;
  GEYSER_CU_REQUIRED(GEYSER_CU_NEED)
  GEYSER_CU_OPTIONAL(GEYSER_CU_LOAD)
#undef GEYSER_CU_NEED
#undef GEYSER_CU_LOAD
  if (missing != nullptr) {
    return fail(ErrorCode::not_available,
                detail::text("CUDA's driver has no [", missing, "]: it is older than CUDA 11.0."));
  }
  return functions;
}

}  // namespace geyser::cuda
