// What calls of CUDA's driver API answer; see driver_api.hpp.
#pragma once

namespace geyser::cuda::driver {

using Result = int;  // CUresult

// CUresult, as far as Geyser tells them apart.
inline constexpr Result success = 0;
inline constexpr Result invalid_value = 1;
inline constexpr Result out_of_memory = 2;
inline constexpr Result not_initialized = 3;
inline constexpr Result deinitialized = 4;
inline constexpr Result stub_library = 34;
inline constexpr Result call_requires_newer_driver = 36;
inline constexpr Result device_unavailable = 46;
inline constexpr Result no_device = 100;
inline constexpr Result invalid_device = 101;
inline constexpr Result invalid_context = 201;
inline constexpr Result ecc_uncorrectable = 214;
inline constexpr Result peer_access_unsupported = 217;
inline constexpr Result nvlink_uncorrectable = 220;
inline constexpr Result contained = 226;
inline constexpr Result operating_system = 304;
inline constexpr Result invalid_handle = 400;
inline constexpr Result not_ready = 600;
inline constexpr Result illegal_address = 700;
inline constexpr Result launch_timeout = 702;
inline constexpr Result peer_access_already_enabled = 704;
inline constexpr Result context_is_destroyed = 709;
inline constexpr Result assert_failed = 710;
inline constexpr Result host_memory_already_registered = 712;
inline constexpr Result hardware_stack_error = 714;
inline constexpr Result illegal_instruction = 715;
inline constexpr Result misaligned_address = 716;
inline constexpr Result invalid_address_space = 717;
inline constexpr Result invalid_pc = 718;
inline constexpr Result launch_failed = 719;
inline constexpr Result not_supported = 801;
inline constexpr Result system_not_ready = 802;
inline constexpr Result system_driver_mismatch = 803;
inline constexpr Result compat_not_supported_on_device = 804;
inline constexpr Result external_device = 911;
inline constexpr Result unknown = 999;

}  // namespace geyser::cuda::driver
