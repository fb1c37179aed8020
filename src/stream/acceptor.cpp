#include "stream/acceptor.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "common/text.hpp"
#include "stream/fault_point.hpp"

namespace geyser::stream {

using detail::text;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t listener_key = 0;
constexpr std::uint64_t wake_key = 1;
constexpr std::chrono::milliseconds look_around{500};
// Who connects and says nothing is sent away.
constexpr std::chrono::seconds first_word{2};
// After descriptors ran out, the listener is left alone for so long: it stays readable, and the thread would spin.
constexpr std::chrono::milliseconds rest{100};
// More unread messages than any subscriber has a reason to send.
constexpr std::ptrdiff_t max_unread = 8;
// So many more than the limit are let in as far as to be told that it is reached.
constexpr std::size_t standing_room = 16;
// Connections taken in one go: who connects for ever must not keep the thread from everybody else.
constexpr int most_at_once = 32;

}  // namespace

Result<std::unique_ptr<Acceptor>> Acceptor::start(const std::string& socket_path, std::uint32_t max_connections) {
  auto listener = Listener::create(socket_path);
  if (!listener) return fail(std::move(listener.error()));
  auto poller = platform::Poller::create();
  if (!poller) return fail(std::move(poller.error()));
  auto wake = platform::Event::create();
  if (!wake) return fail(std::move(wake.error()));
  auto news = platform::Event::create();
  if (!news) return fail(std::move(news.error()));
  if (auto added = poller->add(listener->native(), listener_key); !added) return fail(std::move(added.error()));
  if (auto added = poller->add(wake->native(), wake_key); !added) return fail(std::move(added.error()));
  std::unique_ptr<Acceptor> acceptor(
      new Acceptor(*std::move(listener), *std::move(poller), *std::move(wake), *std::move(news), max_connections));
  acceptor->thread_ = std::thread([self = acceptor.get()] { self->run(); });
  return acceptor;
}

Acceptor::Acceptor(Listener&& listener, platform::Poller&& poller, platform::Event&& wake, platform::Event&& news,
                   std::uint32_t max_connections)
    : listener_(std::move(listener)),
      poller_(std::move(poller)),
      wake_(std::move(wake)),
      news_(std::move(news)),
      max_connections_(max_connections) {}

Acceptor::~Acceptor() {
  stop_ = true;
  wake_.signal();
  if (thread_.joinable()) thread_.join();
}

std::vector<Incoming> Acceptor::take() {
  const std::lock_guard lock(mutex_);
  has_news_.store(false, std::memory_order_release);
  news_.clear();
  for (const Incoming& one : inbox_) one.connection->known = true;
  return std::exchange(inbox_, {});
}

void Acceptor::drop(Connection& connection) noexcept {
  connection.dropped = true;
  wake_.signal();
}

void Acceptor::deliver(Incoming&& incoming) {
  const std::lock_guard lock(mutex_);
  inbox_.push_back(std::move(incoming));
  has_news_.store(true, std::memory_order_release);
  news_.signal();
}

void Acceptor::run() {
  std::array<std::uint64_t, 32> keys{};
  while (!stop_) {
    const auto ready = poller_.wait(keys, listening_ ? look_around : rest);
    const std::size_t count = ready ? *ready : 0;
    for (const std::uint64_t key : std::span(keys).first(count)) {
      if (key == wake_key) {
        wake_.clear();
      } else if (key == listener_key) {
        accept_all();
      } else if (const auto found = connections_.find(key); found != connections_.end()) {
        receive(std::shared_ptr<Connection>(found->second));
      }
    }
    sweep();
  }
}

void Acceptor::accept_all() {
  for (int i = 0; i < most_at_once; ++i) {
    auto channel = listener_.accept(std::chrono::nanoseconds(0));
    if (!channel) {
      if (channel.error().code() == ErrorCode::timeout) return;
      poller_.remove(listener_.native());
      listening_ = false;
      listen_again_ = Clock::now() + rest;
      return;
    }
    fault_point("publisher.connection_taken");
    // Far too many are closed at once; so is one whose process cannot be named.
    if (connections_.size() >= max_connections_ + standing_room) continue;
    const auto peer = channel->peer_credentials();
    if (!peer) continue;
    auto connection = std::make_shared<Connection>(next_id_++, *std::move(channel), *peer);
    if (!poller_.add(connection->channel.native(), connection->id)) continue;
    connections_.emplace(connection->id, std::move(connection));
  }
}

void Acceptor::receive(const std::shared_ptr<Connection>& connection) {
  if (connection->dropped) return;
  auto message = connection->channel.receive_message(std::chrono::nanoseconds(0));
  if (!message) {
    if (message.error().code() != ErrorCode::timeout) end(connection, message.error().to_string());
    return;
  }
  if (!connection->has_spoken && is_full()) return turn_away(connection);
  connection->has_spoken = true;
  fault_point("publisher.message_received");
  std::ptrdiff_t unread = 0;
  {
    const std::lock_guard lock(mutex_);
    unread =
        std::count_if(inbox_.begin(), inbox_.end(), [&](const Incoming& one) { return one.connection == connection; });
  }
  if (unread >= max_unread) return end(connection, text("It has sent more than [", max_unread, "] messages at once."));
  deliver({connection, *std::move(message), {}});
}

bool Acceptor::is_full() const {
  const auto taken = std::count_if(connections_.begin(), connections_.end(), [](const auto& entry) {
    return entry.second->has_spoken && !entry.second->dropped;
  });
  return static_cast<std::size_t>(taken) >= max_connections_;
}

// Only after its first word: a socket that is closed with something unread loses what was sent to it.
void Acceptor::turn_away(const std::shared_ptr<Connection>& connection) {
  const wire::Refusal full{ErrorCode::busy, text("The feed has [", max_connections_,
                                                 "] subscribers, which is its limit; one has to leave first.")};
  static_cast<void>(connection->channel.send(wire::Message(full), std::chrono::nanoseconds(0)));
  poller_.remove(connection->channel.native());
  connections_.erase(connection->id);
}

void Acceptor::sweep() {
  const Clock::time_point now = Clock::now();
  for (auto at = connections_.begin(); at != connections_.end();) {
    const std::shared_ptr<Connection> connection = (at++)->second;
    if (connection->dropped) {
      poller_.remove(connection->channel.native());
      connections_.erase(connection->id);
    } else if (!connection->has_spoken && now - connection->since > first_word) {
      end(connection, "It has connected and says nothing.");
    }
  }
  if (!listening_ && now >= listen_again_) listening_ = poller_.add(listener_.native(), listener_key).has_value();
}

void Acceptor::end(const std::shared_ptr<Connection>& connection, std::string reason) {
  poller_.remove(connection->channel.native());
  connections_.erase(connection->id);
  bool known = false;
  {
    // What a publisher that pauses has not read of it would keep its descriptors.
    const std::lock_guard lock(mutex_);
    std::erase_if(inbox_, [&](const Incoming& one) { return one.connection == connection; });
    known = connection->known;
  }
  if (known) deliver({connection, std::nullopt, std::move(reason)});
}

}  // namespace geyser::stream
