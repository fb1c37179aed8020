// The claim of a name by a file: held as long as the process lives, whatever ends it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

class GEYSER_API FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  // Removes the file, then lets go of it.
  ~FileLock();

  // Makes the file, or takes over one that nobody holds (any more). Errors: busy (held), operating_system.
  [[nodiscard]] static Result<FileLock> acquire(const std::string& path);
  // Replaces the file's contents, which others may read. Errors: operating_system.
  [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);
  [[nodiscard]] bool is_held() const noexcept { return handle_.has_value(); }

  // Whether a process holds the file. Errors: not_available (no such file), operating_system.
  [[nodiscard]] static Result<bool> is_held(const std::string& path);

 private:
  OwnedHandle handle_;
  std::string path_;
};

// At most `limit` bytes of a plain file. Errors: not_available (no such file), operating_system (larger, not a file).
[[nodiscard]] GEYSER_API Result<std::vector<std::byte>> read_file(const std::string& path, std::size_t limit);
// Writes a file under another name first, so that who reads it sees all of it or nothing. Mode 0600. For one writer at
// a time: one that dies in between leaves draft_of(path), which the next one replaces.
// Errors: operating_system.
[[nodiscard]] GEYSER_API Result<void> replace_file(const std::string& path, std::span<const std::byte> bytes);
[[nodiscard]] GEYSER_API std::string draft_of(const std::string& path);
GEYSER_API void remove_file(const std::string& path) noexcept;

}  // namespace geyser::platform
