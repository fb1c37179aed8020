#include "stream/fault_table/stage.hpp"

#include <algorithm>

namespace geyser::test {

void note_seen(Row& row, const Watcher::Seen& seen, const std::string& who) {
  row.frames += seen.frames;
  row.gap_us = std::max(row.gap_us, seen.longest_gap_us);
  row.block_us = std::max(row.block_us, seen.longest_block_us);
  row.wrong += seen.wrong;
  row.lost += seen.lost;
  if (!seen.trouble.empty()) row.notes.push_back(who + ": " + seen.trouble);
  if (seen.wrong != 0) row.problems.push_back(who + " saw wrong pixels: " + seen.first_wrong);
}

void note_open(Row& row, const Census& before, const Census& after, const std::string& who) {
  row.leaked_descriptors +=
      static_cast<std::int64_t>(after.descriptors) - static_cast<std::int64_t>(before.descriptors);
  row.leaked_mappings += static_cast<std::int64_t>(after.mappings) - static_cast<std::int64_t>(before.mappings);
  // Drivers also close what they opened at their start.
  if (after.descriptors > before.descriptors || after.mappings > before.mappings) {
    row.problems.push_back(who + " has open " + after.text() + " descriptors and mappings, before " + before.text());
  }
}

}  // namespace geyser::test
