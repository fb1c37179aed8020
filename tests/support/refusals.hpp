// What pairs of ends refuse, beside the reviewed list in tests/contract/refusals: what is refused must be in
// the list with its reason, and what is there must still be refused, whether the ends are in one process or in two.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/negotiate.hpp>

namespace geyser::test {

class Refusals {
 public:
  // `where` is "from to shape". Notes an agreement that is none, and one that copies between ends of one device.
  void note(const std::string& where, TextureFormat format, const Capabilities& from, const Capabilities& to,
            const Result<Agreement>& agreement);
  // Whether this system has a list; without one nothing is compared, and the suites say so.
  static bool has_list();
  // Where the list and this differ, a sentence for each line that begins with `pair` ("from to "; empty: every pair
  // of end_names()).
  std::vector<std::string> compare(std::string_view pair = {}) const;
  // Replaces the list's lines of this build's ends. Whether it could be written.
  bool write() const;

 private:
  std::set<std::string> lines() const;
  // "from to shape: why the last rung fails too", and the formats that it holds for.
  std::map<std::string, std::set<std::string>> seen_;
};

}  // namespace geyser::test
