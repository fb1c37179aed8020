// Whether the judge sees every fault, and calls it by its name.
#include <algorithm>
#include <functional>

#include "check.hpp"
#include "fault.hpp"
#include "feed_text.hpp"
#include "judge.hpp"

namespace geyser::tool {

namespace {

constexpr std::uint64_t first_number = 5;
constexpr std::uint64_t frame_count = 8;
constexpr std::uint64_t published_ns = 1'000'000'000;

// One frame on its way, before it is given to the judge.
struct Sent {
  stream::FrameInfo info;
  std::vector<std::byte> memory;
  std::uint64_t frames_missed = 0;
  bool intact = true;
};

// What a bad producer does to a sequence.
struct SequenceFault {
  std::string_view name;
  std::vector<Check> checks;  // that see it
  std::string_view words;
  std::function<void(std::vector<Sent>&)> spoil;
  bool complete = false;  // judged so strictly that no frame may be missing
};

// The frame without its metadata: FrameInfo takes nothing back.
void strip(Sent& sent, bool user_bytes, bool damage, bool presentation_time) {
  stream::FrameInfo bare;
  bare.number = sent.info.number;
  bare.clock_ns = sent.info.clock_ns;
  if (!presentation_time) bare.presentation_time_ns = sent.info.presentation_time_ns;
  if (!user_bytes) static_cast<void>(bare.set_user_bytes(sent.info.user_bytes()));
  if (!damage) static_cast<void>(bare.set_damage(sent.info.damage()));
  sent.info = bare;
}

void overwrite(std::vector<Sent>& frames) {
  frames[3].memory = frames[4].memory;
  frames[3].intact = false;
}

std::vector<SequenceFault> sequence_faults() {
  using Frames = std::vector<Sent>;
  return {
      {"none", {}, "", [](Frames&) {}},
      {"missed_and_counted",
       {},
       "",
       [](Frames& f) {
         f.erase(f.begin() + 3);
         for (std::size_t i = 3; i < f.size(); ++i) f[i].frames_missed = 1;
       }},
      {"twice", {Check::order}, "came twice", [](Frames& f) { f.insert(f.begin() + 3, f[3]); }},
      {"exchanged", {Check::order}, "came after frame", [](Frames& f) { std::swap(f[3], f[4]); }},
      {"missing",
       {Check::order},
       "did not come, and the statistics do not say so",
       [](Frames& f) { f.erase(f.begin() + 3); }},
      {"missing_miscounted",
       {Check::order},
       "the statistics count 1",
       [](Frames& f) {
         f.erase(f.begin() + 3, f.begin() + 5);
         for (std::size_t i = 3; i < f.size(); ++i) f[i].frames_missed = 1;
       }},
      {"counted_not_missing",
       {Check::order},
       "the statistics count 2 as missed",
       [](Frames& f) {
         for (std::size_t i = 3; i < f.size(); ++i) f[i].frames_missed = 2;
       }},
      {"renumbered",
       {Check::numbering, Check::metadata},
       "shows the picture of frame",
       [](Frames& f) {
         for (Sent& sent : f) ++sent.info.number;
       }},
      {"held_back", {Check::numbering}, "shows the picture of frame 5", [](Frames& f) { f[1].memory = f[0].memory; }},
      {"user_bytes_lost", {Check::metadata}, "user bytes lost", [](Frames& f) { strip(f[2], true, false, false); }},
      {"user_bytes_cut",
       {Check::metadata},
       "4095 user bytes, not 4096",
       [](Frames& f) { static_cast<void>(f[3].info.set_user_bytes(f[3].info.user_bytes().first(4095))); }},
      {"user_bytes_of_another",
       {Check::metadata},
       "the user bytes are those of frame 6",
       [](Frames& f) { static_cast<void>(f[2].info.set_user_bytes(f[1].info.user_bytes())); }},
      {"damage_lost",
       {Check::metadata},
       "0 damage rectangles, not 7",
       [](Frames& f) { strip(f[2], false, true, false); }},
      {"presentation_time_lost",
       {Check::metadata},
       "presentation time [0]",
       [](Frames& f) { strip(f[2], false, false, true); }},
      {"clock_lost", {Check::latency}, "says not when", [](Frames& f) { f[2].info.clock_ns = 0; }},
      {"from_the_future",
       {Check::latency},
       "before it was published",
       [](Frames& f) { f[2].info.clock_ns += 10'000'000'000; }},
      {"late", {Check::latency}, "allowed are", [](Frames& f) { f[2].info.clock_ns = 1; }},
      {"missed_though_complete",
       {Check::order},
       "frame 8 before it did not come",
       [](Frames& f) {
         f.erase(f.begin() + 3);
         for (std::size_t i = 3; i < f.size(); ++i) f[i].frames_missed = 1;
       },
       true},
      {"overwritten_and_told", {}, "", overwrite},
      {"overwritten_though_complete", {Check::order}, "was overwritten while it was read", overwrite, true},
  };
}

struct Trial {
  std::string fault;
  std::string picture;
  bool passed = false;
  std::string seen;
};

Trial judge(const std::string& fault, const TextureDescriptor& descriptor, const std::vector<Sent>& frames,
            const std::vector<Check>& expected, std::string_view words, bool complete = false) {
  Judge judge({complete, 500'000'000, ""});
  static_cast<void>(judge.expect(descriptor));
  for (const Sent& sent : frames) {
    static_cast<void>(judge.look({sent.info, sent.memory, sent.intact, published_ns + 50'000, 0, sent.frames_missed}));
  }
  std::vector<Check> failed;
  bool named = words.empty();
  for (const CheckResult& result : judge.results()) {
    if (result.passed) continue;
    failed.push_back(result.check);
    for (const std::string& seen : result.seen) named = named || seen.find(words) != std::string::npos;
  }
  Trial trial{fault, to_string(descriptor), failed == expected && named, judge.first_fault()};
  if (trial.seen.empty()) trial.seen = "all is well";
  return trial;
}

std::vector<Sent> good_frames(const CodedPicture& coded) {
  std::vector<Sent> frames;
  for (std::uint64_t number = first_number; number < first_number + frame_count; ++number) {
    Sent sent{coded_info(number, 0, coded.descriptor().extent), {}, 0};
    sent.info.clock_ns = published_ns;
    sent.memory.resize(static_cast<std::size_t>(host_size(coded.descriptor())));
    coded.write(number, sent.memory);
    frames.push_back(std::move(sent));
  }
  return frames;
}

void try_picture(const TextureDescriptor& descriptor, std::vector<Trial>& trials) {
  const auto coded = CodedPicture::create(descriptor);
  if (!coded) {
    trials.push_back({"", to_string(descriptor), false, coded.error().message()});
    return;
  }
  const std::vector<Sent> good = good_frames(*coded);
  for (const SequenceFault& fault : sequence_faults()) {
    std::vector<Sent> frames = good;
    fault.spoil(frames);
    trials.push_back(judge(std::string(fault.name), descriptor, frames, fault.checks, fault.words, fault.complete));
  }
  for (const Fault& fault : pixel_faults()) {
    if (!fault.fits(*coded)) continue;
    std::vector<Sent> frames = good;
    // One frame among good ones, and the first of all.
    for (const std::size_t i : {std::size_t{0}, std::size_t{4}}) {
      fault.write(*coded, frames[i].info.number, frames[i].memory);
    }
    trials.push_back(judge(std::string(fault.name), descriptor, frames, {fault.check}, fault.words));
  }
}

void try_facts(std::vector<Trial>& trials) {
  TextureDescriptor descriptor;
  descriptor.extent = {64, 64, 1};
  descriptor.picture = coded_facts(PictureOrigin::top_left);
  const auto spoil = [&](const char* name, std::string_view words, auto change) {
    TextureDescriptor changed = descriptor;
    change(changed.picture);
    trials.push_back(judge(name, changed, good_frames(*CodedPicture::create(changed)), {Check::metadata}, words));
  };
  spoil("alpha_mode_lost", "alpha mode", [](PictureInfo& facts) { facts.alpha = AlphaMode::opaque; });
  spoil("range_lost", "range", [](PictureInfo& facts) { facts.range = ColorRange::limited; });
  spoil("transfer_lost", "transfer", [](PictureInfo& facts) { facts.transfer_characteristics = 2; });
}

// Agreements that no publisher may offer, judged beside good frames.
void try_agreements(std::vector<Trial>& trials) {
  TextureDescriptor descriptor;
  descriptor.extent = {64, 64, 1};
  descriptor.picture = coded_facts(PictureOrigin::top_left);
  const std::vector<Sent> good = good_frames(*CodedPicture::create(descriptor));
  Agreement agreement;
  agreement.rungs = {{"opaque_fd", false, "another device"}, {"host_memory", true, ""}};
  const auto spoil = [&](const char* name, const char* path, std::string_view words, auto change) {
    Agreement changed = agreement;
    change(changed);
    Judge judge({false, 0, path});
    static_cast<void>(judge.expect(descriptor));
    judge.look(changed);
    for (const Sent& sent : good) static_cast<void>(judge.look({sent.info, sent.memory, true, published_ns, 0, 0}));
    const bool seen = judge.first_fault().find(words) != std::string::npos;
    trials.push_back({name, to_string(descriptor), judge.passed() == words.empty() && seen, judge.first_fault()});
    if (judge.passed()) trials.back().seen = "all is well";
  };
  spoil("agreement_good", "zero_copy", "", [](Agreement&) {});
  spoil("another_path", "zero_copy", "agreement: the path is host_copy, not zero_copy",
        [](Agreement& a) { a.path = SharePath::host_copy; });
  spoil("reason_lost", "", "agreement: rung opaque_fd was passed over without a reason",
        [](Agreement& a) { a.rungs[0].reason.clear(); });
  spoil("nothing_chosen", "", "agreement: 0 rungs are chosen", [](Agreement& a) {
    a.rungs[1] = {"host_memory", false, "forbidden"};
  });
}

void self_test(Context& context) {
  std::vector<Trial> trials;
  for (const TextureFormat format :
       {TextureFormat::rgba8_unorm, TextureFormat::bgra8_unorm, TextureFormat::rgba8_srgb, TextureFormat::rgba16_float,
        TextureFormat::rgb10a2_unorm, TextureFormat::r8_unorm, TextureFormat::rg8_unorm, TextureFormat::rgba16_unorm,
        TextureFormat::rgba32_float}) {
    TextureDescriptor descriptor;
    descriptor.format = format;
    descriptor.picture = coded_facts(PictureOrigin::top_left);
    descriptor.extent = {72, 72, 1};
    try_picture(descriptor, trials);
    descriptor.extent = {101, 67, 1};
    descriptor.picture.origin = PictureOrigin::bottom_left;
    try_picture(descriptor, trials);
  }
  try_facts(trials);
  try_agreements(trials);
  const auto failed = std::count_if(trials.begin(), trials.end(), [](const Trial& trial) { return !trial.passed; });
  if (failed != 0) context.exit_code = ExitCode::check_failed;
  if (context.json) {
    Json list = Json::array();
    for (const Trial& trial : trials) {
      list.push_back(
          {{"fault", trial.fault}, {"picture", trial.picture}, {"passed", trial.passed}, {"seen", trial.seen}});
    }
    return print({{"passed", failed == 0}, {"trials", list}});
  }
  std::vector<std::string> names;
  for (const Trial& trial : trials) {
    // A fault once, as the first picture shows it; where the judge is wrong, each time.
    const bool again = std::find(names.begin(), names.end(), trial.fault) != names.end();
    if (trial.passed && again) continue;
    if (!again) names.push_back(trial.fault);
    std::printf("%-4s  %-27s %s%s\n", trial.passed ? "pass" : "FAIL", trial.fault.c_str(), trial.seen.c_str(),
                trial.passed ? "" : ("   (" + trial.picture + ")").c_str());
  }
  std::printf("\n%zu trials of %zu producers: %s\n", trials.size(), names.size(),
              failed == 0 ? "every one seen and named; good sequences pass"
                          : (std::to_string(failed) + " judged wrongly").c_str());
}

}  // namespace

void add_check_self_test(CLI::App& check, Context& context) {
  CLI::App* command = check.add_subcommand("self-test", "Whether bad producers are seen through, and good ones pass");
  command->callback([&context] { self_test(context); });
}

}  // namespace geyser::tool
