// The table as people and as programs read it.
#pragma once

#include <string>
#include <vector>

#include "stream/fault_table/row.hpp"

namespace geyser::test {

std::string line_of(const Row& row);
// One line for each role and action, with counts, medians and worst values.
std::string summary_of(const std::vector<Row>& rows);
std::string json_of(const std::vector<Row>& rows);

}  // namespace geyser::test
