#include "figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace bench {

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  const auto count = static_cast<double>(values.size());
  const double rank = std::clamp(std::ceil(part * count), 1.0, count);
  const auto at = static_cast<std::ptrdiff_t>(rank) - 1;
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

double median(const std::vector<double>& values) { return quantile(values, 0.5); }

double minimum(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

double slope(std::span<const double> x, std::span<const double> y) {
  if (x.empty() || x.size() != y.size()) return 0;
  const auto count = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / count;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / count;
  double above = 0;
  double below = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    above += (x[i] - mean_x) * (y[i] - mean_y);
    below += (x[i] - mean_x) * (x[i] - mean_x);
  }
  return below == 0 ? 0 : above / below;
}

std::vector<double> microseconds(std::span<const std::uint32_t> nanoseconds) {
  std::vector<double> values;
  values.reserve(nanoseconds.size());
  for (const std::uint32_t value : nanoseconds) values.push_back(value / 1000.0);
  return values;
}

}  // namespace bench
