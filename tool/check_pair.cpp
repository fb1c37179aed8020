// Publisher and receiver as two processes, and one verdict.
#include "check.hpp"
#include "child.hpp"
#include "feed_text.hpp"
#include "system.hpp"

namespace geyser::tool {

namespace {

using namespace std::chrono_literals;

struct Options {
  std::string from = "auto";
  std::string to = "auto";
  std::string from_device;
  std::string to_device;
  std::string size = "640x360";
  std::string format = "rgba8_unorm";
  std::string fault;
  std::string path;
  std::string evidence;
  std::string failures;
  std::vector<std::string> forbidden;
  std::uint64_t frames = 120;
  double fps = 60;
  bool latest = false;
  bool bottom_left = false;
};

using Words = std::vector<std::string>;

void add_if(Words& words, const char* option, const std::string& value) {
  if (!value.empty()) words.insert(words.end(), {option, value});
}

Words publisher_words(const Options& options, const std::string& feed) {
  Words words{"check",
              "publish",
              feed,
              "--private",
              "--subscribers",
              "1",
              "--size",
              options.size,
              "--format",
              options.format,
              "--backend",
              options.from,
              "--frames",
              options.latest ? "0" : std::to_string(options.frames),
              "--fps",
              std::to_string(options.fps),
              "--json"};
  add_if(words, "--device", options.from_device);
  add_if(words, "--fault", options.fault);
  if (options.bottom_left) words.emplace_back("--bottom-left");
  if (options.latest) words.emplace_back("--no-back-pressure");
  return words;
}

Words receiver_words(const Options& options, const std::string& feed, bool json) {
  Words words{
      "check", "receive", feed, "--backend", options.to, "--timeout", "15", "--frames", std::to_string(options.frames)};
  words.emplace_back(options.latest ? "--latest" : "--complete");
  add_if(words, "--device", options.to_device);
  add_if(words, "--path", options.path);
  add_if(words, "--evidence", options.evidence);
  add_if(words, "--save-failures", options.failures);
  for (const std::string& rung : options.forbidden) add_if(words, "--forbid", rung);
  if (json) words.emplace_back("--json");
  return words;
}

// The last of the lines of JSON that the publisher writes.
Json last_line(const std::string& text) {
  Json last;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const Json line = Json::parse(text.substr(at, end - at), nullptr, false);
    if (line.is_object()) last = line;
    at = end + 1;
  }
  return last;
}

void say_publisher_failed(Context& context, Child& publisher) {
  const auto status = publisher.wait(1s);
  if (interrupted()) return context.fail(ExitCode::lost, "It was interrupted.");
  if (!status) return context.fail(ExitCode::lost, "The publisher does not begin.");
  // It has said why.
  if (*status > 0 && *status <= static_cast<int>(ExitCode::check_failed)) {
    context.exit_code = static_cast<ExitCode>(*status);
  } else {
    context.fail(ExitCode::lost, "The publisher died.");
  }
}

void pair(Context& context, const Options& options) {
  const std::string feed = "geyser check " + std::to_string(own_process());
  auto publisher = Child::start(publisher_words(options, feed), Child::Output::captured);
  if (!publisher) return context.fail(publisher.error());
  if (!publisher->wait_for_line(30s)) return say_publisher_failed(context, *publisher);
  auto receiver = Child::start(receiver_words(options, feed, context.json),
                               context.json ? Child::Output::captured : Child::Output::shared);
  if (!receiver) return context.fail(receiver.error());
  const auto patience = 30s + std::chrono::ceil<std::chrono::seconds>(std::chrono::duration<double>(
                                  static_cast<double>(options.frames) * (1 / options.fps + 0.2)));
  // Who has failed has said why; nobody waits for it then.
  std::optional<int> published;
  if (wait_for_any({&*publisher, &*receiver}, patience) == std::size_t{0}) {
    published = publisher->wait(0ms);
    if (published != 0) return say_publisher_failed(context, *publisher);
  }
  const std::optional<int> received = receiver->wait(patience);
  publisher->terminate();
  if (!published) published = publisher->wait(5s);
  if (!received) {
    return context.fail(ExitCode::lost, interrupted() ? "It was interrupted." : "The receiver does not end.");
  }
  context.exit_code = *received > 7 ? ExitCode::lost : static_cast<ExitCode>(*received);
  if (*received > 7) context.fail(ExitCode::lost, "The receiver died.");
  if (context.exit_code == ExitCode::ok && published != 0) {
    context.fail(ExitCode::lost, published ? "The publisher failed at its end." : "The publisher does not end.");
  }
  if (context.json) {
    Json evidence = Json::parse(receiver->take_output(), nullptr, false);
    if (evidence.is_object()) {
      evidence["publisher"] = last_line(publisher->take_output());
      print(evidence);
    }
  }
}

}  // namespace

void add_check_pair(CLI::App& check, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = check.add_subcommand("pair", "Both ends as two processes, and one verdict");
  command->add_option("--from", options->from, "Backend of the publisher")->capture_default_str();
  command->add_option("--to", options->to, "Backend of the receiver")->capture_default_str();
  command->add_option("--from-device", options->from_device, "Index of the device, or a part of its name");
  command->add_option("--to-device", options->to_device, "Index of the device, or a part of its name");
  command->add_option("--size", options->size, "Of the picture")->capture_default_str()->type_name("WxH");
  command->add_option("--format", options->format, "Texture format")->capture_default_str();
  command->add_option("--frames", options->frames, "How many")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  command->add_option("--fps", options->fps, "Frames a second")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 10000.0));
  command->add_option("--fault", options->fault, "Publish wrongly: mirrored, torn, stale, ...")->type_name("FAULT");
  command->add_flag("--latest", options->latest, "Read the newest frame each time, not every one");
  command->add_flag("--bottom-left", options->bottom_left, "Send the lowest row first, and say so");
  command
      ->add_option("--forbid", options->forbidden, "Ways of sharing that may not be used: opaque, dma_buf, host_copy")
      ->check(CLI::IsMember({"opaque", "dma_buf", "host_copy"}));
  command->add_option("--path", options->path, "Fail when it is another: zero_copy, gpu_copy, host_copy")
      ->check(CLI::IsMember({"zero_copy", "gpu_copy", "host_copy"}));
  command->add_option("--evidence", options->evidence, "Write the evidence as JSON")->type_name("FILE");
  command->add_option("--save-failures", options->failures, "Save the first wrong picture, and the right one, as PNG")
      ->type_name("DIR");
  command->callback([options, &context] {
    catch_interrupts();
    pair(context, *options);
  });
}

}  // namespace geyser::tool
