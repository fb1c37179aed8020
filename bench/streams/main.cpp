// From publish() in one process to acquire() returning in others that sleep, beside a bare eventfd: what a feed adds to
// what the kernel takes to wake somebody. Host memory, so that no driver is in the figures.
//
// Floor and feed run in turns of one block; every ratio is taken between the medians of one turn.
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <geyser/host.hpp>
#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t max_samples = 1 << 16;
constexpr std::size_t max_readers = 16;

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
}

// Written by one reader, read by the parent between blocks.
struct Samples {
  std::atomic<std::uint32_t> ready;
  std::atomic<std::uint32_t> count;
  std::array<std::uint32_t, max_samples> latency_ns;
  void add(std::uint64_t latency) {
    const std::uint32_t at = count.load();
    if (at >= max_samples) return;
    latency_ns[at] = static_cast<std::uint32_t>(std::min<std::uint64_t>(latency, UINT32_MAX));
    count.store(at + 1);
  }
};
struct Shared {
  std::atomic<std::uint64_t> written_ns;  // by the writer of the eventfds
  std::array<Samples, max_readers> floor;
  std::array<Samples, max_readers> feed;
};

struct Options {
  double seconds = 1;
  int turns = 5;
  std::vector<int> rates = {60, 240, 1000};
  std::vector<int> readers = {1, 4, 16};
};

[[noreturn]] void read_eventfd(int descriptor, Shared& shared, Samples& samples) {
  samples.ready = 1;
  for (;;) {
    std::uint64_t count = 0;
    if (::read(descriptor, &count, sizeof(count)) != sizeof(count)) ::_exit(1);
    const std::uint64_t written = shared.written_ns.load();  // of a later write, when this end is late
    samples.add(now_ns() - std::min(now_ns(), written));
  }
}

[[noreturn]] void read_feed(const std::string& directory, Samples& samples) {
  std::shared_ptr<geyser::TextureShareManager> manager = *geyser::host::create_manager();
  geyser::stream::SubscriberOptions options;
  options.feed = "bench";
  options.runtime_directory = directory;
  auto subscriber = geyser::stream::Subscriber::create(manager, std::move(options));
  if (!subscriber) ::_exit(1);
  for (;;) {
    auto frame = subscriber->acquire(100ms);
    if (!frame) continue;
    const std::uint64_t now = now_ns();
    if (!frame->is_repeated()) samples.add(now - frame->info().clock_ns);
    static_cast<void>(subscriber->release(*std::move(frame)));
    samples.ready = 1;
  }
}

double quantile(std::vector<std::uint32_t>& values, double part) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)] / 1000.0;
}

std::vector<std::uint32_t> take(std::array<Samples, max_readers>& all, int readers) {
  std::vector<std::uint32_t> values;
  for (int i = 0; i < readers; ++i) {
    Samples& samples = all[static_cast<std::size_t>(i)];
    values.insert(values.end(), samples.latency_ns.begin(), samples.latency_ns.begin() + samples.count.load());
    samples.count = 0;
  }
  return values;
}

struct Figures {
  std::vector<std::uint32_t> floor;
  std::vector<std::uint32_t> feed;
  std::vector<double> ratios;
  double publish_us = 0;  // CPU of one publish(), and of the writes of the floor
  double write_us = 0;
};

// Does `step` at a steady rate; gives the mean time that it takes.
template <typename Step>
double at_rate(int rate, double seconds, Step step) {
  const auto period = std::chrono::nanoseconds(1'000'000'000 / rate);
  const auto count = static_cast<int>(seconds * rate);
  std::uint64_t spent = 0;
  auto due = Clock::now();
  for (int i = 0; i < count; ++i) {
    due += period;
    std::this_thread::sleep_until(due);
    const std::uint64_t begin = now_ns();
    step();
    spent += now_ns() - begin;
  }
  std::this_thread::sleep_for(20ms);
  return static_cast<double>(spent) / 1000.0 / std::max(1, count);
}

Figures measure(const Options& options, int rate, int readers, const std::string& directory, Shared& shared) {
  Figures figures;
  std::vector<pid_t> children;
  std::vector<int> events;
  for (int i = 0; i < readers; ++i) {
    const auto at = static_cast<std::size_t>(i);
    shared.floor[at].ready = shared.feed[at].ready = 0;
    const int event = ::eventfd(0, EFD_CLOEXEC);
    events.push_back(event);
    pid_t child = ::fork();
    if (child == 0) read_eventfd(event, shared, shared.floor[at]);
    children.push_back(child);
    child = ::fork();
    if (child == 0) read_feed(directory, shared.feed[at]);
    children.push_back(child);
  }
  {
    std::shared_ptr<geyser::TextureShareManager> manager = *geyser::host::create_manager();
    geyser::TextureDescriptor descriptor;
    descriptor.extent = {64, 64, 1};
    geyser::stream::PublisherOptions feed;
    feed.name = "bench";
    feed.runtime_directory = directory;
    auto publisher = geyser::stream::Publisher::create(manager, descriptor, std::move(feed));
    if (!publisher) std::exit(1);
    const auto publish = [&] {
      auto frame = publisher->begin_frame();
      if (frame) static_cast<void>(publisher->publish(*std::move(frame)));
    };
    const auto all_ready = [&] {
      return std::all_of(shared.feed.begin(), shared.feed.begin() + readers,
                         [](const Samples& s) { return s.ready != 0; });
    };
    while (!all_ready()) {
      publish();
      std::this_thread::sleep_for(2ms);
    }
    for (int turn = 0; turn < options.turns; ++turn) {
      take(shared.feed, readers);
      take(shared.floor, readers);
      figures.write_us += at_rate(rate, options.seconds,
                                  [&] {
                                    for (const int event : events) {
                                      const std::uint64_t one = 1;
                                      shared.written_ns = now_ns();
                                      static_cast<void>(!::write(event, &one, sizeof(one)));
                                    }
                                  }) /
                          options.turns;
      auto floor = take(shared.floor, readers);
      figures.publish_us += at_rate(rate, options.seconds, publish) / options.turns;
      auto seen = take(shared.feed, readers);
      figures.ratios.push_back(quantile(seen, 0.5) / std::max(0.001, quantile(floor, 0.5)));
      figures.floor.insert(figures.floor.end(), floor.begin(), floor.end());
      figures.feed.insert(figures.feed.end(), seen.begin(), seen.end());
    }
  }
  for (const pid_t child : children) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  for (const int event : events) ::close(event);
  return figures;
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"From publish() to acquire(), beside a bare eventfd"};
  Options options;
  app.add_option("--seconds", options.seconds, "Of each block")->capture_default_str();
  app.add_option("--turns", options.turns, "Blocks of each sort")->capture_default_str();
  app.add_option("--rates", options.rates, "Frames a second")->capture_default_str();
  app.add_option("--readers", options.readers, "Subscribers, at most 16")->capture_default_str();
  CLI11_PARSE(app, count, words);
  std::string directory = (std::filesystem::temp_directory_path() / "geyser-bench-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  auto* shared = new (memory) Shared{};
  std::printf("%5s %8s | %9s %9s %9s | %9s %9s %9s | %6s | %10s %10s\n", "fps", "readers", "floor p50", "p99", "p99.9",
              "feed p50", "p99", "p99.9", "ratio", "write us", "publish us");
  for (const int rate : options.rates) {
    for (const int readers : options.readers) {
      if (readers < 1 || readers > static_cast<int>(max_readers)) return 1;
      Figures f = measure(options, rate, readers, directory, *shared);
      std::sort(f.ratios.begin(), f.ratios.end());
      std::printf("%5d %8d | %9.1f %9.1f %9.1f | %9.1f %9.1f %9.1f | %6.2f | %10.1f %10.1f\n", rate, readers,
                  quantile(f.floor, 0.5), quantile(f.floor, 0.99), quantile(f.floor, 0.999), quantile(f.feed, 0.5),
                  quantile(f.feed, 0.99), quantile(f.feed, 0.999), f.ratios[f.ratios.size() / 2], f.write_us,
                  f.publish_us);
      std::fflush(stdout);
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return 0;
}
