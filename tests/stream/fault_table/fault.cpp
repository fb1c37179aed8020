#include "stream/fault_table/fault.hpp"

#include <array>
#include <charconv>

namespace geyser::test {

namespace {

constexpr std::array<std::string_view, 8> action_names = {"none",   "kill",   "exit", "stop",
                                                          "starve", "deafen", "hold", "keep"};

constexpr auto subscriber = Victim::subscriber;
constexpr auto publisher = Victim::publisher;
constexpr FaultPoint points[] = {
    {"subscriber.feed_found", subscriber, 1},
    {"subscriber.connected", subscriber, 1},
    {"subscriber.subscribe_sent", subscriber, 1},
    {"subscriber.pool_received", subscriber, 1},
    {"subscriber.pages_mapped", subscriber, 1},
    {"subscriber.texture_imported", subscriber, 2},
    {"subscriber.ring_opened", subscriber, 1},
    {"subscriber.accept_sent", subscriber, 1},
    {"subscriber.frame_chosen", subscriber, 5},
    {"subscriber.lease_stored", subscriber, 5},
    {"subscriber.frame_leased", subscriber, 5},
    {"subscriber.frame_open", subscriber, 5},
    {"subscriber.holding", subscriber, 5},
    {"subscriber.before_release", subscriber, 5},
    {"subscriber.value_stored", subscriber, 5},
    {"subscriber.lease_cleared", subscriber, 5},
    {"subscriber.sleeping", subscriber, 5},
    {"subscriber.socket_armed", subscriber, 5},
    {"publisher.locked", publisher, 1},
    {"publisher.noted", publisher, 1},
    {"publisher.ring_made", publisher, 1},
    {"publisher.listening", publisher, 1},
    {"publisher.facts_written", publisher, 1},
    {"publisher.listed", publisher, 1},
    {"publisher.connection_taken", publisher, 1},
    {"publisher.message_received", publisher, 1},
    {"publisher.subscribed", publisher, 1},
    {"publisher.pool_ready", publisher, 1},
    {"publisher.pool_sent", publisher, 1},
    {"publisher.accept_received", publisher, 1},
    {"publisher.slot_hidden", publisher, 40},
    {"publisher.slot_claimed", publisher, 40},
    {"publisher.frame_open", publisher, 40},
    {"publisher.before_end_access", publisher, 40},
    {"publisher.access_ended", publisher, 40},
    {"publisher.frame_described", publisher, 40},
    {"publisher.frame_stored", publisher, 40},
    {"publisher.latest_stored", publisher, 40},
    {"publisher.announced", publisher, 40},
    {"publisher.woken", publisher, 40},
    {"publisher.waits", publisher, 3},
};

}  // namespace

std::string_view to_string(FaultAction action) { return action_names[static_cast<std::size_t>(action)]; }

std::string_view to_string(Victim victim) { return victim == Victim::subscriber ? "subscriber" : "publisher"; }

std::span<const FaultPoint> fault_points() { return points; }

std::string Fault::text() const { return point + ":" + std::string(to_string(action)) + ":" + std::to_string(nth); }

std::optional<Fault> Fault::parse(std::string_view text) {
  const std::size_t first = text.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find(':', first + 1);
  const std::string_view action =
      text.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
  Fault fault;
  fault.point = text.substr(0, first);
  bool known = false;
  for (std::size_t i = 0; i < action_names.size(); ++i) {
    if (action_names[i] != action) continue;
    fault.action = static_cast<FaultAction>(i);
    known = true;
  }
  if (!known) return std::nullopt;
  if (second != std::string_view::npos) {
    const std::string_view nth = text.substr(second + 1);
    const auto [end, error] = std::from_chars(nth.data(), nth.data() + nth.size(), fault.nth);
    if (error != std::errc() || end != nth.data() + nth.size()) return std::nullopt;
  }
  return fault;
}

}  // namespace geyser::test
