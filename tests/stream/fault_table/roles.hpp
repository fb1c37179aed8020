// The processes beside the one that runs the table.
#pragma once

#include <cstdint>
#include <string>

#include <geyser/channel.hpp>

#include "stream/fault_table/fault.hpp"

namespace geyser::test {

inline constexpr const char* table_feed = "fault table";

struct Role {
  std::string backend;
  std::string directory;
  std::uint32_t ring_size = 4;
  Fault fault;
};

// Each gives the process's exit status.
int run_healthy(Channel& parent, const Role& role);
int run_subscriber_victim(Channel& parent, const Role& role);
int run_publisher_victim(Channel& parent, const Role& role);

}  // namespace geyser::test
