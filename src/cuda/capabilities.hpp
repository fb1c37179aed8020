// What a CUDA context can share.
#pragma once

#include <memory>

#include <geyser/capabilities.hpp>

#include "cuda/context.hpp"

namespace geyser::cuda {

// The context must be current. Tells it which arrays work.
Capabilities probe_capabilities(const std::shared_ptr<Context>& context);

}  // namespace geyser::cuda
