#include <chrono>
#include <thread>

#include <geyser/stream/publisher.hpp>

#include "commands.hpp"
#include "feed_text.hpp"
#include "feeds.hpp"
#include "frame_source.hpp"
#include "picture_options.hpp"
#include "pixels.hpp"
#include "system.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Options {
  std::string name;
  std::string application;
  std::string picture;
  std::string pictures;
  std::string video;
  bool loop = false;
  BackendChoice backend;
  std::vector<std::string> forbidden;
  std::string size = "1280x720";
  std::string format = "rgba8_unorm";
  double fps = 0;
  std::uint64_t frames = 0;
  std::uint32_t ring = 4;
  bool is_private = false;
  bool suffix = false;
  bool back_pressure = false;
  bool bottom_left = false;
};

Result<std::unique_ptr<FrameSource>> open_source(const Options& options) {
  if (!options.video.empty()) return open_video(options.video, options.loop, options.fps);
  if (!options.picture.empty()) return open_picture(options.picture);
  if (!options.pictures.empty()) return open_pictures(options.pictures);
  auto size = parse_size(options.size);
  if (!size) return fail(std::move(size.error()));
  return make_test_card(size->width, size->height);
}

// Once a second, where someone looks.
class Figures {
 public:
  void show(const stream::Publisher& publisher) {
    if (!terminal_ || Clock::now() < next_) return;
    next_ = Clock::now() + 1s;
    const stream::PublisherStatistics now = publisher.statistics();
    std::fprintf(stderr, "\r\033[K%llu frames (%llu/s), %u subscribers",
                 static_cast<unsigned long long>(now.frames_published),
                 static_cast<unsigned long long>(now.frames_published - before_), now.subscribers);
    for (const stream::SubscriberInfo& info : publisher.subscribers()) {
      const std::string api(to_string(info.api));
      const std::string path(to_string(info.path));
      const std::string tier(to_string(info.sync_tier));
      std::fprintf(stderr, " · %s (%s, %s, %s, missed %llu)", info.name.c_str(), api.c_str(), path.c_str(),
                   tier.c_str(), static_cast<unsigned long long>(info.frames_missed));
    }
    std::fflush(stderr);
    before_ = now.frames_published;
    shown_ = true;
  }
  ~Figures() {
    if (shown_) std::fputc('\n', stderr);
  }

 private:
  bool terminal_ = error_is_terminal();
  bool shown_ = false;
  Clock::time_point next_ = Clock::now() + 1s;
  std::uint64_t before_ = 0;
};

// Without pictures that change, the publisher only answers.
void rest_until(stream::Publisher& publisher, Clock::time_point until) {
  while (Clock::now() < until && !interrupted()) {
    std::this_thread::sleep_until(std::min(until, Clock::now() + 5ms));
    publisher.service();
  }
}

Result<void> run(Options& options, Context& context) {
  auto source = open_source(options);
  if (!source) return fail(std::move(source.error()));
  auto format = find_format(options.format);
  if (!format) return fail(std::move(format.error()));
  auto manager = open_backend(options.backend);
  if (!manager) return fail(std::move(manager.error()));
  TextureDescriptor descriptor;
  descriptor.extent = (*source)->extent();
  descriptor.format = *format;
  descriptor.picture = (*source)->picture_info();
  if (options.bottom_left) descriptor.picture.origin = PictureOrigin::bottom_left;
  descriptor.label = options.name.substr(0, max_label_bytes);
  stream::FrameRate rate = (*source)->frame_rate();
  if (options.fps > 0) rate = {static_cast<std::uint32_t>(options.fps * 1000), 1000};
  if (rate.numerator == 0) rate = {60, 1};
  stream::PublisherOptions feed;
  feed.name = options.name;
  feed.application = options.application;
  feed.listed = !options.is_private;
  feed.on_conflict = options.suffix ? stream::NameConflict::suffix : stream::NameConflict::refuse;
  feed.ring_size = options.ring;
  feed.back_pressure = options.back_pressure;
  feed.policy = policy_without(options.forbidden);
  feed.frame_rate = rate;
  feed.diagnostics = [](const GeyserError& error) { std::fprintf(stderr, "geyser: %s\n", error.to_string().c_str()); };
  auto publisher = stream::Publisher::create(*manager, descriptor, std::move(feed));
  if (!publisher) return fail(std::move(publisher.error()));
  auto gate = PixelGate::create(*manager, descriptor);
  if (!gate) return fail(std::move(gate.error()));

  if (context.json) {
    print({{"feed", to_json(publisher->feed())}});
  } else {
    std::printf("Publishing [%s]: %s, %s fps, by %s\n", publisher->feed().name.c_str(), to_string(descriptor).c_str(),
                rate_text(rate).c_str(), std::string(to_string(publisher->feed().api)).c_str());
  }
  std::fflush(stdout);
  Figures figures;
  const Clock::time_point start = Clock::now();
  const double seconds_each = static_cast<double>(rate.denominator) / rate.numerator;
  for (std::uint64_t number = 1; !interrupted() && (options.frames == 0 || number <= options.frames); ++number) {
    auto picture = (*source)->next(number);
    if (!picture) return fail(std::move(picture.error()));
    if (*picture == nullptr) break;
    if (auto frame = publisher->begin_frame()) {
      const auto write = [&](std::span<std::byte> memory) { pack(descriptor, **picture, memory); };
      if (auto put = gate->put_by(write, frame->texture()); !put) return put;
      if (auto done = publisher->publish(*std::move(frame)); !done) return fail(std::move(done.error()));
    } else if (frame.error().code() != ErrorCode::timeout) {
      return fail(std::move(frame.error()));
    }
    figures.show(*publisher);
    const std::chrono::duration<double> due(seconds_each * static_cast<double>(number));
    rest_until(*publisher, start + std::chrono::duration_cast<Clock::duration>(due));
  }
  return {};
}

}  // namespace

void add_publish(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("publish", "Publish a test card, pictures or a video as a feed");
  command->add_option("name", options->name, "Name of the feed")->required()->type_name("NAME");
  auto* picture = command->add_option("--picture", options->picture, "A PNG or JPEG file")->type_name("FILE");
  auto* pictures = command->add_option("--pictures", options->pictures, "A directory of pictures")->type_name("DIR");
  auto* video = command->add_option("--video", options->video, "A video file, played by GStreamer")->type_name("FILE");
  picture->excludes(pictures)->excludes(video);
  pictures->excludes(video);
  command->add_flag("--loop", options->loop, "Play the video again and again");
  command->add_option("--size", options->size, "Of the test card")->capture_default_str()->type_name("WxH");
  command->add_option("--format", options->format, "Texture format")->capture_default_str();
  command->add_option("--fps", options->fps, "Frames a second (default: the video's, or 60)")
      ->check(CLI::Range(0.001, 10000.0));
  command->add_option("--frames", options->frames, "Stop after so many (0: go on)")->capture_default_str();
  command->add_option("--ring", options->ring, "Textures of the ring")->capture_default_str()->check(CLI::Range(2, 16));
  command->add_option("--application", options->application, "Name of the application (default: geyser)");
  command->add_flag("--private", options->is_private, "Do not list the feed");
  command->add_flag("--suffix", options->suffix, "Take another name when this one is taken");
  command->add_flag("--back-pressure", options->back_pressure, "Wait for subscribers that want every frame");
  command->add_flag("--bottom-left", options->bottom_left, "Declare the picture's first row to be its lowest");
  add_backend_options(*command, options->backend);
  add_forbid_option(*command, options->forbidden);
  command->callback([options, &context] {
    catch_interrupts();
    if (auto done = run(*options, context); !done) context.fail(done.error());
  });
}

}  // namespace geyser::tool
