// What a publisher leaves in the runtime directory: under the hash of the feed's name, a lock that it holds as long as
// it lives and whose contents are the feed's facts, a note with the same facts when the feed is listed, and its socket.
#pragma once

#include <string>
#include <string_view>

#include <geyser/stream/feed.hpp>
#include <geyser/stream/publisher.hpp>

#include "platform/file_lock.hpp"

namespace geyser::stream {

// 16 hexadecimal digits: socket paths have little room, and names may be anything.
[[nodiscard]] std::string file_stem(std::string_view name);
[[nodiscard]] std::string socket_path(const std::string& directory, std::string_view name);
[[nodiscard]] std::string lock_path(const std::string& directory, std::string_view name);
[[nodiscard]] std::string note_path(const std::string& directory, std::string_view name);

// A name in the runtime directory, held until this object goes.
class NameClaim {
 public:
  NameClaim(NameClaim&&) noexcept = default;
  NameClaim& operator=(NameClaim&&) noexcept = default;
  ~NameClaim();

  // Takes the name, draws an id, makes the directory where it is missing. Not yet listed.
  // Errors: invalid_argument (names), busy (who has it), operating_system.
  [[nodiscard]] static Result<NameClaim> claim(const std::string& directory, FeedInfo info, NameConflict on_conflict);
  // To be called when the socket listens: who watches the directory looks now.
  [[nodiscard]] Result<void> list();
  // Other facts, the name and id stay.
  [[nodiscard]] Result<void> update(const FeedInfo& info);

  [[nodiscard]] const FeedInfo& info() const noexcept { return info_; }
  [[nodiscard]] std::string socket_path() const { return stream::socket_path(directory_, info_.name); }

 private:
  NameClaim(std::string directory, FeedInfo info, platform::FileLock&& lock)
      : directory_(std::move(directory)), info_(std::move(info)), lock_(std::move(lock)) {}
  std::string directory_;
  FeedInfo info_;
  platform::FileLock lock_;
};

// The feed of that name, listed or not. Errors: not_available (none is alive), operating_system, protocol.
[[nodiscard]] Result<FeedInfo> find_feed(const std::string& directory, std::string_view name);
// What a note or lock says. Errors: not_available, protocol.
[[nodiscard]] Result<FeedInfo> read_note(const std::string& path);

}  // namespace geyser::stream
