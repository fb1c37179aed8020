#include "block.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "clock.hpp"
#include "process.hpp"

namespace bench {

namespace {

// The first frames find cold caches and pages that are not there yet: they are not counted.
constexpr std::uint32_t warm_up = 10;
constexpr std::uint64_t millisecond = 1'000'000;
constexpr std::uint64_t longest_start = 20'000 * millisecond;
constexpr std::uint64_t longest_tail = 5'000 * millisecond;
constexpr std::size_t remembered = 256;  // times of sending

struct Common {
  std::array<std::atomic<std::uint64_t>, remembered> sent_ns;  // by number
  std::atomic<std::uint64_t> counted_after;                    // number of the last frame that is not counted
  std::atomic<bool> failed;
  std::array<char, 256> why;

  bool fail(const std::string& text) {
    if (!failed.exchange(true)) text.copy(why.data(), why.size() - 1);
    return false;
  }
};

struct alignas(64) Progress {
  std::atomic<std::uint64_t> seen;  // number of the last frame; 0: not ready
  std::uint32_t count;              // of latencies
  std::uint32_t missed;
};

class Stage {
 public:
  Stage(const NamedWay& way, const Plan& plan)
      : plan_(plan),
        way_(way.make(plan.ground)),
        common_(1),
        progress_(std::max<std::size_t>(1, plan.ground.readers)),
        latencies_(std::max<std::size_t>(1, plan.ground.readers * plan.frames)),
        costs_(std::size_t{2} * plan.frames) {
    common().counted_after = UINT64_MAX;
  }

  Block run() {
    std::vector<Process> readers;
    const bool pinned = plan_.pinned;
    for (std::size_t i = 0; i < plan_.ground.readers; ++i) {
      readers.push_back(
          Process::start([this, i] { return read(i); }, pinned ? Process::Place::others : Process::Place::anywhere, i));
    }
    Process writer =
        Process::start([this] { return write(); }, pinned ? Process::Place::first : Process::Place::anywhere);
    // Longer than all of its own waits together: what else hangs is a library's.
    const std::uint64_t frames = warm_up + plan_.frames;
    const bool good =
        writer.wait_until(now_ns() + 2 * (longest_start + longest_tail) + 2 * frames * (1'000'000'000U / plan_.rate));
    readers.clear();
    Block block;
    if (!good || common().failed) {
      block.why = common().failed ? common().why.data() : "The writer ended before its time.";
      return block;
    }
    collect(block);
    return block;
  }

 private:
  Common& common() const { return common_[0]; }

  bool read(std::size_t index) {
    std::string why;
    const auto reader = way_->make_reader(index, why);
    if (reader == nullptr) return common().fail(why);
    Progress& progress = progress_[index];
    for (std::uint64_t last = 0;;) {
      const auto [number, at_ns] = reader->receive();
      if (number > last) {
        const std::uint64_t counted_after = common().counted_after;
        if (number > counted_after && progress.count < plan_.frames) {
          const std::uint64_t latency = at_ns - common().sent_ns[number % remembered];
          latencies_[index * plan_.frames + progress.count++] =
              static_cast<std::uint32_t>(std::min<std::uint64_t>(latency, UINT32_MAX));
          progress.missed += static_cast<std::uint32_t>(number - 1 - std::max(last, counted_after));
        }
        last = number;
        progress.seen = number;
      }
      if (!reader->done()) return common().fail("A reader has seen other pixels than were written.");
    }
  }

  // Gives whether all have seen `number` before `end`.
  bool await_readers(std::uint64_t number, std::uint64_t end) const {
    for (std::size_t i = 0; i < plan_.ground.readers; ++i) {
      while (progress_[i].seen < number) {
        if (now_ns() > end || common().failed) return false;
        sleep_until_ns(now_ns() + millisecond / 4);
      }
    }
    return true;
  }

  bool write() {
    std::string why;
    const auto writer = way_->make_writer(why);
    if (writer == nullptr) return common().fail(why);
    std::uint64_t number = 0;
    const auto send = [&] {
      ++number;
      if (!writer->prepare(number)) return common().fail("A frame could not be begun.");
      common().sent_ns[number % remembered] = now_ns();
      return writer->send(number) || common().fail("A frame could not be sent.");
    };
    for (const std::uint64_t end = now_ns() + longest_start; !await_readers(1, now_ns() + 2 * millisecond);) {
      if (common().failed) return false;
      if (now_ns() > end) return common().fail("The readers did not come.");
      if (!send()) return false;
    }
    const std::uint64_t period = 1'000'000'000U / plan_.rate;
    std::uint64_t due = now_ns();
    for (std::uint32_t i = 0; i < warm_up + plan_.frames; ++i) {
      if (i == warm_up) common().counted_after = number;
      due += period;
      sleep_until_ns(due);
      const std::uint64_t wall = now_ns();
      const std::uint64_t cpu = thread_cpu_ns();
      if (!send()) return false;
      if (i < warm_up) continue;
      const std::size_t at = std::size_t{2} * (i - warm_up);
      costs_[at + 1] = static_cast<std::uint32_t>(thread_cpu_ns() - cpu);
      costs_[at] = static_cast<std::uint32_t>(now_ns() - wall);
    }
    // Who has not seen the last one by then has missed it.
    static_cast<void>(await_readers(number, now_ns() + longest_tail));
    return !common().failed;
  }

  void collect(Block& block) const {
    for (std::size_t i = 0; i < plan_.ground.readers; ++i) {
      for (std::size_t k = 0; k < progress_[i].count; ++k) {
        block.latencies_us.push_back(latencies_[i * plan_.frames + k] / 1000.0);
      }
      block.missed += progress_[i].missed;
    }
    for (std::size_t i = 0; i < plan_.frames; ++i) {
      block.wall_us.push_back(costs_[2 * i] / 1000.0);
      block.cpu_us.push_back(costs_[2 * i + 1] / 1000.0);
    }
  }

  const Plan& plan_;
  std::unique_ptr<Way> way_;
  SharedArray<Common> common_;
  SharedArray<Progress> progress_;
  SharedArray<std::uint32_t> latencies_;  // so many frames for each reader
  SharedArray<std::uint32_t> costs_;      // wall and CPU of each frame
};

}  // namespace

Block run_block(const NamedWay& way, const Plan& plan) { return Stage(way, plan).run(); }

}  // namespace bench
