// What the measurements are boiled down to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bench {

// Nearest rank: the smallest value that at least `part` of all values do not exceed. 0 when there is none.
double quantile(std::vector<double> values, double part);
double median(const std::vector<double>& values);
double minimum(const std::vector<double>& values);

// The slope of the line through the points with the least squared error.
double slope(std::span<const double> x, std::span<const double> y);

std::vector<double> microseconds(std::span<const std::uint32_t> nanoseconds);

}  // namespace bench
