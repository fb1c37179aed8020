// What the tests of handles share, those of every system (handle_test.cpp) and those of one (posix/, win32/).
#pragma once

#include <gtest/gtest.h>

#include <cstddef>

#include <geyser/handle.hpp>

#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"
#include "support/system.hpp"

namespace geyser::test {

// Every test ends with as many open handles as it began.
class Handle : public testing::Test {
 protected:
  // What the system opens once in a process.
  static void SetUpTestSuite() { EXPECT_TRUE(platform::create_read_only_shared_memory(4096)); }
  void SetUp() override { before_ = open_descriptors(); }
  void TearDown() override { EXPECT_EQ(open_descriptors(), before_); }
  std::size_t before_ = 0;
};

}  // namespace geyser::test
