#include "evidence.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <geyser/version.hpp>

#include "image.hpp"

namespace geyser::tool {

Json to_json(const Evidence& evidence, Judge& judge, const Capabilities& receiver,
             const stream::Subscriber& subscriber) {
  Json checks = Json::array();
  for (const CheckResult& result : judge.results()) {
    Json one = {{"name", to_string(result.check)},
                {"passed", result.passed},
                {"frames_failed", result.frames_failed},
                {"seen", result.seen}};
    one["first_failed"] = result.frames_failed == 0 ? Json(nullptr) : Json(result.first_failed);
    checks.push_back(std::move(one));
  }
  const stream::SubscriberStatistics s = subscriber.statistics();
  return {{"verdict", evidence.verdict},
          {"sentence", evidence.sentence},
          {"geyser", GEYSER_VERSION_STRING},
          {"mode", evidence.every_frame ? "every" : "latest"},
          {"feed", to_json(subscriber.feed())},
          {"receiver",
           {{"api", to_string(receiver.api)},
            {"device", receiver.identity.device_name},
            {"driver", receiver.identity.driver_name}}},
          {"agreement", to_json(subscriber.agreement())},
          {"checks", std::move(checks)},
          {"figures",
           {{"frames", judge.frames()},
            {"texels", judge.texels()},
            {"frames_missing", judge.frames_missing()},
            {"frames_overwritten", judge.frames_overwritten()},
            {"seconds", evidence.seconds},
            {"frames_per_second", evidence.seconds > 0 ? static_cast<double>(judge.frames()) / evidence.seconds : 0},
            {"latency_us",
             {{"frames", judge.latency().count()},
              {"p50", judge.latency().at(0.5)},
              {"p99", judge.latency().at(0.99)},
              {"max", judge.latency().at(1)}}},
            {"bytes_copied", s.bytes_copied},
            {"connections", s.connections}}},
          {"saved", evidence.saved}};
}

void print_table(const Evidence& evidence, Judge& judge, const Capabilities& receiver,
                 const stream::Subscriber& subscriber) {
  const stream::FeedInfo& feed = subscriber.feed();
  const std::string from(to_string(feed.api));
  const std::string to(to_string(receiver.api));
  std::printf("%s of %s: %s\n", feed.name.c_str(), feed.application.c_str(), to_string(feed.descriptor).c_str());
  std::printf("from %s on %s to %s on %s\n\n", from.c_str(), feed.device.c_str(), to.c_str(),
              receiver.identity.device_name.c_str());
  for (const CheckResult& result : judge.results()) {
    const std::string name(to_string(result.check));
    for (std::size_t i = 0; i < result.seen.size(); ++i) {
      std::printf("  %-4s  %-14s %s\n",
                  i != 0          ? ""
                  : result.passed ? "pass"
                                  : "FAIL",
                  i == 0 ? name.c_str() : "", result.seen[i].c_str());
    }
    if (result.frames_failed > result.seen.size()) {
      std::printf("  %-4s  %-14s and so on: %llu frames\n", "", "",
                  static_cast<unsigned long long>(result.frames_failed));
    }
  }
  for (const Rung& rung : subscriber.agreement().rungs) {
    if (!rung.chosen) std::printf("        %-14s not %s: %s\n", "", rung.name.c_str(), rung.reason.c_str());
  }
  for (const std::string& file : evidence.saved) std::printf("  saved %s\n", file.c_str());
  // What is not good is said on standard error.
  std::printf("\n%s", evidence.verdict == "pass" ? (evidence.sentence + "\n").c_str() : "");
}

Result<void> write_file(const std::string& path, const Json& json) {
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  std::FILE* file = std::fopen(path.c_str(), "we");
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = file != nullptr && std::fclose(file) == 0;
  if (written && closed) return {};
  return fail(ErrorCode::operating_system, "Evidence [" + path + "] cannot be written: " + std::strerror(errno) + ".");
}

Result<std::vector<std::string>> save_failure(const std::string& directory, std::uint64_t number, const Judge& judge,
                                              std::span<const std::byte> memory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::vector<std::string> names;
  const TextureDescriptor& descriptor = judge.coded().descriptor();
  for (const auto& [what, bytes] : {std::pair("received", memory), std::pair("expected", judge.expected())}) {
    const std::string path = directory + "/frame-" + std::to_string(number) + "-" + what + ".png";
    if (auto saved = save_picture(path, to_picture(descriptor, bytes)); !saved) return fail(std::move(saved.error()));
    names.push_back(path);
  }
  return names;
}

}  // namespace geyser::tool
