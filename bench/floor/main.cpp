// geyser-bench-floor: a ring of textures handed from a process to others, hand-written as well as can be ("bare":
// opaque descriptors, one shared timeline for each end, waits on the GPU in both directions, EXTERNAL barriers, a
// futex to tell the other CPU) beside the same through Geyser (accesses recorded into the caller's commands;
// begin_access and end_access; a feed), Vulkan to Vulkan and Vulkan to CUDA; and beside copies.
//
// Method. All ways of a scene live at once, each in processes of its own, and run blocks in turns, every second turn
// backwards; ratios are within a turn. The first ten frames of a block are not counted. Latency: one frame at a time,
// CLOCK_MONOTONIC from before the producer's first call for a frame to after the consumer knows that its GPU has read
// it. Rate: both as fast as they can, at most a ring of frames under way. CPU: CLOCK_THREAD_CPUTIME_ID around the
// calls that hand a frame over (producer) or take, read and give it back (consumer), at full speed, one reading of
// the clock included; the driver's own threads are not. Every frame's last texel is a stamp that the consumer compares.
//
// Beside it: geyser-bench-handoff has one texture in lock-step, there and back; geyser-bench-streams has feeds in host
// memory, without any driver: what noticing a frame and further readers cost.
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "chapter.hpp"

namespace {

// `settings` are read when a chapter is measured.
std::vector<bench::NamedChapter> name_chapters(const bench::Settings& settings) {
  using Measure = bench::Chapter(const bench::Settings&);
  const std::vector<std::pair<const char*, Measure*>> all{
      {"hand-off", bench::measure_hand_off},   {"sizes", bench::measure_sizes},   {"depths", bench::measure_depths},
      {"consumers", bench::measure_consumers}, {"copies", bench::measure_copies}, {"set-up", bench::measure_set_up},
      {"barriers", bench::measure_barriers}};
  std::vector<bench::NamedChapter> chapters;
  for (const auto& [name, measure] : all) {
    chapters.push_back(
        {name, name, std::string("floor-") + name, [&settings, run = measure] { return run(settings); }});
  }
  return chapters;
}

bool parse(const std::vector<std::string>& words, std::vector<bench::Size>& sizes) {
  if (words.empty()) return true;
  sizes.clear();
  for (const std::string& word : words) {
    bench::Size size{};
    if (std::sscanf(word.c_str(), "%ux%u", &size[0], &size[1]) != 2 || size[0] == 0 || size[1] == 0) {
      std::fprintf(stderr, "Size [%s] is not WIDTHxHEIGHT.\n", word.c_str());
      return false;
    }
    sizes.push_back(size);
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"A ring of textures between processes: Geyser beside hand-written Vulkan and CUDA, and beside copies."};
  bench::Settings settings;
  const std::vector<bench::NamedChapter> chapters = name_chapters(settings);
  bench::Output output;
  std::vector<std::string> size;
  std::vector<std::string> sizes;
  std::vector<std::string> copied;
  bool smoke = false;
  app.add_option("--rounds", settings.rounds, "Turns of each block")->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--frames", settings.frames, "Frames of a block")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  app.add_option("--size", size, "WIDTHxHEIGHT of the chapters that are not about size (1920x1080)")->expected(1);
  app.add_option("--depth", settings.depth, "Textures in the ring of those not about depth")
      ->capture_default_str()
      ->check(CLI::Range(1U, bench::most_depth));
  app.add_option("--sizes", sizes, "Of the chapters sizes and set-up");
  app.add_option("--copied", copied, "Of the chapter copies, as rgba16f; the middle one as rgba8 too");
  app.add_option("--depths", settings.depths, "Of the chapter depths")->check(CLI::Range(1U, bench::most_depth));
  app.add_option("--consumers", settings.consumers, "Of the chapter consumers")
      ->check(CLI::Range(std::size_t{1}, bench::most_consumers));
  app.add_option("--device", settings.device_index, "Vulkan device")->capture_default_str();
  output.add_options(app, chapters);
  app.add_flag("--smoke", smoke, "A few frames of everything, small: shows that it works, measures nothing");
  CLI11_PARSE(app, count, words);
  if (smoke) {
    settings.rounds = 1;
    settings.frames = 3;
    settings.size = {64, 64};
    settings.sizes = {{64, 64}, {256, 256}};
    settings.copied = {{64, 64}, {128, 128}};
    settings.depths = {1, 2, 4, 32};
    settings.consumers = {1, 3, 9};
  }
  std::vector<bench::Size> one;
  if (!parse(size, one) || !parse(sizes, settings.sizes) || !parse(copied, settings.copied)) return 2;
  if (!one.empty()) settings.size = one[0];
  return bench::run(
      chapters, output,
      {{"rounds", settings.rounds}, {"frames", settings.frames}, {"processors", ::sysconf(_SC_NPROCESSORS_ONLN)}},
      settings.directory);
}
