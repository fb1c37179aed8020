#include <chrono>
#include <optional>

#include <geyser/opengl.hpp>
#include <geyser/stream/directory.hpp>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "commands.hpp"
#include "feeds.hpp"
#include "image.hpp"
#include "painter.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Options {
  std::string feed;
  std::string application;
  std::vector<std::string> forbidden;
  std::string size = "1280x720";
  std::string screenshot;
  std::uint64_t frames = 0;
  double timeout_s = 10;
  bool headless = false;
  bool statistics = false;
  bool fullscreen = false;
};

// What is shown of a feed: the newest frame, held until the next one is there.
class Watching {
 public:
  Watching(std::shared_ptr<TextureShareManager> manager, const Options& options)
      : manager_(std::move(manager)), options_(options) {}

  Result<void> open(const std::string& feed) {
    shown_ = {};
    subscriber_.reset();
    stream::SubscriberOptions wanted;
    wanted.feed = feed;
    wanted.application = options_.application;
    wanted.policy = policy_without(options_.forbidden);
    auto subscriber = stream::Subscriber::create(manager_, std::move(wanted));
    if (!subscriber) return fail(std::move(subscriber.error()));
    subscriber_.emplace(*std::move(subscriber));
    feed_ = feed;
    since_ = Clock::now();
    counted_ = 0;
    return {};
  }
  // Waits a little for a frame. True: there is another one to draw.
  bool step(std::chrono::milliseconds patience) {
    if (!subscriber_) return false;
    auto frame = subscriber_->acquire(patience);
    if (!frame) return false;
    const bool news = !frame->is_repeated();
    latency_us_ = (now_ns() - std::min(now_ns(), frame->info().clock_ns)) / 1000;
    shown_ = *std::move(frame);  // which releases the one before
    frames_ += news ? 1 : 0;
    counted_ += news ? 1 : 0;
    return true;
  }
  void draw(Painter& painter, int width, int height, bool statistics) {
    painter.begin(width, height);
    const int scale = std::max(1, height / 360);
    std::string message;
    if (shown_.is_open()) {
      const std::string why = Painter::why_not(shown_.texture().descriptor());
      const auto texture = opengl::native(shown_.texture());
      if (why.empty() && texture) {
        painter.draw(texture->name, shown_.texture().descriptor());
      } else {
        message = "Feed [" + feed_ + "]: " + why;
      }
    }
    if (!subscriber_) {
      message = "No feeds. Start one with: geyser publish NAME";
    } else if (subscriber_->state() != stream::FeedState::live) {
      message = "Feed [" + feed_ + "]: " + std::string(to_string(subscriber_->state()));
      if (subscriber_->state() == stream::FeedState::refused) message += "\n" + subscriber_->last_error()->message();
    }
    if (!message.empty()) painter.text(20, height - 12 * scale, scale, message);
    if (statistics && subscriber_) painter.text(20, 20, scale, figures());
  }
  std::uint64_t frames() const { return frames_; }
  const std::optional<stream::Subscriber>& subscriber() const { return subscriber_; }

 private:
  static std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
  }
  std::string figures() {
    const double seconds = std::chrono::duration<double>(Clock::now() - since_).count();
    if (seconds > 1) {
      rate_ = static_cast<double>(counted_) / seconds;
      since_ = Clock::now();
      counted_ = 0;
    }
    const stream::SubscriberStatistics s = subscriber_->statistics();
    char text[512];
    std::snprintf(
        text, sizeof(text), "%s of %s\n%s\n%s, %s, %s\nframe %llu, %.1f/s, missed %llu, lost %llu\nlatency %.2f ms",
        feed_.c_str(), subscriber_->feed().application.c_str(), to_string(subscriber_->feed().descriptor).c_str(),
        std::string(to_string(subscriber_->agreement().path)).c_str(),
        std::string(to_string(subscriber_->agreement().handle_kind)).c_str(),
        std::string(to_string(subscriber_->agreement().sync_tier)).c_str(),
        static_cast<unsigned long long>(shown_.is_open() ? shown_.info().number : 0), rate_,
        static_cast<unsigned long long>(s.frames_missed), static_cast<unsigned long long>(s.leases_lost),
        static_cast<double>(latency_us_) / 1000);
    return text;
  }

  std::shared_ptr<TextureShareManager> manager_;
  const Options& options_;
  std::optional<stream::Subscriber> subscriber_;
  stream::Frame shown_;
  std::string feed_;
  std::uint64_t frames_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t latency_us_ = 0;
  double rate_ = 0;
  Clock::time_point since_;
};

std::vector<std::string> names_of_feeds(stream::Directory& directory) {
  std::vector<std::string> names;
  if (auto feeds = directory.list()) {
    for (const stream::FeedInfo& feed : *feeds) names.push_back(feed.name);
  }
  return names;
}

Result<void> parse_size(const std::string& size, int& width, int& height) {
  char end = 0;
  if (std::sscanf(size.c_str(), "%dx%d%c", &width, &height, &end) == 2 && width > 0 && height > 0) return {};
  return fail(GeyserError(ErrorCode::invalid_argument, "Size [" + size + "] is none.").suggest("[1280x720]"));
}

void no_frame(Context& context, const Options& options, const Watching& watching) {
  if (watching.subscriber())
    say_no_frame(context, {options.feed, options.application, {}, {}, 0}, *watching.subscriber());
}

void view_headless(Context& context, const Options& options, int width, int height) {
  auto made = opengl::create_manager();
  if (!made) return context.fail(made.error());
  const std::shared_ptr<TextureShareManager> manager(*std::move(made));
  if (auto current = opengl::make_current(*manager); !current) return context.fail(current.error());
  auto painter = Painter::create([&](const char* name) { return opengl::get_procedure(*manager, name); });
  if (!painter) return context.fail(painter.error());
  if (auto target = (*painter)->use_own_target(width, height); !target) return context.fail(target.error());
  Watching watching(manager, options);
  if (auto opened = watching.open(options.feed); !opened) return context.fail(opened.error());
  const auto end = Clock::now() + std::chrono::duration<double>(options.timeout_s);
  const std::uint64_t wanted = std::max<std::uint64_t>(1, options.frames);
  while (watching.frames() < wanted && !interrupted()) {
    if (Clock::now() >= end) return no_frame(context, options, watching);
    if (watching.step(20ms)) watching.draw(**painter, width, height, options.statistics);
  }
  const Picture picture = (*painter)->read(width, height);
  if (options.screenshot.empty()) return;
  if (auto saved = save_picture(options.screenshot, picture); !saved)
    context.fail(ExitCode::bad_input, saved.error().to_string());
}

struct Window {
  GLFWwindow* handle = nullptr;
  bool statistics = false;
  bool fullscreen = false;
  bool toggle_fullscreen = false;
  int next = 0;  // feeds to go on by
  ~Window() {
    if (handle != nullptr) glfwDestroyWindow(handle);
    glfwTerminate();
  }
};

void on_key(GLFWwindow* handle, int key, int, int action, int) {
  if (action != GLFW_PRESS) return;
  auto* window = static_cast<Window*>(glfwGetWindowUserPointer(handle));
  if (key == GLFW_KEY_ESCAPE || key == GLFW_KEY_Q) glfwSetWindowShouldClose(handle, GLFW_TRUE);
  if (key == GLFW_KEY_S || key == GLFW_KEY_I) window->statistics = !window->statistics;
  if (key == GLFW_KEY_F || key == GLFW_KEY_F11) window->toggle_fullscreen = true;
  if (key == GLFW_KEY_TAB || key == GLFW_KEY_RIGHT || key == GLFW_KEY_DOWN) ++window->next;
  if (key == GLFW_KEY_LEFT || key == GLFW_KEY_UP) --window->next;
}

void set_fullscreen(Window& window, bool on, int width, int height) {
  GLFWmonitor* monitor = glfwGetPrimaryMonitor();
  const GLFWvidmode* mode = monitor != nullptr ? glfwGetVideoMode(monitor) : nullptr;
  if (mode == nullptr) return;
  window.fullscreen = on;
  if (on) {
    glfwSetWindowMonitor(window.handle, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
  } else {
    glfwSetWindowMonitor(window.handle, nullptr, 60, 60, width, height, 0);
  }
}

bool open_window(Context& context, Window& window, const Options& options, int width, int height) {
  if (glfwInit() != GLFW_TRUE) {
    const char* why = nullptr;
    glfwGetError(&why);
    context.fail(ExitCode::no_device, std::string("There is no display to open a window on") +
                                          (why != nullptr ? " (" + std::string(why) + ")" : "") +
                                          "; use --headless with --screenshot, or set DISPLAY.");
    return false;
  }
  glfwWindowHint(GLFW_CONTEXT_CREATION_API, GLFW_EGL_CONTEXT_API);  // what Geyser shares through
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 4);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 5);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  window.handle = glfwCreateWindow(width, height, "geyser", nullptr, nullptr);
  if (window.handle == nullptr) {
    const char* why = nullptr;
    glfwGetError(&why);
    context.fail(ExitCode::no_device,
                 std::string("The window does not open: ") + (why != nullptr ? why : "no reason is given") + ".");
    return false;
  }
  glfwSetWindowUserPointer(window.handle, &window);
  glfwSetKeyCallback(window.handle, on_key);
  glfwMakeContextCurrent(window.handle);
  glfwSwapInterval(1);
  window.statistics = options.statistics;
  if (options.fullscreen) set_fullscreen(window, true, width, height);
  return true;
}

void view_in_window(Context& context, const Options& options, int width, int height) {
  auto directory = stream::Directory::open();
  if (!directory) return context.fail(directory.error());
  Window window;
  if (!open_window(context, window, options, width, height)) return;
  auto wrapped = opengl::wrap_current_context();
  if (!wrapped) return context.fail(wrapped.error());
  const std::shared_ptr<TextureShareManager> manager(*std::move(wrapped));
  auto painter = Painter::create([](const char* name) { return glfwGetProcAddress(name); });
  if (!painter) return context.fail(painter.error());
  Watching watching(manager, options);
  std::string feed = options.feed;
  const auto show = [&](const std::string& name) {
    feed = name;
    glfwSetWindowTitle(window.handle, ("geyser: " + name).c_str());
    return watching.open(name);
  };
  if (!feed.empty()) {
    if (auto opened = show(feed); !opened) return context.fail(opened.error());
  }
  while (glfwWindowShouldClose(window.handle) == GLFW_FALSE && !interrupted()) {
    glfwPollEvents();
    if (window.toggle_fullscreen) {
      window.toggle_fullscreen = false;
      set_fullscreen(window, !window.fullscreen, width, height);
    }
    if (window.next != 0 || feed.empty()) {
      const std::vector<std::string> names = names_of_feeds(*directory);
      if (!names.empty()) {
        const auto at = std::find(names.begin(), names.end(), feed);
        const auto count = static_cast<std::ptrdiff_t>(names.size());
        const std::ptrdiff_t from = at == names.end() ? -1 : at - names.begin();
        const std::ptrdiff_t to = feed.empty() ? 0 : ((from + window.next) % count + count) % count;
        if (auto opened = show(names[static_cast<std::size_t>(to)]); !opened) return context.fail(opened.error());
      } else {
        glfwWaitEventsTimeout(0.1);
      }
      window.next = 0;
    }
    // A frame's wait is short, so that the window answers.
    watching.step(8ms);
    int pixels_wide = 0;
    int pixels_high = 0;
    glfwGetFramebufferSize(window.handle, &pixels_wide, &pixels_high);
    watching.draw(**painter, pixels_wide, pixels_high, window.statistics);
    glfwSwapBuffers(window.handle);
    if (options.frames != 0 && watching.frames() >= options.frames) {
      if (options.screenshot.empty()) break;
      const Picture picture = (*painter)->read(pixels_wide, pixels_high);
      if (auto saved = save_picture(options.screenshot, picture); !saved)
        context.fail(ExitCode::bad_input, saved.error().to_string());
      break;
    }
  }
}

}  // namespace

void add_view(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("view", "Show a feed in a window. Keys: Tab next feed, I figures, F fullscreen, Q quit");
  command->add_option("feed", options->feed, "Name of the feed (default: the first there is)")->type_name("FEED");
  command->add_option("--application", options->application, "Only a feed of this application");
  command->add_option("--size", options->size, "Of the window")->capture_default_str()->type_name("WxH");
  command->add_flag("--headless", options->headless, "Draw without a window");
  command->add_flag("--fullscreen", options->fullscreen, "Cover the screen");
  command->add_flag("--statistics", options->statistics, "Show figures over the picture");
  command->add_option("--frames", options->frames, "Stop after so many (0: go on)")->capture_default_str();
  command->add_option("--screenshot", options->screenshot, "Save what was drawn last as PNG")->type_name("FILE");
  command->add_option("--timeout", options->timeout_s, "Without a window: seconds to wait")->capture_default_str();
  add_forbid_option(*command, options->forbidden);
  command->callback([options, &context] {
    catch_interrupts();
    int width = 0;
    int height = 0;
    if (auto parsed = parse_size(options->size, width, height); !parsed) return context.fail(parsed.error());
    if (options->headless && options->feed.empty())
      return context.fail(ExitCode::usage, "Without a window, name the feed.");
    if (options->headless) return view_headless(context, *options, width, height);
    view_in_window(context, *options, width, height);
  });
}

}  // namespace geyser::tool
