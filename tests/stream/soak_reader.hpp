// A subscriber of the soak in a process of its own: reads in its own way, checks every frame, counts.
#pragma once

#include <cstdint>
#include <string>

#include <geyser/channel.hpp>

namespace geyser::test {

// What one has seen. Everything but the counts in the first row must be 0 at the end.
struct SoakReport {
  std::uint64_t read = 0, missed = 0, lost = 0;
  std::uint64_t wrong = 0;      // whole, and not what the number says: pixels, user bytes, or the number itself
  std::uint64_t backwards = 0;  // a number that is not larger than the one before
  std::uint64_t uncounted = 0;  // frames that are neither read nor missed by its own statistics
  std::uint64_t lacking = 0;    // the last frame never came

  [[nodiscard]] std::string text() const;
  [[nodiscard]] static SoakReport parse(const std::string& text);
};

// Ways to read: "latest", "every" (asleep in acquire()), "holder" (keeps some frames for a while, at times for too
// long), "poller" (sleeps in poll() on event()). Says "ready" when frames come; ends at the text "stop <last number>",
// when it has had that frame, and answers with its report. Gives the exit status.
int run_soak_reader(Channel& parent, const std::string& backend, const std::string& way, const std::string& directory);

}  // namespace geyser::test
