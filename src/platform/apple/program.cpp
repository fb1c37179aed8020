#include "platform/program.hpp"

#include <stdlib.h>
#include <unistd.h>

namespace geyser::platform {

std::string program_name() {
  const char* name = ::getprogname();
  return name != nullptr ? name : "";
}

std::int64_t process_id() noexcept { return ::getpid(); }

}  // namespace geyser::platform
