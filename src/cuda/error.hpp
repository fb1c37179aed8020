// CUresult in Geyser's words.
#pragma once

#include <cstdint>

#include <geyser/error.hpp>

#include "cuda/loader.hpp"

namespace geyser::cuda {

GeyserError make_error(const Functions& functions, driver::Result result, const char* call);
// Success for CUDA_SUCCESS.
Result<void> check(const Functions& functions, driver::Result result, const char* call);
// Of an import whose values are checked: what the driver does not like is that the memory is not what they say.
GeyserError refused_memory(GeyserError&& error, std::uint64_t size);
// Whether nothing works any more in the context: what it had in flight failed, or it is gone.
bool is_sticky(driver::Result result) noexcept;

}  // namespace geyser::cuda
