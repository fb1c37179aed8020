// A manager of each API that this build has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <geyser/manager.hpp>

namespace bench {

std::vector<std::string> api_names();
// Errors: those of create_manager.
geyser::Result<std::shared_ptr<geyser::TextureShareManager>> open_manager(const std::string& api);

}  // namespace bench
