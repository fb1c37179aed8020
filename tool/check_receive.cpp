// The receiver of checked frames.
#include <geyser/stream/subscriber.hpp>

#include "check.hpp"
#include "evidence.hpp"
#include "feeds.hpp"
#include "pixels.hpp"
#include "progress.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Options {
  FeedChoice feed;
  std::uint64_t frames = 120;
  bool latest = false;
  bool complete = false;
  double max_latency_ms = 0;
  std::string path;
  std::string evidence;
  std::string failures;
};

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
}

class Receiving {
 public:
  Receiving(Context& context, const Options& options)
      : context_(context),
        options_(options),
        judge_({options.complete, static_cast<std::uint64_t>(options.max_latency_ms * 1e6), options.path}) {}

  void run() {
    open_ = open_feed(context_, options_.feed, options_.latest ? stream::FrameMode::latest : stream::FrameMode::every);
    if (open_.subscriber == nullptr) return;
    waiting_ns_ = now_ns();
    stream::Frame frame = first_frame(context_, options_.feed, *open_.subscriber);
    if (!frame.is_open()) return;
    const Clock::time_point start = Clock::now();
    std::string end;  // why it ended too early
    while (take(std::move(frame)) && !is_done()) {
      end = next(frame);
      if (!end.empty()) break;
    }
    if (context_.exit_code != ExitCode::ok) return;
    evidence_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    conclude(end);
  }

 private:
  bool is_done() const {
    return judge_.frames() == options_.frames || (judge_.total() != 0 && judge_.last_number() >= judge_.total());
  }

  // Waits for the next frame. Empty, or why there will be none.
  std::string next(stream::Frame& frame) {
    waiting_ns_ = now_ns();
    const auto patience = std::chrono::duration<double>(options_.feed.timeout_s);
    const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
    for (;;) {
      auto acquired = open_.subscriber->acquire(20ms);
      if (acquired) {
        frame = *std::move(acquired);
        return "";
      }
      if (interrupted()) return "it was interrupted";
      const ErrorCode code = acquired.error().code();
      if (code == ErrorCode::abandoned) return "the feed ended";
      if (code != ErrorCode::timeout) return acquired.error().to_string();
      if (Clock::now() >= end) return "no further frame came in time";
    }
  }

  // Reads a frame and gives it back at once; judges it then. False: it cannot go on.
  bool take(stream::Frame&& frame) {
    const std::uint64_t received_ns = now_ns();
    stream::Subscriber& subscriber = *open_.subscriber;
    const TextureDescriptor descriptor = frame.texture().descriptor();
    if (auto good = judge_.expect(descriptor); !good) return refuse(good.error());
    if (!gate_ || gated_ != descriptor) {
      auto gate = PixelGate::create(open_.manager, descriptor);
      if (!gate) return refuse(gate.error());
      gate_.emplace(*std::move(gate));
      gated_ = descriptor;
    }
    auto memory = gate_->get(frame.texture());
    if (!memory) return refuse(memory.error());
    const stream::FrameInfo info = frame.info();
    auto intact = subscriber.release(std::move(frame));
    if (!intact) return refuse(intact.error());
    const SeenFrame seen{info, *memory, *intact, received_ns, waiting_ns_, subscriber.statistics().frames_missed};
    if (judge_.frames() == 0 && !Judge::recognises(judge_.coded(), seen)) {
      context_.fail(ExitCode::check_failed, "Feed [" + options_.feed.feed + "] of [" + subscriber.feed().application +
                                                "] has no pictures to check; publish some with: geyser check publish " +
                                                options_.feed.feed);
      return false;
    }
    judge_.look(subscriber.agreement());
    const bool good = judge_.look(seen);
    if (!good && evidence_.saved.empty() && !options_.failures.empty() && *intact) {
      auto saved = save_failure(options_.failures, info.number, judge_, *memory);
      if (!saved) return refuse(saved.error());
      evidence_.saved = *std::move(saved);
    }
    progress_.show([&] {
      return std::to_string(judge_.frames()) + (options_.frames == 0 ? "" : " of " + std::to_string(options_.frames)) +
             " frames" + (judge_.passed() ? "" : ", " + judge_.first_fault());
    });
    return true;
  }
  bool refuse(const GeyserError& error) {
    context_.fail(error);
    return false;
  }

  void conclude(const std::string& end) {
    progress_.clear();
    evidence_.every_frame = !options_.latest;
    const std::string frames = std::to_string(judge_.frames()) + " frames";
    ExitCode code = ExitCode::ok;
    if (!judge_.passed()) {
      evidence_.verdict = "fail";
      evidence_.sentence = "FAIL: " + judge_.first_fault();
      code = ExitCode::check_failed;
    } else if (!end.empty() && options_.frames != 0) {
      evidence_.verdict = "incomplete";
      evidence_.sentence = "INCOMPLETE: " + end + " after " + frames + " of " + std::to_string(options_.frames) +
                           "; those were as they should be";
      code = ExitCode::lost;
    } else {
      evidence_.verdict = "pass";
      evidence_.sentence = "PASS: " + frames + " as they were sent";
    }
    const Capabilities& receiver = open_.manager->capabilities();
    const Json json = to_json(evidence_, judge_, receiver, *open_.subscriber);
    if (context_.json) {
      print(json);
    } else {
      print_table(evidence_, judge_, receiver, *open_.subscriber);
    }
    std::fflush(stdout);
    if (code != ExitCode::ok) context_.fail(code, evidence_.sentence);
    if (options_.evidence.empty()) return;
    if (auto written = write_file(options_.evidence, json); !written) context_.fail(written.error());
  }

  Context& context_;
  const Options& options_;
  Judge judge_;
  Evidence evidence_;
  OpenFeed open_;
  std::optional<PixelGate> gate_;
  TextureDescriptor gated_;
  std::uint64_t waiting_ns_ = 0;
  Progress progress_;
};

}  // namespace

void add_check_receive(CLI::App& check, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = check.add_subcommand("receive", "Receive them, and say of every bit whether it is right");
  add_feed_options(*command, options->feed);
  command->add_option("--frames", options->frames, "How many (0: until the feed ends)")->capture_default_str();
  command->add_flag("--latest", options->latest, "Read the newest frame each time, not every one");
  command->add_flag("--complete", options->complete, "Fail when a frame is missing, also when the statistics say so");
  command->add_option("--max-latency", options->max_latency_ms, "Fail when a frame comes later than this")
      ->type_name("MS")
      ->check(CLI::Range(0.0, 1e6));
  command->add_option("--path", options->path, "Fail when it is another: zero_copy, gpu_copy, host_copy")
      ->check(CLI::IsMember({"zero_copy", "gpu_copy", "host_copy"}));
  command->add_option("--evidence", options->evidence, "Write the evidence as JSON")->type_name("FILE");
  command->add_option("--save-failures", options->failures, "Save the first wrong picture, and the right one, as PNG")
      ->type_name("DIR");
  command->callback([options, &context] {
    catch_interrupts();
    Receiving(context, *options).run();
  });
}

}  // namespace geyser::tool
