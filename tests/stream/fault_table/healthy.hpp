// The healthy subscriber in a process of its own, as the one that runs the table has it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "process/child.hpp"
#include "stream/fault_table/census.hpp"
#include "stream/fault_table/roles.hpp"
#include "stream/fault_table/watcher.hpp"

namespace geyser::test {

struct HealthyReport {
  Watcher::Seen seen;
  Census census;
};

class Healthy {
 public:
  // Errors: operating_system.
  static Result<Healthy> start(const Role& role);
  // What was counted is forgotten.
  void forget();
  // Reads what it says. It says by itself which feed it has frames of, since when.
  void listen();
  std::uint64_t feed_id() const { return feed_id_; }
  std::uint64_t feed_since_ns() const { return feed_since_ns_; }
  // Asks what it has seen; `meanwhile` is called until it answers. Nothing: it did not.
  std::optional<HealthyReport> report(const std::function<void()>& meanwhile);
  // Empty: it left in peace.
  std::string stop();

 private:
  explicit Healthy(Child&& child) : child_(std::move(child)) {}
  void hear(const std::string& text);

  Child child_;
  std::uint64_t feed_id_ = 0;
  std::uint64_t feed_since_ns_ = 0;
  std::optional<HealthyReport> answer_;
};

}  // namespace geyser::test
