// Whether a sequence of received frames is the one that `geyser check publish` sends, frame by frame, bit by bit.
// Touches no feed and no file: frames come from anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <geyser/negotiate.hpp>

#include "coded_picture.hpp"
#include "durations.hpp"
#include "finding.hpp"

namespace geyser::tool {

struct Strictness {
  bool complete = false;             // no frame may be missing or overwritten, not even one that the statistics count
  std::uint64_t max_latency_ns = 0;  // 0: as late as it likes
  std::string path;                  // "zero_copy": nothing else will do; empty: any
};

struct SeenFrame {
  const stream::FrameInfo& info;
  std::span<const std::byte> memory;  // host packing
  bool intact = true;                 // false: it was overwritten while it was read; its pixels say nothing
  std::uint64_t received_ns = 0;      // on the clock of FrameInfo::clock_ns
  std::uint64_t waiting_ns = 0;       // since when it was waited for; how late an earlier frame came says nothing
  std::uint64_t frames_missed = 0;    // SubscriberStatistics, after this frame
};

struct CheckResult {
  Check check = Check::pixels;
  bool passed = false;
  std::uint64_t frames_failed = 0;
  std::uint64_t first_failed = 0;  // the frame's number
  std::vector<std::string> seen;   // what was wrong, the first few; or what makes it good
};

class Judge {
 public:
  explicit Judge(Strictness strictness) : strictness_(std::move(strictness)) {}

  // Whether it is a checked frame at all: its user bytes or its cells say so.
  [[nodiscard]] static bool recognises(const CodedPicture& coded, const SeenFrame& frame);

  // The frames from now on are of this texture. Errors: unsupported (CodedPicture::create).
  [[nodiscard]] Result<void> expect(const TextureDescriptor& descriptor);
  [[nodiscard]] const CodedPicture& coded() const noexcept { return *coded_; }
  // True: it is as it should be.
  bool look(const SeenFrame& frame);
  void look(const Agreement& agreement);

  [[nodiscard]] std::vector<CheckResult> results();
  [[nodiscard]] bool passed();
  // "orientation: frame 17: columns mirrored"
  [[nodiscard]] std::string first_fault();
  // The picture that should have been in the frame looked at last.
  [[nodiscard]] std::span<const std::byte> expected() const noexcept { return expected_; }

  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  [[nodiscard]] std::uint64_t texels() const noexcept { return texels_; }
  [[nodiscard]] std::uint64_t frames_missing() const noexcept { return missing_; }
  [[nodiscard]] std::uint64_t frames_overwritten() const noexcept { return overwritten_; }
  [[nodiscard]] std::uint64_t last_number() const noexcept { return last_; }
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] Durations& latency() noexcept { return latency_; }

 private:
  struct Tally {
    std::uint64_t frames = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::vector<std::string> seen;
  };

  void note(Check check, std::uint64_t number, const std::string& words);
  void look_at_facts(const PictureInfo& facts);
  void look_at_order(const SeenFrame& frame);
  void look_at_metadata(const SeenFrame& frame);
  void look_at_latency(const SeenFrame& frame);
  void look_at_pixels(const SeenFrame& frame);
  [[nodiscard]] std::string praise(Check check);

  Strictness strictness_;
  std::optional<CodedPicture> coded_;
  std::vector<std::byte> expected_;
  std::array<Tally, all_checks.size()> tallies_;
  std::vector<Check> last_diagnosis_;
  std::optional<Agreement> agreement_;
  std::string first_fault_;
  Durations latency_;
  std::uint64_t faults_ = 0;
  std::uint64_t diagnoses_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t texels_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t missed_before_ = 0;
  std::uint64_t overwritten_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace geyser::tool
