// Which rows the table has.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "stream/fault_table/row.hpp"

namespace geyser::test {

// Each point once on host memory, the actions taking turns, and a few on each other backend: quick enough for every
// run of the tests.
std::vector<Job> sample_plan(const std::vector<std::string>& backends, unsigned seed);
// Each point with each action on each backend; then, until there are `runs` rows, random points and random times.
std::vector<Job> whole_plan(const std::vector<std::string>& backends, std::size_t runs, unsigned seed);

}  // namespace geyser::test
