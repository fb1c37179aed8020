// Processes of the benchmark's own, and memory that they share with it.
#pragma once

#include <sys/mman.h>
#include <sys/types.h>
#include <cstdint>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace bench {

// A forked process: killed with its owner, and with the program. The program itself starts no thread and calls no
// driver, so that whatever a process needs, it opens after the fork.
class Process {
 public:
  // The first processor that this program may use, or one of the others; none: wherever the scheduler likes.
  enum class Place { anywhere, first, others };

  Process() = default;
  Process(Process&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Process& operator=(Process&&) = delete;
  ~Process() { kill(); }

  // Runs `work`, which gives whether it went well.
  template <typename Work>
  static Process start(Work work, Place place = Place::anywhere, std::size_t index = 0) {
    Process process;
    process.id_ = fork_child();
    if (process.id_ == 0) {
      settle(place, index);
      leave(work());
    }
    return process;
  }
  // Whether it ended well.
  bool wait() noexcept;
  // As above; one that has not ended by then is killed.
  bool wait_until(std::uint64_t end_ns) noexcept;
  void kill() noexcept;

 private:
  static pid_t fork_child();
  static void settle(Place place, std::size_t index) noexcept;
  [[noreturn]] static void leave(bool good) noexcept;
  pid_t id_ = -1;
};

// An array of zeros that the processes started after it see, too. Of atomics and integers only.
template <typename Value>
class SharedArray {
 public:
  explicit SharedArray(std::size_t count) : bytes_(count * sizeof(Value)), count_(count) {
    void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    values_ = static_cast<Value*>(memory);
    std::uninitialized_value_construct_n(values_, count_);
  }
  SharedArray(const SharedArray&) = delete;
  SharedArray& operator=(const SharedArray&) = delete;
  ~SharedArray() { ::munmap(values_, bytes_); }

  Value& operator[](std::size_t at) const { return values_[at]; }
  Value* data() const { return values_; }
  std::size_t size() const { return count_; }

 private:
  std::size_t bytes_;
  std::size_t count_;
  Value* values_ = nullptr;
};

}  // namespace bench
