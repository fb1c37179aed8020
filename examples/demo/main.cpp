// geyser-demo: a picture animated by one process and shown by another, without copying a pixel between them.
#include <CLI/CLI.hpp>

#include <cstdio>

#include "pass.hpp"
#include "roles.hpp"
#include "second_process.hpp"

namespace {

int run_both(int argc, char** argv, const demo::Settings& settings) {
  auto pair = geyser::Channel::make_pair();
  if (!pair) {
    std::fprintf(stderr, "%s\n", pair.error().to_string().c_str());
    return 1;
  }
  const auto consumer = demo::start_consumer(argc, argv, std::move(pair->second));
  if (!consumer) return 1;
  const int produced = demo::produce(std::move(pair->first), settings);
  const int consumed = demo::wait_for_consumer(*consumer);
  return produced != 0 ? produced : consumed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Shares an animated picture between two processes and two graphics APIs."};
  demo::Settings settings;
  settings.picture = DEMO_PICTURE;
  std::int64_t consumer_channel = -1;
  const auto names = demo::pass_names();
  if (names.size() == 1) settings.from = settings.to = names[0];
  app.add_option("picture", settings.picture, "PNG or JPEG to animate")->check(CLI::ExistingFile);
  app.add_option("--from", settings.from, "Backend of the producer")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  app.add_option("--to", settings.to, "Backend of the consumer")->check(CLI::IsMember(names))->capture_default_str();
  app.add_option("--fence", settings.fence, "Accept only this kind of fence")
      ->check(CLI::IsMember(
          {"opaque_fd_timeline", "opaque_fd_binary", "opaque_win32_timeline", "opaque_win32_binary", "host_timeline"}));
  app.add_option("--frames", settings.frames, "How many frames")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--output", settings.output, "Where the last frame goes")->capture_default_str();
  app.add_flag("--json", settings.json, "One JSON object for each line");
  app.add_option("--consumer-channel", consumer_channel, "")->group("");
  CLI11_PARSE(app, argc, argv);
  if (consumer_channel < 0) return run_both(argc, argv, settings);
  auto channel = geyser::Channel::adopt(static_cast<geyser::NativeHandle>(consumer_channel));
  if (!channel) {
    std::fprintf(stderr, "consumer: %s\n", channel.error().to_string().c_str());
    return 1;
  }
  return demo::consume(*std::move(channel), settings);
}
