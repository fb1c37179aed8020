// The file by which others find a service: at the path that stands for a socket elsewhere, closed to other users. It
// says which process listens and by which name the bootstrap server knows its port; that name cannot be guessed, so
// whoever may read the file may connect, and nobody else.
#pragma once

#include <cstdint>
#include <string>

#include <geyser/error.hpp>

namespace geyser::platform {

struct ServiceFile {
  std::int64_t process_id = 0;
  std::uint32_t user_id = 0;  // the file's owner
  std::string name;
};

// A new name, which begins with the App Group whose container `path` is in: a sandboxed program may have such names
// only. Elsewhere with one of Geyser's own.
[[nodiscard]] std::string new_service_name(const std::string& path);
// Mode 0600. Errors: busy (there is a file), invalid_argument (path), operating_system.
[[nodiscard]] Result<void> write_service_file(const std::string& path, const std::string& name);
// Errors: not_available (no file, or none of this kind), invalid_argument (path), operating_system.
[[nodiscard]] Result<ServiceFile> read_service_file(const std::string& path);

}  // namespace geyser::platform
