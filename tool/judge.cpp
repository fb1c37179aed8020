#include "judge.hpp"

#include <algorithm>
#include <cstdio>

#include "diagnosis.hpp"

namespace geyser::tool {

namespace {

// Further wrong pictures are taken to be wrong in the way of the last one.
constexpr std::uint64_t most_diagnoses = 12;
constexpr std::size_t most_words = 3;

std::string frames_text(std::uint64_t first, std::uint64_t last) {
  return first == last ? "frame " + std::to_string(first)
                       : "frames " + std::to_string(first) + " to " + std::to_string(last);
}

std::string milliseconds(double microseconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f ms", microseconds / 1000);
  return text;
}

}  // namespace

bool Judge::recognises(const CodedPicture& coded, const SeenFrame& frame) {
  if (read_header(frame.info.user_bytes())) return true;
  return std::any_of(all_orientations.begin(), all_orientations.end(),
                     [&](Orientation orientation) { return coded.read_number(frame.memory, orientation).has_value(); });
}

Result<void> Judge::expect(const TextureDescriptor& descriptor) {
  if (coded_ && coded_->descriptor() == descriptor) return {};
  auto coded = CodedPicture::create(descriptor);
  if (!coded) return fail(std::move(coded.error()));
  coded_ = *std::move(coded);
  look_at_facts(descriptor.picture);
  expected_.assign(static_cast<std::size_t>(host_size(descriptor)), std::byte{});
  return {};
}

void Judge::look_at_facts(const PictureInfo& facts) {
  const PictureInfo expected = coded_facts(facts.origin);
  const auto say = [&](const char* words) {
    note(Check::metadata, 0, std::string("the feed declares another ") + words);
  };
  if (facts.alpha != expected.alpha) say("alpha mode than straight");
  if (facts.range != expected.range) say("range than the full one");
  if (facts.color_primaries != expected.color_primaries) say("set of primaries than those of BT.709");
  if (facts.transfer_characteristics != expected.transfer_characteristics) say("transfer than that of sRGB");
  if (facts.matrix_coefficients != expected.matrix_coefficients) say("matrix than that of RGB");
}

void Judge::note(Check check, std::uint64_t number, const std::string& words) {
  Tally& tally = tallies_[static_cast<std::size_t>(check)];
  if (tally.frames == 0) tally.first = number;
  if (tally.frames == 0 || tally.last != number) ++tally.frames;
  tally.last = number;
  ++faults_;
  if (words.empty()) return;
  const std::string sentence = number == 0 ? words : "frame " + std::to_string(number) + ": " + words;
  if (tally.seen.size() < most_words) tally.seen.push_back(sentence);
  if (first_fault_.empty()) first_fault_ = std::string(to_string(check)) + ": " + sentence;
}

bool Judge::look(const SeenFrame& frame) {
  const std::uint64_t faults_before = faults_;
  ++frames_;
  if (first_ == 0) first_ = frame.info.number;
  look_at_order(frame);
  look_at_metadata(frame);
  look_at_latency(frame);
  if (frame.intact) {
    look_at_pixels(frame);
  } else {
    ++overwritten_;
    if (strictness_.complete) note(Check::order, frame.info.number, "was overwritten while it was read");
  }
  return faults_ == faults_before;
}

void Judge::look_at_order(const SeenFrame& frame) {
  const std::uint64_t number = frame.info.number;
  const std::uint64_t counted = frame.frames_missed - missed_before_;
  const std::uint64_t before = last_;
  missed_before_ = frame.frames_missed;
  last_ = number;
  if (number == 0) return note(Check::order, number, "a frame has the number 0");
  if (before == 0) return;
  if (number == before) return note(Check::order, number, "came twice");
  if (number < before) return note(Check::order, number, "came after frame " + std::to_string(before));
  const std::uint64_t missing = number - before - 1;
  missing_ += missing;
  if (missing != counted) {
    if (missing == 0) {
      return note(
          Check::order, number,
          "follows the one before, but the statistics count " + std::to_string(counted) + " as missed between them");
    }
    note(Check::order, number,
         frames_text(before + 1, number - 1) + " before it did not come, and the statistics " +
             (counted == 0 ? "do not say so" : "count " + std::to_string(counted)));
  } else if (missing != 0 && strictness_.complete) {
    note(Check::order, number, frames_text(before + 1, number - 1) + " before it did not come");
  }
}

void Judge::look_at_metadata(const SeenFrame& frame) {
  const std::uint64_t number = frame.info.number;
  const auto say = [&](const std::string& words) { note(Check::metadata, number, words); };
  const std::span<const std::byte> bytes = frame.info.user_bytes();
  const auto header = read_header(bytes);
  if (header) total_ = header->total;
  const stream::FrameInfo expected = coded_info(number, total_, coded_->descriptor().extent);
  if (bytes.empty()) {
    say("user bytes lost");
  } else if (!header) {
    say("the user bytes are others");
  } else if (header->number != number) {
    return say("the user bytes are those of frame " + std::to_string(header->number));
  } else if (!std::equal(bytes.begin(), bytes.end(), expected.user_bytes().begin(), expected.user_bytes().end())) {
    say(bytes.size() != expected.user_bytes().size()
            ? std::to_string(bytes.size()) + " user bytes, not " + std::to_string(expected.user_bytes().size())
            : "the user bytes have changed");
  }
  const auto damage = frame.info.damage();
  const auto wanted = expected.damage();
  if (!std::equal(damage.begin(), damage.end(), wanted.begin(), wanted.end())) {
    say(damage.size() != wanted.size()
            ? std::to_string(damage.size()) + " damage rectangles, not " + std::to_string(wanted.size())
            : std::string("the damage rectangles have changed"));
  }
  if (frame.info.presentation_time_ns != expected.presentation_time_ns) {
    say("presentation time [" + std::to_string(frame.info.presentation_time_ns) + "], not [" +
        std::to_string(expected.presentation_time_ns) + "]");
  }
}

void Judge::look_at_latency(const SeenFrame& frame) {
  const auto say = [&](const std::string& words) { note(Check::latency, frame.info.number, words); };
  if (frame.info.clock_ns == 0) return say("says not when it was published");
  if (frame.info.clock_ns > frame.received_ns) {
    const auto ahead = static_cast<double>(frame.info.clock_ns - frame.received_ns) / 1000;
    return say("came " + milliseconds(ahead) + " before it was published, by its clock");
  }
  if (frame.info.clock_ns < frame.waiting_ns) return;
  const std::uint64_t took = frame.received_ns - frame.info.clock_ns;
  latency_.add(took);
  if (strictness_.max_latency_ns != 0 && took > strictness_.max_latency_ns) {
    say("came after " + milliseconds(static_cast<double>(took) / 1000) + ", allowed are " +
        milliseconds(static_cast<double>(strictness_.max_latency_ns) / 1000));
  }
}

void Judge::look_at_pixels(const SeenFrame& frame) {
  const std::uint64_t number = frame.info.number;
  coded_->write(number, expected_);
  texels_ += std::uint64_t{coded_->width()} * coded_->height();
  if (coded_->equals(expected_, frame.memory)) return;
  if (diagnoses_ == most_diagnoses) {
    for (const Check check : last_diagnosis_) note(check, number, "");
    return;
  }
  ++diagnoses_;
  last_diagnosis_.clear();
  for (const Finding& finding : diagnose(*coded_, number, frame.memory)) {
    note(finding.check, number, finding.seen);
    last_diagnosis_.push_back(finding.check);
  }
}

void Judge::look(const Agreement& agreement) {
  if (agreement_ && *agreement_ == agreement) return;
  agreement_ = agreement;
  const std::string path(to_string(agreement.path));
  if (!strictness_.path.empty() && path != strictness_.path) {
    note(Check::agreement, 0, "the path is " + path + ", not " + strictness_.path);
  }
  std::size_t chosen = 0;
  for (const Rung& rung : agreement.rungs) {
    chosen += rung.chosen ? 1U : 0U;
    if (!rung.chosen && chosen == 0 && rung.reason.empty()) {
      note(Check::agreement, 0, "rung " + rung.name + " was passed over without a reason");
    }
  }
  if (chosen != 1) note(Check::agreement, 0, std::to_string(chosen) + " rungs are chosen, not one");
}

std::string Judge::praise(Check check) {
  switch (check) {
    case Check::orientation:
      return std::to_string(frames_ - overwritten_) + " frames upright";
    case Check::channel_order:
      return "every channel in its place";
    case Check::pixels:
      return std::to_string(texels_) + " texels, bit for bit";
    case Check::tearing:
      return "no frame is a mixture of two";
    case Check::numbering:
      return "every picture is that of its frame";
    case Check::order:
      return frames_text(first_, last_) +
             (missing_ == 0 ? ", none missing" : ", " + std::to_string(missing_) + " missed, as the statistics say");
    case Check::metadata:
      return "user bytes, damage and presentation times as they were";
    case Check::latency:
      if (latency_.count() == 0) return "no frame was waited for";
      return "p50 " + milliseconds(latency_.at(0.5)) + ", p99 " + milliseconds(latency_.at(0.99)) + ", max " +
             milliseconds(latency_.at(1)) + " of " + std::to_string(latency_.count()) + " frames that were waited for";
    case Check::agreement:
      if (!agreement_) return "";
      return std::string(to_string(agreement_->path)) + " by " + std::string(to_string(agreement_->handle_kind)) +
             ", " + std::string(to_string(agreement_->sync_tier));
  }
  return "";
}

std::vector<CheckResult> Judge::results() {
  std::vector<CheckResult> results;
  for (const Check check : all_checks) {
    const Tally& tally = tallies_[static_cast<std::size_t>(check)];
    CheckResult result{check, tally.frames == 0, tally.frames, tally.first, tally.seen};
    if (check == Check::agreement && !agreement_) continue;
    // What nobody has seen is not good.
    if (frames_ == overwritten_ && check < Check::order) {
      result.passed = false;
      result.seen = {"no frame came whole"};
    }
    if (result.passed) result.seen = {praise(check)};
    results.push_back(std::move(result));
  }
  return results;
}

bool Judge::passed() {
  const auto all = results();
  return std::all_of(all.begin(), all.end(), [](const CheckResult& result) { return result.passed; });
}

std::string Judge::first_fault() {
  if (!first_fault_.empty()) return first_fault_;
  return passed() ? "" : "pixels: no frame came whole";
}

}  // namespace geyser::tool
