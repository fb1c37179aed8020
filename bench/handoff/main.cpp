// geyser-bench-handoff: one frame from process to process and back, by hand-written Vulkan (the floor), by Geyser, and
// by a copy through shared memory; in turns in one run, as ratios to the floor.
#include <CLI/CLI.hpp>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "method.hpp"

namespace {

struct Method {
  const char* name;
  bench::Outcome (*produce)(const bench::Settings&, int);
  std::uint64_t (*consume)(const bench::Settings&, int);
};
constexpr std::array<Method, 3> methods{{{"floor", bench::run_producer_floor, bench::run_consumer_floor},
                                         {"geyser", bench::run_producer_geyser, bench::run_consumer_geyser},
                                         {"host copy", bench::run_producer_host_copy, bench::run_consumer_host_copy}}};

// Runs `work` in a child before this process has touched a driver; its exit status says whether it worked.
template <typename Work>
pid_t start(Work work) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    _exit(work() ? 0 : 1);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    _exit(1);
  }
}

// The round trips of one run, in microseconds; empty when it did not work or a frame was wrong.
std::vector<double> run(const Method& method, const bench::Settings& settings, std::string& sync) {
  std::array<int, 2> sockets{};
  std::array<int, 2> results{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets.data()) != 0 || pipe(results.data()) != 0) return {};
  const pid_t consumer = start([&] {
    close(sockets[0]);
    return method.consume(settings, sockets[1]) == 0;
  });
  const pid_t producer = start([&] {
    close(sockets[1]);
    close(results[0]);
    const bench::Outcome outcome = method.produce(settings, sockets[0]);
    std::array<char, 64> name{};
    outcome.sync.copy(name.data(), name.size() - 1);
    bool good = write(results[1], name.data(), name.size()) == static_cast<ssize_t>(name.size());
    for (const double value : outcome.microseconds)
      good = good && write(results[1], &value, sizeof(value)) == sizeof(value);
    return good;
  });
  close(sockets[0]);
  close(sockets[1]);
  close(results[1]);
  std::array<char, 64> name{};
  std::vector<double> values;
  if (read(results[0], name.data(), name.size()) == static_cast<ssize_t>(name.size())) {
    sync = name.data();
    for (double value = 0; read(results[0], &value, sizeof(value)) == sizeof(value);) values.push_back(value);
  }
  close(results[0]);
  int producer_status = 1;
  int consumer_status = 1;
  waitpid(producer, &producer_status, 0);
  waitpid(consumer, &consumer_status, 0);
  if (producer_status != 0 || consumer_status != 0) return {};
  return values;
}

double at(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  const auto index = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[static_cast<std::size_t>(index)];
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures the hand-off of a frame between two processes, as ratios to hand-written Vulkan."};
  bench::Settings settings;
  settings.frames = 300;
  settings.warm_up = 30;
  unsigned rounds = 5;
  bool absolute = false;
  bool quick = false;
  app.add_option("--frames", settings.frames, "Frames of a run")->capture_default_str();
  app.add_option("--rounds", rounds, "Runs of each method at each size")->capture_default_str();
  app.add_option("--device", settings.device_index, "Vulkan device")->capture_default_str();
  app.add_flag("--absolute", absolute, "Also microseconds: only on a machine that does nothing else");
  app.add_flag("--quick", quick, "Only the two smaller sizes");
  CLI11_PARSE(app, argc, argv);
  std::vector<std::array<std::uint32_t, 2>> sizes{{256, 256}, {1920, 1080}, {3840, 2160}, {7680, 4320}};
  if (quick) sizes.resize(2);
  std::printf("%-10s %-10s %-20s %8s %8s%s\n", "size", "method", "sync", "p50", "p99", absolute ? "      p50 us" : "");
  std::fflush(stdout);  // the children must not print it again
  int status = 0;
  for (const auto& [width, height] : sizes) {
    settings.width = width;
    settings.height = height;
    std::array<std::vector<double>, methods.size()> all;
    std::array<std::string, methods.size()> sync;
    for (unsigned round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < methods.size(); ++i) {
        bench::Settings now = settings;
        // A copy of 8K takes milliseconds: fewer frames say as much.
        if (i == 2 && width > 2000) now.frames = std::max(settings.frames / 10, 10U);
        const auto values = run(methods[i], now, sync[i]);
        if (values.empty()) status = 1;
        all[i].insert(all[i].end(), values.begin(), values.end());
      }
    }
    for (std::size_t i = 0; i < methods.size(); ++i) {
      std::printf("%-10s %-10s %-20s %8.2f %8.2f", (std::to_string(width) + "x" + std::to_string(height)).c_str(),
                  methods[i].name, sync[i].c_str(), at(all[i], 0.5) / at(all[0], 0.5),
                  at(all[i], 0.99) / at(all[0], 0.99));
      if (absolute) std::printf(" %11.1f", at(all[i], 0.5));
      std::printf("\n");
      std::fflush(stdout);
    }
  }
  return status;
}
