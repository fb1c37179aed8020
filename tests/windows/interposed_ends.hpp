// Two Vulkan devices of the interposer's, for tests of what crosses between them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "support/end.hpp"
#include "support/system.hpp"

namespace geyser::test {

class InterposedEnds : public testing::Test {
 protected:
  void SetUp() override {
    a_ = open();
    b_ = open();
    ASSERT_TRUE(a_ && b_);
  }
  void TearDown() override {
    for (const auto& end : {std::ref(a_), std::ref(b_)}) {
      if (end.get() == nullptr) continue;
      EXPECT_TRUE(end.get()->settle());
      for (const std::string& complaint : end.get()->complaints) ADD_FAILURE() << complaint;
    }
  }
  // A driver that is spoilt in that way.
  static std::unique_ptr<End> open(const char* spoilt = nullptr) {
    set_environment("GEYSER_INTERPOSER", spoilt);
    auto end = make_end("vulkan", Validation::off);
    set_environment("GEYSER_INTERPOSER", nullptr);
    EXPECT_TRUE(end) << (end ? "" : end.error().to_string());
    return end ? *std::move(end) : nullptr;
  }

  std::unique_ptr<End> a_, b_;
};

}  // namespace geyser::test
