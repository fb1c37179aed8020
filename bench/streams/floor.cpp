// Bare system calls, by hand: nothing of Geyser is in here.
#include <linux/futex.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <vector>

#include "clock.hpp"
#include "process.hpp"
#include "way.hpp"

namespace bench {

namespace {

class EventfdWriter final : public Writer {
 public:
  explicit EventfdWriter(const std::vector<int>& events) : events_(events) {}
  bool send(std::uint64_t) override {
    const std::uint64_t one = 1;
    bool good = true;
    for (const int event : events_) good = ::write(event, &one, sizeof(one)) == sizeof(one) && good;
    return good;
  }

 private:
  const std::vector<int>& events_;
};

class EventfdReader final : public Reader {
 public:
  EventfdReader(int event, bool polled) : event_(event), polled_(polled) {}
  Received receive() override {
    pollfd ready{event_, POLLIN, 0};
    if (polled_ && ::poll(&ready, 1, -1) != 1) return {};
    std::uint64_t count = 0;
    if (::read(event_, &count, sizeof(count)) != sizeof(count)) return {};
    const std::uint64_t at_ns = now_ns();
    return {number_ += count, at_ns};
  }

 private:
  int event_;
  bool polled_;
  std::uint64_t number_ = 0;
};

class Eventfd final : public Way {
 public:
  Eventfd(const Ground& ground, bool polled) : polled_(polled) {
    for (std::size_t i = 0; i < ground.readers; ++i) events_.push_back(::eventfd(0, EFD_CLOEXEC));
  }
  Eventfd(const Eventfd&) = delete;
  Eventfd& operator=(const Eventfd&) = delete;
  ~Eventfd() override {
    for (const int event : events_) ::close(event);
  }
  std::unique_ptr<Writer> make_writer(std::string&) override { return std::make_unique<EventfdWriter>(events_); }
  std::unique_ptr<Reader> make_reader(std::size_t index, std::string&) override {
    return std::make_unique<EventfdReader>(events_[index], polled_);
  }

 private:
  bool polled_;
  std::vector<int> events_;
};

using Word = std::atomic<std::uint32_t>;

class FutexWriter final : public Writer {
 public:
  explicit FutexWriter(Word& word) : word_(word) {}
  bool send(std::uint64_t number) override {
    word_ = static_cast<std::uint32_t>(number);
    return ::syscall(SYS_futex, &word_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0) >= 0;
  }

 private:
  Word& word_;
};

class FutexReader final : public Reader {
 public:
  explicit FutexReader(Word& word) : word_(word) {}
  Received receive() override {
    while (word_ == last_) ::syscall(SYS_futex, &word_, FUTEX_WAIT, last_, nullptr, nullptr, 0);
    const std::uint64_t at_ns = now_ns();
    return {last_ = word_, at_ns};
  }

 private:
  Word& word_;
  std::uint32_t last_ = 0;
};

class Futex final : public Way {
 public:
  std::unique_ptr<Writer> make_writer(std::string&) override { return std::make_unique<FutexWriter>(word_[0]); }
  std::unique_ptr<Reader> make_reader(std::size_t, std::string&) override {
    return std::make_unique<FutexReader>(word_[0]);
  }

 private:
  SharedArray<Word> word_{1};
};

}  // namespace

std::unique_ptr<Way> make_eventfd(const Ground& ground) { return std::make_unique<Eventfd>(ground, false); }
std::unique_ptr<Way> make_polled_eventfd(const Ground& ground) { return std::make_unique<Eventfd>(ground, true); }
std::unique_ptr<Way> make_futex(const Ground&) { return std::make_unique<Futex>(); }

}  // namespace bench
