#include "report.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace demo {

namespace {

double microseconds_at(std::vector<std::uint64_t>& latencies, double part) {
  if (latencies.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(latencies.size() - 1));
  std::nth_element(latencies.begin(), latencies.begin() + at, latencies.end());
  return static_cast<double>(latencies[static_cast<std::size_t>(at)]) / 1000.0;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

std::string rungs_json(const std::vector<geyser::Rung>& rungs) {
  std::string out = "[";
  for (const geyser::Rung& rung : rungs) {
    if (out.size() > 1) out += ",";
    out += "{\"name\":" + json_string(rung.name) + ",\"chosen\":" + (rung.chosen ? "true" : "false") +
           ",\"reason\":" + json_string(rung.reason) + "}";
  }
  return out + "]";
}

}  // namespace

void Report::agreed(const Session& session, const geyser::Capabilities& own) const {
  const geyser::Capabilities& peer = session.peer.capabilities;
  const geyser::Agreement& agreement = session.agreement;
  if (json) {
    std::printf(
        "{\"event\":\"agreed\",\"from\":%s,\"to\":%s,\"device\":%s,\"handle\":%s,\"path\":%s,\"sync\":%s,"
        "\"fence\":%s,\"rungs\":%s,\"sync_rungs\":%s}\n",
        json_string(to_string(peer.api)).c_str(), json_string(to_string(own.api)).c_str(),
        json_string(own.identity.device_name).c_str(), json_string(to_string(agreement.handle_kind)).c_str(),
        json_string(to_string(agreement.path)).c_str(), json_string(to_string(agreement.sync_tier)).c_str(),
        json_string(to_string(agreement.fence_kind)).c_str(), rungs_json(agreement.rungs).c_str(),
        rungs_json(agreement.sync_rungs).c_str());
  } else {
    std::printf("%s -> %s on %s\n%s\n", std::string(to_string(peer.api)).c_str(),
                std::string(to_string(own.api)).c_str(), own.identity.device_name.c_str(),
                to_string(agreement).c_str());
  }
  std::fflush(stdout);
}

void Report::frame(std::uint64_t latency_ns, std::uint64_t copied) {
  if (second_began_ == 0) second_began_ = monotonic_ns();
  ++frames;
  bytes_copied = copied;
  latencies_.push_back(latency_ns);
  all_latencies_.push_back(latency_ns);
  if (monotonic_ns() - second_began_ >= 1'000'000'000) second();
}

void Report::second() {
  const std::uint64_t now = monotonic_ns();
  const double seconds = static_cast<double>(now - second_began_) / 1e9;
  const double rate = static_cast<double>(latencies_.size()) / seconds;
  const double p50 = microseconds_at(latencies_, 0.5);
  const double p99 = microseconds_at(latencies_, 0.99);
  std::printf(json ? "{\"event\":\"second\",\"frames_per_second\":%.1f,\"latency_p50_us\":%.1f,\"latency_p99_us\":%.1f,"
                     "\"bytes_copied\":%" PRIu64 "}\n"
                   : "%7.1f frames/s   hand-off p50 %8.1f us, p99 %8.1f us   bytes copied by Geyser %" PRIu64 "\n",
              rate, p50, p99, bytes_copied);
  std::fflush(stdout);
  latencies_.clear();
  second_began_ = now;
}

bool Report::finished(const std::string& picture_path) {
  const bool good = wrong_checks == 0 && checks != 0;
  const double p50 = microseconds_at(all_latencies_, 0.5);
  const double p99 = microseconds_at(all_latencies_, 0.99);
  std::printf(json ? "{\"event\":\"finished\",\"frames\":%" PRIu64 ",\"checks\":%" PRIu64 ",\"wrong\":%" PRIu64
                     ",\"latency_p50_us\":%.1f,\"latency_p99_us\":%.1f,\"bytes_copied\":%" PRIu64 ",\"picture\":%s}\n"
                   : "%" PRIu64 " frames, %" PRIu64 " checked against the producer's, %" PRIu64
                     " wrong; hand-off p50 %.1f us, p99 %.1f us; bytes copied by Geyser %" PRIu64
                     "; last frame in %s\n",
              frames, checks, wrong_checks, p50, p99, bytes_copied,
              json ? json_string(picture_path).c_str() : picture_path.c_str());
  std::fflush(stdout);
  return good;
}

}  // namespace demo
