// The publisher's thread: takes connections and their messages, and notices those that end. Calls no graphics API.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <geyser/channel.hpp>
#include <geyser/wire.hpp>

#include "platform/event.hpp"
#include "platform/poller.hpp"

namespace geyser::stream {

// The thread receives on the channel, the publisher sends.
struct Connection {
  Connection(std::uint64_t its_id, Channel&& its_channel, PeerCredentials who)
      : id(its_id), channel(std::move(its_channel)), peer(who) {}
  std::uint64_t id;
  Channel channel;
  PeerCredentials peer;
  std::atomic<bool> dropped{false};  // by the publisher
  // The thread's own.
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  bool has_spoken = false;
  bool known = false;  // the publisher has taken a message of it; under the acceptor's mutex
};

struct Incoming {
  std::shared_ptr<Connection> connection;
  std::optional<wire::Message> message;  // none: the connection has ended
  std::string reason;                    // why it ended
};

class Acceptor {
 public:
  // Errors: those of Listener::create, operating_system.
  [[nodiscard]] static Result<std::unique_ptr<Acceptor>> start(const std::string& socket_path,
                                                               std::uint32_t max_connections);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // No system call.
  [[nodiscard]] bool has_news() const noexcept { return has_news_.load(std::memory_order_acquire); }
  [[nodiscard]] std::vector<Incoming> take();
  // Readable while there is news.
  [[nodiscard]] NativeHandle event() const noexcept { return news_.native(); }
  // Closes a connection; its end is not reported.
  void drop(Connection& connection) noexcept;

 private:
  Acceptor(Listener&& listener, platform::Poller&& poller, platform::Event&& wake, platform::Event&& news,
           std::uint32_t max_connections);
  void run();
  void accept_all();
  void receive(const std::shared_ptr<Connection>& connection);
  [[nodiscard]] bool is_full() const;
  void turn_away(const std::shared_ptr<Connection>& connection);
  void sweep();
  void end(const std::shared_ptr<Connection>& connection, std::string reason);
  void deliver(Incoming&& incoming);

  Listener listener_;
  platform::Poller poller_;
  platform::Event wake_;  // stop, or something to sweep
  platform::Event news_;
  std::uint32_t max_connections_;
  std::uint64_t next_id_ = 2;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;  // the thread's own
  std::chrono::steady_clock::time_point listen_again_{};              // when descriptors ran out
  bool listening_ = true;
  std::atomic<bool> stop_{false};
  std::atomic<bool> has_news_{false};
  std::mutex mutex_;
  std::vector<Incoming> inbox_;
  std::thread thread_;
};

}  // namespace geyser::stream
