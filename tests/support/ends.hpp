// The ends of one process, each made when a test first wants it and kept for the next one.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "support/end.hpp"

namespace geyser::test {

class Ends {
 public:
  // Null, and the test has failed, when there is no such end.
  End* get(const std::string& name) {
    auto& end = ends_[name];
    if (end == nullptr) {
      auto made = make_end(name);
      EXPECT_TRUE(made) << made.error().to_string();
      if (made) end = *std::move(made);
    }
    return end.get();
  }
  // To be called before main() returns: drivers have exit handlers, after which nothing of theirs can be called.
  void close() {
    for (auto& [name, end] : ends_) {
      if (end == nullptr) continue;
      end->close();
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << name << ": " << complaint;
    }
    ends_.clear();
  }

 private:
  std::map<std::string, std::unique_ptr<End>> ends_;
};

}  // namespace geyser::test
