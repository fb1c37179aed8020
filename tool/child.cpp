#include "child.hpp"

#include <utility>

#include "context.hpp"

namespace geyser::tool {

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      watched_(std::exchange(other.watched_, -1)),
      output_(std::exchange(other.output_, -1)),
      status_(other.status_),
      written_(std::move(other.written_)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(watched_, other.watched_);
  std::swap(output_, other.output_);
  std::swap(status_, other.status_);
  std::swap(written_, other.written_);
  return *this;
}

std::optional<int> Child::wait(std::chrono::milliseconds timeout) {
  const Clock::time_point end = Clock::now() + timeout;
  while (!status_ && !interrupted() && look(end)) {
  }
  return status_;
}

bool Child::wait_for_line(std::chrono::milliseconds timeout) {
  const Clock::time_point end = Clock::now() + timeout;
  const auto has_line = [this] { return written_.find('\n') != std::string::npos; };
  while (!has_line() && output_ != -1 && !interrupted() && look_at_output(end)) {
  }
  return has_line();
}

}  // namespace geyser::tool
