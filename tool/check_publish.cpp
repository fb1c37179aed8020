// The publisher of checked frames.
#include <geyser/stream/publisher.hpp>

#include "check.hpp"
#include "fault.hpp"
#include "feed_text.hpp"
#include "feeds.hpp"
#include "pace.hpp"
#include "picture_options.hpp"
#include "pixels.hpp"
#include "progress.hpp"
#include "suggest.hpp"

namespace geyser::tool {

namespace {

using namespace std::chrono_literals;

struct Options {
  std::string name;
  std::string application;
  BackendChoice backend;
  std::vector<std::string> forbidden;
  std::string size = "640x360";
  std::string format = "rgba8_unorm";
  std::string fault;
  double fps = 60;
  double timeout_s = 10;
  std::uint64_t frames = 0;
  std::uint32_t ring = 4;
  std::uint32_t subscribers = 0;
  bool is_private = false;
  bool no_back_pressure = false;
  bool bottom_left = false;
};

Result<const Fault*> find_fault(const std::string& name) {
  if (name.empty()) return nullptr;
  if (const Fault* fault = find_pixel_fault(name)) return fault;
  const std::vector<std::string> names = pixel_fault_names();
  GeyserError error(ErrorCode::invalid_argument, "There is no fault [" + name + "].");
  const std::string near = nearest(name, names);
  error.suggest(near.empty() ? join(names) : near);
  return fail(std::move(error));
}

Result<TextureDescriptor> describe(const Options& options) {
  auto size = parse_size(options.size);
  if (!size) return fail(std::move(size.error()));
  auto format = find_format(options.format);
  if (!format) return fail(std::move(format.error()));
  TextureDescriptor descriptor;
  descriptor.extent = *size;
  descriptor.format = *format;
  descriptor.picture = coded_facts(options.bottom_left ? PictureOrigin::bottom_left : PictureOrigin::top_left);
  descriptor.label = "geyser check";
  return descriptor;
}

stream::PublisherOptions feed_options(const Options& options) {
  stream::PublisherOptions feed;
  feed.name = options.name;
  feed.application = options.application;
  feed.listed = !options.is_private;
  feed.ring_size = options.ring;
  feed.back_pressure = !options.no_back_pressure;
  // A receiver on a busy machine is slow, not lost.
  if (feed.back_pressure) feed.lease_time = 10s;
  feed.policy = policy_without(options.forbidden);
  feed.frame_rate = {static_cast<std::uint32_t>(options.fps * 1000), 1000};
  feed.diagnostics = [](const GeyserError& error) { std::fprintf(stderr, "geyser: %s\n", error.to_string().c_str()); };
  return feed;
}

void say_end(const Context& context, const stream::Publisher& publisher) {
  const stream::PublisherStatistics s = publisher.statistics();
  if (context.json) {
    const Json json = {{"frames_published", s.frames_published},
                       {"frames_refused", s.frames_refused},
                       {"leases_revoked", s.leases_revoked},
                       {"gpu_copies", s.gpu_copies},
                       {"bytes_copied", s.bytes_copied}};
    std::puts(json.dump().c_str());
  } else {
    std::printf("Published %llu frames\n", static_cast<unsigned long long>(s.frames_published));
  }
}

Result<void> run(const Options& options, const Context& context) {
  auto fault = find_fault(options.fault);
  if (!fault) return fail(std::move(fault.error()));
  auto descriptor = describe(options);
  if (!descriptor) return fail(std::move(descriptor.error()));
  auto coded = CodedPicture::create(*descriptor);
  if (!coded) return fail(std::move(coded.error()));
  if (*fault != nullptr && !(*fault)->fits(*coded)) {
    return fail(ErrorCode::invalid_argument,
                "Pictures of this size and format cannot have the fault [" + options.fault + "].");
  }
  auto manager = open_backend(options.backend);
  if (!manager) return fail(std::move(manager.error()));
  auto publisher = stream::Publisher::create(*manager, *descriptor, feed_options(options));
  if (!publisher) return fail(std::move(publisher.error()));
  auto gate = PixelGate::create(*manager, *descriptor);
  if (!gate) return fail(std::move(gate.error()));
  if (context.json) {
    std::puts(Json{{"feed", to_json(publisher->feed())}}.dump().c_str());
  } else {
    std::printf("Publishing [%s] to be checked: %s, by %s\n", publisher->feed().name.c_str(),
                to_string(*descriptor).c_str(), std::string(to_string(publisher->feed().api)).c_str());
  }
  std::fflush(stdout);
  const auto patience =
      std::chrono::duration_cast<PaceClock::duration>(std::chrono::duration<double>(options.timeout_s));
  if (options.subscribers != 0) {
    const auto all_there = [&] { return publisher->statistics().subscribers >= options.subscribers; };
    serve_until(*publisher, PaceClock::now() + patience, all_there);
    if (!interrupted() && !all_there()) {
      return fail(ErrorCode::timeout, "Only [" + std::to_string(publisher->statistics().subscribers) + "] of [" +
                                          std::to_string(options.subscribers) + "] subscribers have come.");
    }
  }
  Progress progress;
  const auto interval = std::chrono::duration_cast<PaceClock::duration>(std::chrono::duration<double>(1 / options.fps));
  PaceClock::time_point due = PaceClock::now();
  for (std::uint64_t number = 1; !interrupted() && (options.frames == 0 || number <= options.frames);) {
    serve_until(*publisher, due, [] { return false; });
    due = std::max(due + interval, PaceClock::now() - interval);
    auto frame = publisher->begin_frame(100ms);
    if (!frame) {
      if (frame.error().code() != ErrorCode::timeout) return fail(std::move(frame.error()));
      continue;  // the same number again
    }
    const auto write = [&](std::span<std::byte> memory) {
      if (*fault != nullptr) return (*fault)->write(*coded, number, memory);
      coded->write(number, memory);
    };
    if (auto put = gate->put_by(write, frame->texture()); !put) return put;
    const stream::FrameInfo info = coded_info(number, options.frames, descriptor->extent);
    if (auto done = publisher->publish(*std::move(frame), info); !done) return fail(std::move(done.error()));
    progress.show([&] {
      return "frame " + std::to_string(number) + ", " + std::to_string(publisher->statistics().subscribers) +
             " subscribers";
    });
    ++number;
  }
  progress.clear();
  // The last frames are still being read.
  serve_until(*publisher, PaceClock::now() + patience, [&] { return !publisher->has_subscribers(); });
  say_end(context, *publisher);
  return {};
}

}  // namespace

void add_check_publish(CLI::App& check, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = check.add_subcommand("publish", "Publish pictures of which every bit is known");
  command->add_option("name", options->name, "Name of the feed")->required()->type_name("NAME");
  command->add_option("--size", options->size, "Of the picture")->capture_default_str()->type_name("WxH");
  command->add_option("--format", options->format, "Texture format")->capture_default_str();
  command->add_option("--fps", options->fps, "Frames a second")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 10000.0));
  command->add_option("--frames", options->frames, "Stop after so many (0: go on)")->capture_default_str();
  command->add_option("--ring", options->ring, "Textures of the ring")->capture_default_str()->check(CLI::Range(2, 16));
  command->add_option("--subscribers", options->subscribers, "Begin when so many have come")->capture_default_str();
  command->add_option("--timeout", options->timeout_s, "Seconds to wait for subscribers to come, and to go at the end")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
  command->add_option("--application", options->application, "Name of the application (default: geyser)");
  command->add_option("--fault", options->fault, "Do it wrongly: mirrored, torn, stale, ...")->type_name("FAULT");
  command->add_flag("--private", options->is_private, "Do not list the feed");
  command->add_flag("--no-back-pressure", options->no_back_pressure, "Wait for no subscriber");
  command->add_flag("--bottom-left", options->bottom_left, "Send the lowest row first, and say so");
  add_backend_options(*command, options->backend);
  add_forbid_option(*command, options->forbidden);
  command->callback([options, &context] {
    catch_interrupts();
    if (auto done = run(*options, context); !done) context.fail(done.error());
  });
}

}  // namespace geyser::tool
