// libgbm loaded at run time, and the entry points that Geyser calls.
#pragma once

#include <cstdint>

#include <geyser/error.hpp>

#include "platform/dynamic_library.hpp"

namespace geyser::gbm {

// As in gbm.h, which is then not needed to build.
struct Gbm;
struct Bo;
union BoHandle {
  void* pointer;
  std::uint32_t number;
  std::uint64_t whole;
};
inline constexpr std::uint32_t use_scanout = 1;
inline constexpr std::uint32_t use_rendering = 4;
inline constexpr std::uint32_t use_linear = 16;

#define GEYSER_GBM_REQUIRED(X)                                                              \
  X(gbm_create_device, Gbm*, (int))                                                         \
  X(gbm_device_destroy, void, (Gbm*))                                                       \
  X(gbm_device_get_backend_name, const char*, (Gbm*))                                       \
  X(gbm_device_is_format_supported, int, (Gbm*, std::uint32_t, std::uint32_t))              \
  X(gbm_bo_create, Bo*, (Gbm*, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t)) \
  X(gbm_bo_destroy, void, (Bo*))                                                            \
  X(gbm_bo_get_modifier, std::uint64_t, (Bo*))                                              \
  X(gbm_bo_get_plane_count, int, (Bo*))                                                     \
  X(gbm_bo_get_handle_for_plane, BoHandle, (Bo*, int))                                      \
  X(gbm_bo_get_offset, std::uint32_t, (Bo*, int))                                           \
  X(gbm_bo_get_stride_for_plane, std::uint32_t, (Bo*, int))
// Since Mesa 21.1; before, without flags.
#define GEYSER_GBM_OPTIONAL(X)                                                                          \
  X(gbm_bo_create_with_modifiers2, Bo*,                                                                 \
    (Gbm*, std::uint32_t, std::uint32_t, std::uint32_t, const std::uint64_t*, unsigned, std::uint32_t)) \
  X(gbm_bo_create_with_modifiers, Bo*,                                                                  \
    (Gbm*, std::uint32_t, std::uint32_t, std::uint32_t, const std::uint64_t*, unsigned))

struct Functions {
#define GEYSER_GBM_MEMBER(name, result, parameters) result(*name) parameters = nullptr;
  GEYSER_GBM_REQUIRED(GEYSER_GBM_MEMBER)
  GEYSER_GBM_OPTIONAL(GEYSER_GBM_MEMBER)
#undef GEYSER_GBM_MEMBER
};

// Errors: not_available (not there, or a required entry point is missing).
Result<platform::DynamicLibrary> open_gbm();
Result<Functions> load_gbm(const platform::DynamicLibrary& library);

}  // namespace geyser::gbm
