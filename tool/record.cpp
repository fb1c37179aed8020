#include <algorithm>
#include <optional>
#include <utility>

#include "commands.hpp"
#include "feed_text.hpp"
#include "feeds.hpp"
#include "flatten.hpp"
#include "pixels.hpp"
#include "system.hpp"
#include "video_writer.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

struct Options {
  FeedChoice feed;
  std::string file;
  double seconds = 0;
  std::uint64_t frames = 0;
  double fps = 0;
};

double in_seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

class Recording {
 public:
  Recording(Context& context, const Options& options, OpenFeed& open)
      : context_(context), options_(options), feed_(*open.subscriber), manager_(open.manager) {
    if (options.seconds > 0) {
      limit_ = std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(options.seconds));
    }
  }
  ~Recording() { end_line(); }

  void run(stream::Frame&& first);

 private:
  enum class End { none, seconds, frames, interrupted, feed, refused };

  Result<void> take(stream::Frame&& frame);
  Result<void> follow(const TextureDescriptor& descriptor);
  Result<void> start(const Picture& picture);
  Result<End> wait_for(stream::Frame& frame);
  nanoseconds interval() const;
  nanoseconds end_time(End end) const;
  std::uint64_t missed() const { return feed_.statistics().frames_missed - missed_before_ + torn_; }
  void show();
  void end_line();
  void report(End end, nanoseconds length);

  Context& context_;
  const Options& options_;
  stream::Subscriber& feed_;
  std::shared_ptr<TextureShareManager> manager_;
  nanoseconds limit_ = nanoseconds::max();

  TextureDescriptor descriptor_;
  std::optional<PixelGate> gate_;
  std::optional<Flattener> flattener_;
  std::unique_ptr<VideoWriter> writer_;
  stream::FrameRate rate_;
  Picture size_;  // of the file; no texels
  std::uint64_t frames_ = 0;
  std::uint64_t torn_ = 0;  // overwritten while they were read
  std::uint64_t missed_before_ = 0;
  std::uint64_t first_clock_ = 0;
  Clock::time_point start_;
  nanoseconds last_{-1};
  bool past_limit_ = false;

  bool terminal_ = error_is_terminal();
  bool shown_ = false;
  Clock::time_point next_show_;
};

// The feed may change its size or format at any time; the file keeps its size.
Result<void> Recording::follow(const TextureDescriptor& descriptor) {
  if (gate_ && descriptor == descriptor_) return {};
  if (!is_known(descriptor.format)) {
    return fail(ErrorCode::unsupported,
                "Format [" + std::string(to_string(descriptor.format)) + "] cannot be recorded by this program.");
  }
  auto gate = PixelGate::create(manager_, descriptor);
  if (!gate) return fail(std::move(gate.error()));
  if (gate_ && descriptor.extent != descriptor_.extent) {
    end_line();
    std::fprintf(stderr, "geyser: Feed [%s] is %ux%u now; it is scaled into the file's %ux%u.\n",
                 options_.feed.feed.c_str(), descriptor.extent.width, descriptor.extent.height, size_.width,
                 size_.height);
  }
  gate_ = *std::move(gate);
  flattener_.emplace(descriptor);
  descriptor_ = descriptor;
  return {};
}

Result<void> Recording::start(const Picture& picture) {
  rate_ = feed_.feed().frame_rate;
  if (options_.fps > 0) rate_ = {static_cast<std::uint32_t>(options_.fps * 1000), 1000};
  VideoOptions video;
  video.path = options_.file;
  video.rate = rate_;
  video.constant_rate = options_.fps > 0;
  video.info = flattener_->info();
  auto writer = create_video(video, picture.width, picture.height);
  if (!writer) return fail(std::move(writer.error()));
  writer_ = *std::move(writer);
  size_.width = picture.width;
  size_.height = picture.height;
  return {};
}

Result<void> Recording::take(stream::Frame&& frame) {
  if (auto followed = follow(frame.texture().descriptor()); !followed) return followed;
  auto bytes = gate_->get(frame.texture());
  if (!bytes) return fail(std::move(bytes.error()));
  // A clock of another program: it may be wrong, and not later than now.
  const auto now = static_cast<std::uint64_t>(nanoseconds(Clock::now().time_since_epoch()).count());
  const std::uint64_t clock = std::min(frame.info().clock_ns, now);
  auto intact = feed_.release(std::move(frame));
  if (!intact) return fail(std::move(intact.error()));
  if (!*intact) {
    ++torn_;
    return {};
  }
  if (frames_ == 0) first_clock_ = clock;
  const auto time = std::max(nanoseconds(clock) - nanoseconds(first_clock_), last_ + 1us);
  if (time >= limit_) {
    past_limit_ = true;
    return {};
  }
  Picture picture = flattener_->flatten(*bytes);
  if (writer_ == nullptr) {
    if (auto started = start(picture); !started) return started;
  }
  if (auto put = writer_->put(std::move(picture), std::max(time, 0ns)); !put) return put;
  last_ = std::max(time, 0ns);
  ++frames_;
  return {};
}

Result<Recording::End> Recording::wait_for(stream::Frame& frame) {
  for (;;) {
    if (interrupted()) return End::interrupted;
    if (past_limit_ || Clock::now() - start_ >= limit_) return End::seconds;
    if (options_.frames > 0 && frames_ >= options_.frames) return End::frames;
    auto next = feed_.acquire(20ms);
    if (next) {
      frame = *std::move(next);
      return End::none;
    }
    if (next.error().code() == ErrorCode::abandoned) return End::feed;
    if (next.error().code() != ErrorCode::timeout) return fail(std::move(next.error()));
    if (feed_.state() == stream::FeedState::refused) return End::refused;
    show();
  }
}

nanoseconds Recording::interval() const {
  if (rate_.numerator > 0) {
    return nanoseconds(std::int64_t{1000000000} * rate_.denominator / rate_.numerator);
  }
  return frames_ > 1 ? last_ / static_cast<std::int64_t>(frames_ - 1) : nanoseconds(1s) / 30;
}

nanoseconds Recording::end_time(End end) const {
  if (end == End::seconds) return std::max(limit_, last_);
  const nanoseconds shown = last_ + interval();
  return end == End::interrupted ? std::max(shown, nanoseconds(Clock::now() - start_)) : shown;
}

void Recording::run(stream::Frame&& first) {
  start_ = Clock::now();
  missed_before_ = feed_.statistics().frames_missed;
  stream::Frame frame = std::move(first);
  End end = End::none;
  while (end == End::none) {
    if (auto taken = take(std::move(frame)); !taken) return context_.fail(taken.error());
    show();
    auto next = wait_for(frame);
    if (!next) return context_.fail(next.error());
    end = *next;
  }
  if (writer_ == nullptr) {
    return context_.fail(ExitCode::lost, "Feed [" + options_.feed.feed + "] has shown no frame that could be read.");
  }
  const nanoseconds length = end_time(end);
  if (auto finished = writer_->finish(length); !finished) return context_.fail(finished.error());
  report(end, length);
}

void Recording::show() {
  if (!terminal_ || writer_ == nullptr || Clock::now() < next_show_) return;
  next_show_ = Clock::now() + 500ms;
  std::fprintf(stderr, "\r\033[K%llu frames, %.1f s, %.2f MB, missed %llu", static_cast<unsigned long long>(frames_),
               in_seconds(last_), static_cast<double>(writer_->bytes()) / 1e6,
               static_cast<unsigned long long>(missed()));
  std::fflush(stderr);
  shown_ = true;
}

void Recording::end_line() {
  if (shown_) std::fputc('\n', stderr);
  shown_ = false;
}

void Recording::report(End end, nanoseconds length) {
  end_line();
  if (end == End::refused && feed_.last_error()) context_.fail(*feed_.last_error());
  constexpr const char* reasons[] = {"", "seconds", "frames", "interrupted", "feed ended", "feed cannot be shared"};
  const char* reason = reasons[static_cast<std::size_t>(end)];
  constexpr const char* words[] = {"",
                                   "the time is over",
                                   "that was all frames asked for",
                                   "interrupted",
                                   "the feed has ended",
                                   "the feed cannot be shared any more"};
  if (context_.json) {
    return print({{"file", options_.file},
                  {"kind", writer_->kind()},
                  {"frames", frames_},
                  {"seconds", in_seconds(length)},
                  {"missed", missed()},
                  {"width", size_.width},
                  {"height", size_.height},
                  {"bytes", writer_->bytes()},
                  {"ended", reason},
                  {"feed", to_json(feed_.feed())}});
  }
  std::printf("%llu frames of [%s] in %.2f s, missed %llu, %ux%u, %s, %.2f MB: %s; %s\n",
              static_cast<unsigned long long>(frames_), options_.feed.feed.c_str(), in_seconds(length),
              static_cast<unsigned long long>(missed()), size_.width, size_.height, writer_->kind().c_str(),
              static_cast<double>(writer_->bytes()) / 1e6, options_.file.c_str(), words[static_cast<std::size_t>(end)]);
}

void record(Context& context, const Options& options) {
  if (auto checked = check_video_path(options.file); !checked) return context.fail(checked.error());
  OpenFeed open = open_feed(context, options.feed, stream::FrameMode::every);
  if (open.subscriber == nullptr) return;
  stream::Frame first = first_frame(context, options.feed, *open.subscriber);
  if (!first.is_open()) return;
  Recording(context, options, open).run(std::move(first));
}

}  // namespace

void add_record(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("record", "Record a feed to a video file: .mp4, .mkv, .webm or .avi");
  add_feed_options(*command, options->feed);
  command->add_option("file", options->file, "Where to; its ending says how")->required()->type_name("FILE");
  command->add_option("--seconds", options->seconds, "Stop after so long (0: go on)")->check(CLI::Range(0.0, 1e8));
  command->add_option("--frames", options->frames, "Stop after so many (0: go on)")->capture_default_str();
  command->add_option("--fps", options->fps, "A constant rate (default: each frame when it came)")
      ->check(CLI::Range(0.001, 1000.0));
  command->callback([options, &context] {
    catch_interrupts();
    record(context, *options);
  });
}

}  // namespace geyser::tool
