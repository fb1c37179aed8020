// What tests ask of the operating system beside what Geyser does: posix/system.cpp, win32/system.cpp.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include <geyser/handle.hpp>

namespace geyser::test {

std::int64_t own_process();
std::uint32_t own_user();

// Of this process; null: without it.
void set_environment(const char* name, const char* value);

// A new directory of this user alone.
std::string make_private_directory();
// Of a file in such a directory, or anywhere: whether others are kept out.
bool is_private(const std::string& path);

// That a public feed has in its runtime directory: its lock and note, and on POSIX its socket.
std::size_t files_of_a_feed();

// Descriptors that a channel keeps once it has received some: on Windows its peer's process.
std::size_t kept_by_a_channel();

// That a child is given with its channel: none where it connects to a name.
std::size_t given_with_a_channel();

// Whether opaque objects cross by Win32 handles here, and not by descriptors.
bool has_win32_handles();

// Wine's Vulkan has no layers.
bool has_validation_layer();

// Whether two handles of one object differ: rights of one Mach port do not.
bool handles_are_numbered_apart();

// As a program's own loop waits for one of Geyser's events.
bool wait_readable(NativeHandle handle, std::chrono::milliseconds timeout);

// Of no memory: whatever has a size for the system is none.
OwnedHandle open_device(HandleKind kind);

// Unless this object goes before.
class EndsTheProcess {
 public:
  explicit EndsTheProcess(std::chrono::nanoseconds time) : thread_([this, time] { wait(time); }) {}
  ~EndsTheProcess() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  EndsTheProcess(const EndsTheProcess&) = delete;
  EndsTheProcess& operator=(const EndsTheProcess&) = delete;

 private:
  void wait(std::chrono::nanoseconds time) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, time, [this] { return over_; })) std::abort();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

// In which a subscriber that starts has joined a feed, mostly; less is somewhere between two of its steps.
std::chrono::microseconds time_to_join();

// Of shared memory in this process.
std::size_t shared_mappings();

bool is_open(NativeHandle handle);

// Whether a child process would have it without being given it.
bool is_inherited(NativeHandle handle);

// Tries to write where only the maker may: through the handle, by opening the memory again, and by changing the rights
// of `mapping`, which is of it. Empty when nothing of it works.
std::string ways_to_write(NativeHandle memory, std::span<const std::byte> mapping);
}  // namespace geyser::test
