#include "stream/feed_note.hpp"

#include <array>
#include <random>
#include <utility>
#include <variant>

#include <geyser/wire.hpp>

#include "common/text.hpp"
#include "platform/program.hpp"
#include "platform/runtime_directory.hpp"
#include "stream/fault_point.hpp"

namespace geyser::stream {

using detail::text;

namespace {

constexpr std::size_t max_note_bytes = 8192;
constexpr int max_suffix = 99;

std::uint64_t random_id() {
  std::random_device device;
  std::uint64_t id = 0;
  while (id == 0) id = static_cast<std::uint64_t>(device()) << 32U | device();
  return id;
}

Result<std::vector<std::byte>> encode_note(const FeedInfo& info) {
  auto encoded = wire::encode(wire::Message(wire::Feed{info}));
  if (!encoded) return fail(std::move(encoded.error()));
  return std::move(encoded->bytes);
}

// Cuts the name so that the suffix fits, without cutting a character in two.
std::string with_suffix(const std::string& name, int number) {
  const std::string suffix = text(" (", number, ")");
  std::string base = name;
  if (base.size() + suffix.size() > max_feed_name_bytes) base.resize(max_feed_name_bytes - suffix.size());
  while (!base.empty() && !validate_name(base)) base.pop_back();
  return base + suffix;
}

tl::unexpected<GeyserError> taken(const std::string& directory, const std::string& name) {
  std::string by = "another program";
  if (const auto holder = read_note(lock_path(directory, name))) {
    by = text("[", holder->application, "], process [", holder->process_id, "]");
    if (holder->name != name) {
      return fail(ErrorCode::busy,
                  text("The name [", name, "] has the same hash as [", holder->name, "] of ", by, "; take another."));
    }
  }
  return fail(GeyserError(ErrorCode::busy, text("The name [", name, "] is taken by ", by, "."))
                  .suggest(text("[", with_suffix(name, 2), "]")));
}

}  // namespace

std::string file_stem(std::string_view name) {
  // FNV-1a, 64 bits.
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string stem;
  for (int shift = 60; shift >= 0; shift -= 4) stem += digits[hash >> static_cast<unsigned>(shift) & 0xfU];
  return stem;
}

std::string socket_path(const std::string& directory, std::string_view name) {
  return text(directory, "/", file_stem(name), ".sock");
}
std::string lock_path(const std::string& directory, std::string_view name) {
  return text(directory, "/", file_stem(name), ".lock");
}
std::string note_path(const std::string& directory, std::string_view name) {
  return text(directory, "/", file_stem(name), ".feed");
}

Result<NameClaim> NameClaim::claim(const std::string& directory, FeedInfo info, NameConflict on_conflict) {
  if (auto good = validate_name(info.name); !good) return fail(std::move(good.error()));
  if (auto good = validate_name(info.application, "application"); !good) return fail(std::move(good.error()));
  const std::string where = directory.empty() ? default_runtime_directory() : directory;
  if (auto good = platform::prepare_directory(where); !good) return fail(std::move(good.error()));
  const std::string wanted = info.name;
  info.id = random_id();
  info.process_id = platform::process_id();
  for (int number = 1;; ++number) {
    if (number > 1) info.name = with_suffix(wanted, number);
    auto lock = platform::FileLock::acquire(lock_path(where, info.name));
    if (!lock && lock.error().code() != ErrorCode::busy) return fail(std::move(lock.error()));
    if (lock) {
      fault_point("publisher.locked");
      auto bytes = encode_note(info);
      if (!bytes) return fail(std::move(bytes.error()));
      if (auto written = lock->write(*bytes); !written) return fail(std::move(written.error()));
      fault_point("publisher.noted");
      // What a dead publisher of this name has left.
      platform::remove_file(note_path(where, info.name));
      platform::remove_file(platform::draft_of(note_path(where, info.name)));
      platform::remove_file(stream::socket_path(where, info.name));
      return NameClaim(where, std::move(info), *std::move(lock));
    }
    if (on_conflict == NameConflict::refuse || number > max_suffix) return taken(where, info.name);
  }
}

NameClaim::~NameClaim() {
  if (lock_.is_held() && info_.listed) platform::remove_file(note_path(directory_, info_.name));
}

Result<void> NameClaim::list() { return update(info_); }

Result<void> NameClaim::update(const FeedInfo& info) {
  FeedInfo facts = info;
  facts.name = info_.name;
  facts.id = info_.id;
  auto bytes = encode_note(facts);
  if (!bytes) return fail(std::move(bytes.error()));
  if (auto written = lock_.write(*bytes); !written) return written;
  fault_point("publisher.facts_written");
  const std::string path = note_path(directory_, info_.name);
  if (auto noted = platform::replace_file(path, *bytes); !noted) return noted;
  // A private feed's note is there for a moment only, for those who watch the directory.
  if (!facts.listed) platform::remove_file(path);
  info_ = std::move(facts);
  return {};
}

Result<FeedInfo> read_note(const std::string& path) {
  auto bytes = platform::read_file(path, max_note_bytes);
  if (!bytes) return fail(std::move(bytes.error()));
  auto message = wire::decode(*bytes, {});
  if (!message) return fail(std::move(message.error()).during(text("reading note [", path, "]")));
  auto* feed = std::get_if<wire::Feed>(&*message);
  if (feed == nullptr) return fail(ErrorCode::protocol, text("File [", path, "] is no note of a feed."));
  return std::move(feed->info);
}

Result<FeedInfo> find_feed(const std::string& directory, std::string_view name) {
  const std::string path = lock_path(directory, name);
  auto held = platform::FileLock::is_held(path);
  if (!held) return fail(std::move(held.error()));
  if (!*held) return fail(ErrorCode::not_available, text("The publisher of feed [", name, "] is gone."));
  auto info = read_note(path);
  if (!info) return info;
  if (info->name != name) return fail(ErrorCode::not_available, text("No feed is called [", name, "]."));
  return info;
}

}  // namespace geyser::stream
