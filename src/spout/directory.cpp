#include "spout/directory.hpp"

#include <utility>

#include "common/text.hpp"
#include "spout/layout.hpp"

namespace geyser::spout {

using detail::text;

Result<Locked> Locked::lock(const platform::NamedMutex& mutex) {
  if (auto locked = mutex.lock(lock_time); !locked) return fail(std::move(locked.error()));
  return Locked(mutex);
}

Result<Map> Map::with_mutex(Result<platform::NamedMemory> memory, const std::string& name) {
  if (!memory) return fail(std::move(memory.error()));
  auto mutex = platform::NamedMutex::create(name + "_mutex");
  if (!mutex) return fail(std::move(mutex.error()));
  Map map;
  map.memory_ = *std::move(memory);
  map.mutex_ = *std::move(mutex);
  return map;
}

Result<Map> Map::create(const std::string& name, std::size_t size) {
  return with_mutex(platform::NamedMemory::create(name, size), name);
}

Result<Map> Map::open(const std::string& name) { return with_mutex(platform::NamedMemory::open(name), name); }

Result<SenderInfo> read_sender(const std::string& name) {
  auto map = Map::open(name);
  if (!map) return fail(std::move(map.error()));
  auto locked = map->lock();
  if (!locked) return fail(std::move(locked.error()));
  auto info = read_info(map->bytes());
  if (!info) {
    return fail(ErrorCode::protocol, text("The description of Spout sender [", name, "] has [", map->bytes().size(),
                                          "] bytes, not [", info_bytes, "]."));
  }
  info->name = name;
  return *info;
}

namespace {

// Empty when there is none.
Result<std::string> read_active() {
  auto map = Map::open(active_name);
  if (!map) {
    if (map.error().code() == ErrorCode::not_available) return std::string();
    return fail(std::move(map.error()));
  }
  auto locked = map->lock();
  if (!locked) return fail(std::move(locked.error()));
  return read_name(map->bytes());
}

}  // namespace

Result<std::vector<SenderInfo>> list_senders() {
  std::vector<SenderInfo> senders;
  const auto refuse = [](GeyserError&& error) { return fail(std::move(error).during("listing Spout senders")); };
  std::vector<std::string> names;
  {
    auto map = Map::open(list_name);
    if (!map) {
      // No program of Spout's has run yet.
      if (map.error().code() == ErrorCode::not_available) return senders;
      return refuse(std::move(map.error()));
    }
    auto locked = map->lock();
    if (!locked) return refuse(std::move(locked.error()));
    names = read_names(map->bytes());
  }
  auto active = read_active();
  if (!active) return refuse(std::move(active.error()));
  for (const std::string& name : names) {
    auto info = read_sender(name);
    if (!info) continue;  // its process died; Spout's own programs clean the list
    info->active = name == *active;
    senders.push_back(*std::move(info));
  }
  return senders;
}

Result<SenderInfo> find_sender(const std::string& name) {
  auto senders = list_senders();
  if (!senders) return fail(std::move(senders.error()));
  std::string seen;
  for (SenderInfo& info : *senders) {
    if (name.empty() ? info.active : info.name == name) return std::move(info);
    seen += text(seen.empty() ? "" : ", ", info.name);
  }
  return fail(ErrorCode::not_available, text(name.empty() ? std::string("No Spout sender is active")
                                                          : text("No Spout sender is named [", name, "]"),
                                             "; there are [", seen.empty() ? std::string("none") : seen, "]."));
}

}  // namespace geyser::spout
