// Who this process is.
#pragma once

#include <cstdint>
#include <string>

namespace geyser::platform {

// The program's file name, for people.
[[nodiscard]] std::string program_name();
[[nodiscard]] std::int64_t process_id() noexcept;

}  // namespace geyser::platform
