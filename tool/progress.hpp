// One line that says how far it is, on a terminal only, a few times a second.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "system.hpp"

namespace geyser::tool {

class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // `text` gives the line; it is asked only when it will be shown.
  template <typename Text>
  void show(Text text) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(250);
    const std::string line = text();
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
    shown_ = true;
  }
  void clear() {
    if (shown_) std::fputs("\r\033[K", stderr);
    shown_ = false;
  }

 private:
  bool terminal_ = error_is_terminal();
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace geyser::tool
