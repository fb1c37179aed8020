// Ways to send a coded picture wrongly, on purpose: what `geyser check self-test` must see through, and what
// `geyser check publish --fault` offers to others' checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coded_picture.hpp"
#include "finding.hpp"

namespace geyser::tool {

struct Fault {
  std::string_view name;
  Check check;             // that sees it
  std::string_view words;  // with which it is named
  // Whether pictures of this format and size can be wrong in this way.
  bool (*fits)(const CodedPicture& coded);
  // Writes the wrong picture of frame `number`.
  void (*write)(const CodedPicture& coded, std::uint64_t number, std::span<std::byte> memory);
};

// All that concern pixels.
[[nodiscard]] std::span<const Fault> pixel_faults();
[[nodiscard]] std::vector<std::string> pixel_fault_names();
// Null: there is none of this name.
[[nodiscard]] const Fault* find_pixel_fault(std::string_view name);

}  // namespace geyser::tool
