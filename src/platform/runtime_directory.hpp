// The directory in which the programs of one user find each other.
#pragma once

#include <string>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser::platform {

// $GEYSER_RUNTIME_DIR, else $XDG_RUNTIME_DIR/geyser, else /tmp/geyser-<uid>.
[[nodiscard]] GEYSER_API std::string runtime_directory_path();
// Makes the directory (0700) where it is missing, and refuses one that others could reach into.
// Errors: operating_system (what is wrong with it, and what to do).
[[nodiscard]] GEYSER_API Result<void> prepare_directory(const std::string& path);
// Names of its entries that end in `suffix`. Errors: operating_system.
[[nodiscard]] GEYSER_API Result<std::vector<std::string>> list_directory(const std::string& path,
                                                                         const std::string& suffix);

}  // namespace geyser::platform
