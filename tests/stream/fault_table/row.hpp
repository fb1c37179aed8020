// One line of the table: what went wrong with the victim, and what was felt by the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "stream/fault_table/fault.hpp"

namespace geyser::test {

struct Job {
  std::string backend;
  Victim victim = Victim::subscriber;
  std::uint32_t ring_size = 4;
  Fault fault;
  std::uint32_t strike_after_us = 0;  // of point "timer"
};

struct Row {
  Job job;
  std::uint64_t frames = 0;       // that the healthy subscribers read
  std::uint64_t gap_us = 0;       // the longest between two of them
  std::uint64_t block_us = 0;     // by how much a healthy subscriber's call took longer than it was allowed to
  std::uint64_t stall_us = 0;     // the longest time in begin_frame() and publish() of the healthy publisher
  std::uint64_t takeover_us = 0;  // from a publisher's death to a frame of its successor
  std::uint64_t create_us = 0;    // of that, until the successor had made its ring
  std::uint64_t wrong = 0;        // pixels of frames that were said to be whole
  std::uint64_t lost = 0;         // leases that healthy subscribers lost
  std::size_t unread = 0;         // messages that a deafened subscriber had not read
  std::int64_t leaked_descriptors = 0;
  std::int64_t leaked_mappings = 0;
  std::int64_t leaked_files = 0;
  bool reclaimed = false;  // every slot can be written again
  double seconds = 0;
  std::vector<std::string> notes;     // what the healthy ones were told went wrong
  std::vector<std::string> problems;  // none: it is as it must be
};

}  // namespace geyser::test
