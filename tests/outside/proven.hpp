// What ./dev outside tells at the end.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace geyser::test {

// The last line of a test: nothing when it has failed.
inline void proven(const std::string& sentence) {
  if (!testing::Test::HasFailure()) std::printf("PROVEN: %s\n", sentence.c_str());
}

}  // namespace geyser::test
