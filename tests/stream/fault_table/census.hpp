// What a process has open: what faults elsewhere must not change.
#pragma once

#include <cstddef>
#include <string>

#include "support/descriptors.hpp"
#include "support/system.hpp"

namespace geyser::test {

struct Census {
  std::size_t descriptors = 0;
  std::size_t mappings = 0;  // of shared memory
  friend bool operator==(const Census&, const Census&) = default;
  std::string text() const { return std::to_string(descriptors) + "+" + std::to_string(mappings); }
};

inline Census take_census() {
  Census census;
  census.descriptors = open_descriptors();
  census.mappings = shared_mappings();
  return census;
}

}  // namespace geyser::test
