// The victim, as the process that runs the table has it.
#pragma once

#include <sstream>
#include <string>

#include "process/child.hpp"
#include "stream/fault_table/census.hpp"
#include "stream/fault_table/row.hpp"
#include "stream/fault_table/texts.hpp"
#include "stream/fault_table/victim_system.hpp"

namespace geyser::test {

class VictimProcess {
 public:
  // Errors: operating_system.
  static Result<VictimProcess> start(const Job& job, const std::string& directory) {
    auto child = Child::start({"--role", std::string(to_string(job.victim)), "--backend", job.backend, "--directory",
                               directory, "--ring", std::to_string(job.ring_size), "--fault", job.fault.text()});
    if (!child) return tl::unexpected(std::move(child.error()));
    return VictimProcess(*std::move(child));
  }

  void listen() {
    while (!gone) {
      const auto text = text_at_once(child_.channel());
      if (!text) return;
      std::istringstream in(*text);
      std::string what;
      in >> what;
      gone = what.empty();
      reached = reached || what == "reached";
      recovered = recovered || what == "recovered";
      if (what == "wrong") ++wrong;
      if (what == "lost") ++lost;
      if (what == "unread") in >> unread;
      if (what == "census") in >> census.emplace().descriptors >> census->mappings;
    }
  }
  void stop() const { child_.stop(); }
  void go_on() const { child_.go_on(); }
  void resume() const { test::resume(child_.process()); }
  // It answers with `census`.
  void ask_census() {
    census.reset();
    static_cast<void>(send_text(child_.channel(), "census"));
  }
  // Gone on return, with all that it had open.
  void kill() { child_.kill(); }

  bool reached = false;    // its fault
  bool recovered = false;  // works again
  bool gone = false;
  std::size_t unread = 0;
  std::uint64_t wrong = 0;  // frames
  std::uint64_t lost = 0;
  std::optional<Census> census;

 private:
  explicit VictimProcess(Child&& child) : child_(std::move(child)) {}
  Child child_;
};

}  // namespace geyser::test
