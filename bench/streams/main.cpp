// geyser-bench-streams: what a feed adds to what the kernel takes to wake somebody, what a further subscriber costs,
// and how soon a new one sees something; beside bare system calls, a copy through shared memory, and GStreamer's shm.
//
// Method. A block is one writer and its readers, each in a process of its own that lives for the block; the first ten
// frames are not counted, and neither is starting. Blocks of all ways run in turns, every second turn backwards, so
// that whatever else the machine does hits all alike; ratios are taken within one turn. Noise only ever adds, so beside
// the median of the turns stands `quiet`: the same of the least p50 that each way had. Time is CLOCK_MONOTONIC, read by
// the writer before its call (of the floor: before the first of its writes) and by the reader after its own; cost is
// CLOCK_THREAD_CPUTIME_ID of the writer's thread around both calls, one reading of it included. Percentiles are of all
// frames of all readers, by nearest rank. A frame that a late reader has skipped has no latency; the column `missed`
// counts them. Nothing is pinned unless --pin asks for it.
#include <unistd.h>

#include "chapter.hpp"

namespace {

// `settings` are read when a chapter is measured.
std::vector<bench::NamedChapter> name_chapters(const bench::Settings& settings) {
  return {{"latency", "latency", "latency", [&] { return bench::measure_latency(settings); }},
          {"hand-off", "hand_off", "hand_off", [&] { return bench::measure_hand_off(settings); }},
          {"fan-out", "fan_out", "fan_out", [&] { return bench::measure_fan_out(settings); }},
          {"first-frame", "first_frame", "first_frame", [&] { return bench::measure_first_frame(settings); }}};
}

bench::Json describe(const bench::Settings& settings) {
  return {{"seconds", settings.seconds},
          {"rounds", settings.rounds},
          {"pinned", settings.pinned},
          {"processors", ::sysconf(_SC_NPROCESSORS_ONLN)}};
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"Latency, cost and start of streams, beside the kernel's floor and other ways."};
  bench::Settings settings;
  const std::vector<bench::NamedChapter> chapters = name_chapters(settings);
  bench::Output output;
  bool quick = false;
  auto* seconds = app.add_option("--seconds", settings.seconds, "Of a block")->check(CLI::Range(0.001, 3600.0));
  auto* rounds = app.add_option("--rounds", settings.rounds, "Turns of each block")->check(CLI::Range(1, 1000));
  auto* rates = app.add_option("--rates", settings.rates, "Frames a second")->check(CLI::Range(1, 100000));
  auto* readers = app.add_option("--readers", settings.readers, "Readers at once")->check(CLI::Range(1, 64));
  app.add_flag("--pin", settings.pinned, "The writer on the first processor, readers on the others");
  output.add_options(app, chapters);
  app.add_flag("--quick", quick, "Some twenty seconds, for a first impression");
  app.add_flag("--smoke", settings.smoke, "A few frames of everything: shows that it works, measures nothing");
  CLI11_PARSE(app, count, words);
  if (quick || settings.smoke) {
    if (seconds->count() == 0) settings.seconds = settings.smoke ? 0.001 : 0.2;
    if (rounds->count() == 0) settings.rounds = settings.smoke ? 1 : 2;
    if (rates->count() == 0)
      settings.rates = settings.smoke ? std::vector<std::uint32_t>{1000} : std::vector<std::uint32_t>{60, 1000};
    if (readers->count() == 0) settings.readers = {1, 16};
    settings.fan_out = settings.smoke ? std::vector<std::size_t>{0, 2} : std::vector<std::size_t>{0, 4, 16, 64};
    settings.joins = settings.smoke ? 2 : 5;
  }
  return bench::run(chapters, output, describe(settings), settings.directory);
}
