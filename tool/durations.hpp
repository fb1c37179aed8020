// Durations that were measured, and what most of them stay below.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace geyser::tool {

class Durations {
 public:
  void add(std::uint64_t ns) {
    sorted_ = sorted_ && (all_.empty() || all_.back() <= ns);
    all_.push_back(ns);
  }
  [[nodiscard]] std::size_t count() const noexcept { return all_.size(); }
  // In microseconds: what `share` (0 to 1) of all stay at or below; 0 when there is none.
  [[nodiscard]] double at(double share) {
    if (all_.empty()) return 0;
    if (!sorted_) std::sort(all_.begin(), all_.end());
    sorted_ = true;
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(all_.size())));
    return static_cast<double>(all_[std::clamp<std::size_t>(rank, 1, all_.size()) - 1]) / 1000;
  }

 private:
  std::vector<std::uint64_t> all_;
  bool sorted_ = true;
};

}  // namespace geyser::tool
