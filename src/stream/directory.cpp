#include <geyser/stream/directory.hpp>

#include <algorithm>
#include <map>
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

  // By stem, whether there is a note. Where a lock goes with its holder's life, that may leave a note alone.
  Result<std::map<std::string, bool>> stems() const {
    std::map<std::string, bool> all;
    for (const std::string suffix : {".lock", ".feed"}) {
      auto names = platform::list_directory(path, suffix);
      if (!names) return fail(std::move(names.error()));
      for (const std::string& name : *names) all[name.substr(0, name.size() - suffix.size())] = suffix == ".feed";
    }
    return all;
  }

  Result<std::vector<FeedInfo>> read() const {
    auto all = stems();
    if (!all) return fail(std::move(all.error()));
    std::vector<FeedInfo> feeds;
    for (const auto& [stem, has_note] : *all) {
      const auto held = platform::FileLock::is_held(text(path, "/", stem, ".lock"));
      if (!held && !(has_note && held.error().code() == ErrorCode::not_available)) continue;  // gone since
      if (!held || !*held) {
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
