// Which feeds there are. Without a daemon: publishers leave a note in the user's runtime directory and hold a lock on
// it; the note of a publisher that died is not listed, and is removed by whoever sees it first.
// Thread safety: one thread at a time. Linux and Windows so far.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>
#include <geyser/stream/feed.hpp>

namespace geyser::stream {

enum class FeedChange : std::uint8_t { added = 0, removed = 1, changed = 2 };
[[nodiscard]] GEYSER_API std::string_view to_string(FeedChange change) noexcept;

struct FeedEvent {
  FeedChange change = FeedChange::added;
  FeedInfo feed;  // as it is now; for `removed`, as it was
};

class GEYSER_API Directory {
 public:
  Directory(Directory&&) noexcept;
  Directory& operator=(Directory&&) noexcept;
  ~Directory();

  // Empty: default_runtime_directory(). It is made when it does not exist.
  // Errors: operating_system (it cannot be made, is no directory, belongs to another user, or others may write to it).
  [[nodiscard]] static Result<Directory> open(const std::string& runtime_directory = {});

  // Every listed feed that is alive, by name.
  [[nodiscard]] Result<std::vector<FeedInfo>> list();
  // What has changed since the last call of list() or changes(). Never waits.
  [[nodiscard]] Result<std::vector<FeedEvent>> changes();
  // Pollable (readable: changes() may have something); borrowed.
  [[nodiscard]] NativeHandle event() const noexcept;

 private:
  struct Impl;
  explicit Directory(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace geyser::stream
