#include "gbm/loader.hpp"

#include <array>
#include <utility>

#include "common/text.hpp"

namespace geyser::gbm {

Result<platform::DynamicLibrary> open_gbm() {
  constexpr std::array<const char*, 2> names{"libgbm.so.1", "libgbm.so"};
  auto library = platform::DynamicLibrary::open(names);
  if (!library) return fail(std::move(library.error()).during("loading GBM"));
  return library;
}

Result<Functions> load_gbm(const platform::DynamicLibrary& library) {
  Functions gbm;
  const char* missing = nullptr;
#define GEYSER_GBM_LOAD(name, result, parameters) \
  gbm.name = reinterpret_cast<decltype(gbm.name)>(library.symbol(#name));
#define GEYSER_GBM_NEED(name, result, parameters) \
  GEYSER_GBM_LOAD(name, result, parameters)       \
  if (gbm.name == nullptr) missing = #name;
  GEYSER_GBM_REQUIRED(GEYSER_GBM_NEED)
  GEYSER_GBM_OPTIONAL(GEYSER_GBM_LOAD)
#undef GEYSER_GBM_NEED
#undef GEYSER_GBM_LOAD
  if (missing != nullptr) return fail(ErrorCode::not_available, detail::text("libgbm has no [", missing, "]."));
  return gbm;
}

}  // namespace geyser::gbm
