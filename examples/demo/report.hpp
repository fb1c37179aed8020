// What the demo tells people, and machines (--json).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "channel_peer.hpp"

namespace demo {

struct Report {
  explicit Report(bool as_json) : json(as_json) {}
  // The agreement, once.
  void agreed(const Session& session, const geyser::Capabilities& own) const;
  // One hand-off; prints a line each second.
  void frame(std::uint64_t latency_ns, std::uint64_t bytes_copied);
  // Gives false when a checksum was wrong or none was compared.
  bool finished(const std::string& picture_path);

  bool json = false;
  std::uint64_t frames = 0;
  std::uint64_t checks = 0;
  std::uint64_t wrong_checks = 0;
  std::uint64_t bytes_copied = 0;

 private:
  void second();
  std::vector<std::uint64_t> latencies_;
  std::vector<std::uint64_t> all_latencies_;
  std::uint64_t second_began_ = 0;
};

}  // namespace demo
