#include "stream/fault_table/healthy.hpp"

#include <algorithm>
#include <sstream>

#include "stream/fault_table/texts.hpp"
#include "stream/scene.hpp"

namespace geyser::test {

namespace {

std::string text_of(const Watcher::Seen& seen, const Census& census) {
  std::ostringstream out;
  out << "report " << seen.frames << ' ' << seen.repeated << ' ' << seen.wrong << ' ' << seen.lost << ' '
      << seen.longest_gap_us << ' ' << seen.longest_block_us << ' ' << census.descriptors << ' ' << census.mappings
      << ' ' << seen.first_wrong.substr(0, 150) << '\t' << seen.trouble;
  std::string text = out.str().substr(0, 500);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

int run_healthy(Channel& parent, const Role& role) {
  auto end = open_end(role.backend);
  if (end == nullptr) return 2;
  stream::SubscriberOptions options;
  options.feed = table_feed;
  options.runtime_directory = role.directory;
  auto watcher = Watcher::open(end, std::move(options));
  if (!watcher) return 3;
  std::uint64_t told = 0;
  for (;;) {
    watcher->step(5ms);
    const Watcher::Seen& seen = watcher->seen();
    if (seen.feed_id != told) {
      told = seen.feed_id;
      if (!send_text(parent, "seen " + std::to_string(told) + ' ' + std::to_string(seen.feed_since_ns))) return 4;
    }
    const auto word = text_at_once(parent);
    if (!word) continue;
    if (*word == "forget") {
      watcher->forget();
    } else if (*word == "report") {
      static_cast<void>(end->settle());
      if (!send_text(parent, text_of(seen, take_census()))) return 5;
    } else {
      break;
    }
  }
  return end->complaints.empty() ? 0 : 6;
}

Result<Healthy> Healthy::start(const Role& role) {
  auto child = Child::start({"--role", "healthy", "--backend", role.backend, "--directory", role.directory});
  if (!child) return tl::unexpected(std::move(child.error()));
  return Healthy(*std::move(child));
}

void Healthy::forget() { static_cast<void>(send_text(child_.channel(), "forget")); }

void Healthy::hear(const std::string& text) {
  std::istringstream in(text);
  std::string what;
  in >> what;
  if (what == "seen") {
    in >> feed_id_ >> feed_since_ns_;
  } else if (what == "report") {
    HealthyReport report;
    Watcher::Seen& seen = report.seen;
    in >> seen.frames >> seen.repeated >> seen.wrong >> seen.lost >> seen.longest_gap_us >> seen.longest_block_us >>
        report.census.descriptors >> report.census.mappings;
    in.ignore(1);
    std::getline(in, seen.first_wrong, '\t');
    std::getline(in, seen.trouble);
    seen.feed_id = feed_id_;
    seen.feed_since_ns = feed_since_ns_;
    answer_ = report;
  }
}

void Healthy::listen() {
  for (;;) {
    const auto text = text_at_once(child_.channel());
    if (!text || text->empty()) return;
    hear(*text);
  }
}

std::optional<HealthyReport> Healthy::report(const std::function<void()>& meanwhile) {
  answer_.reset();
  if (!send_text(child_.channel(), "report")) return std::nullopt;
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!answer_ && std::chrono::steady_clock::now() < end) {
    meanwhile();
    listen();
  }
  return answer_;
}

std::string Healthy::stop() {
  if (!send_text(child_.channel(), "stop")) return "The healthy subscriber is gone.";
  return child_.join();
}

}  // namespace geyser::test
