#include <geyser/stream/directory.hpp>

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/directory_watch.hpp"
#include "platform/runtime_directory.hpp"
#include "stream/feed_note.hpp"

namespace geyser::stream {

using detail::text;

namespace {

// Removes what a dead publisher has left: only while holding its lock, so that one which is just starting is safe.
void clean_up(const std::string& directory, const std::string& stem) {
  const std::string base = text(directory, "/", stem);
  const auto lock = platform::FileLock::acquire(base + ".lock");
  if (!lock) return;
  platform::remove_file(base + ".feed");
  platform::remove_file(platform::draft_of(base + ".feed"));
  platform::remove_file(base + ".sock");
}

}  // namespace

std::string_view to_string(FeedChange change) noexcept {
  switch (change) {
    case FeedChange::added:
      return "added";
    case FeedChange::removed:
      return "removed";
    case FeedChange::changed:
      return "changed";
  }
  return "unknown";
}

struct Directory::Impl {
  std::string path;
  platform::DirectoryWatch watch;
  std::vector<FeedInfo> known;

  Result<std::vector<FeedInfo>> read() const {
    auto locks = platform::list_directory(path, ".lock");
    if (!locks) return fail(std::move(locks.error()));
    std::vector<FeedInfo> feeds;
    for (const std::string& name : *locks) {
      const std::string stem = name.substr(0, name.size() - std::string_view(".lock").size());
      const auto held = platform::FileLock::is_held(text(path, "/", name));
      if (!held) continue;  // gone since
      if (!*held) {
        clean_up(path, stem);
        continue;
      }
      auto info = read_note(text(path, "/", stem, ".feed"));
      // A note that no publisher has written names nothing.
      if (info && info->listed && file_stem(info->name) == stem) feeds.push_back(*std::move(info));
    }
    std::sort(feeds.begin(), feeds.end(), [](const FeedInfo& a, const FeedInfo& b) { return a.name < b.name; });
    return feeds;
  }
};

Directory::Directory(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Directory::Directory(Directory&&) noexcept = default;
Directory& Directory::operator=(Directory&&) noexcept = default;
Directory::~Directory() = default;

Result<Directory> Directory::open(const std::string& runtime_directory) {
  const std::string path = runtime_directory.empty() ? default_runtime_directory() : runtime_directory;
  if (auto good = platform::prepare_directory(path); !good) return fail(std::move(good.error()));
  auto watch = platform::DirectoryWatch::create(path);
  if (!watch) return fail(std::move(watch.error()));
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->watch = *std::move(watch);
  return Directory(std::move(impl));
}

Result<std::vector<FeedInfo>> Directory::list() {
  static_cast<void>(impl_->watch.drain());
  auto feeds = impl_->read();
  if (!feeds) return feeds;
  impl_->known = *feeds;
  return feeds;
}

Result<std::vector<FeedEvent>> Directory::changes() {
  auto any = impl_->watch.drain();
  if (!any) return fail(std::move(any.error()));
  if (!*any) return std::vector<FeedEvent>();
  auto feeds = impl_->read();
  if (!feeds) return fail(std::move(feeds.error()));
  std::vector<FeedEvent> events;
  const auto with_id = [](const std::vector<FeedInfo>& list, std::uint64_t id) {
    return std::find_if(list.begin(), list.end(), [id](const FeedInfo& info) { return info.id == id; });
  };
  for (const FeedInfo& before : impl_->known) {
    if (with_id(*feeds, before.id) == feeds->end()) events.push_back({FeedChange::removed, before});
  }
  for (const FeedInfo& now : *feeds) {
    const auto before = with_id(impl_->known, now.id);
    if (before == impl_->known.end()) {
      events.push_back({FeedChange::added, now});
    } else if (*before != now) {
      events.push_back({FeedChange::changed, now});
    }
  }
  impl_->known = *std::move(feeds);
  return events;
}

NativeHandle Directory::event() const noexcept { return impl_->watch.native(); }

}  // namespace geyser::stream
