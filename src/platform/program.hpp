// Who this process is.
#pragma once

#include <cstdint>
#include <string>

#include <geyser/export.hpp>

namespace geyser::platform {

// The program's file name, for people.
[[nodiscard]] GEYSER_API std::string program_name();
[[nodiscard]] GEYSER_API std::int64_t process_id() noexcept;

}  // namespace geyser::platform
