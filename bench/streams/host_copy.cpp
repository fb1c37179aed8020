// The picture copied into shared memory by its writer, and out of it by each reader: two pictures of shared memory,
// written in turn, and a futex.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstring>
#include <vector>

#include "clock.hpp"
#include "process.hpp"
#include "way.hpp"

namespace bench {

namespace {

using Word = std::atomic<std::uint32_t>;
using Bytes = SharedArray<std::byte>;

class CopyWriter final : public Writer {
 public:
  CopyWriter(Word& word, const Bytes& shared, std::size_t bytes) : word_(word), shared_(shared), own_(bytes) {}
  bool prepare(std::uint64_t number) override {
    std::memcpy(own_.data(), &number, sizeof(number));
    return true;
  }
  bool send(std::uint64_t number) override {
    std::memcpy(shared_.data() + number % 2 * own_.size(), own_.data(), own_.size());
    word_ = static_cast<std::uint32_t>(number);
    return ::syscall(SYS_futex, &word_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0) >= 0;
  }

 private:
  Word& word_;
  const Bytes& shared_;
  std::vector<std::byte> own_;
};

class CopyReader final : public Reader {
 public:
  CopyReader(Word& word, const Bytes& shared, std::size_t bytes) : word_(word), shared_(shared), own_(bytes) {}
  Received receive() override {
    while (word_ == last_) ::syscall(SYS_futex, &word_, FUTEX_WAIT, last_, nullptr, nullptr, 0);
    last_ = word_;
    std::memcpy(own_.data(), shared_.data() + std::size_t{last_} % 2 * own_.size(), own_.size());
    const std::uint64_t at_ns = now_ns();
    std::uint64_t number = 0;
    std::memcpy(&number, own_.data(), sizeof(number));
    return {number, at_ns};
  }

 private:
  Word& word_;
  const Bytes& shared_;
  std::vector<std::byte> own_;
  std::uint32_t last_ = 0;
};

class HostCopy final : public Way {
 public:
  explicit HostCopy(const Ground& ground) : bytes_(ground.bytes()), shared_(2 * bytes_) {}
  std::unique_ptr<Writer> make_writer(std::string&) override {
    return std::make_unique<CopyWriter>(word_[0], shared_, bytes_);
  }
  std::unique_ptr<Reader> make_reader(std::size_t, std::string&) override {
    return std::make_unique<CopyReader>(word_[0], shared_, bytes_);
  }

 private:
  std::size_t bytes_;
  SharedArray<Word> word_{1};
  Bytes shared_;
};

}  // namespace

std::unique_ptr<Way> make_host_copy(const Ground& ground) { return std::make_unique<HostCopy>(ground); }

}  // namespace bench
