// Counted references, as the surfaces' layer has them. Objective-C++ only.
#pragma once

#include "surface/reference.hpp"

namespace geyser::metal {

using surface::Reference;

}  // namespace geyser::metal
