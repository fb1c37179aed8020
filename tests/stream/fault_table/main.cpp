// The fault table: what goes wrong at each step of a feed's life, in either role, on each backend, must not be felt by
// the others. Prints what was measured, and fails when pixels were wrong, something leaked, a slot was not given back,
// or somebody hung. How long the others had no new frame is measured and not judged: machines are shared.
//
// Without options, a sample; GEYSER_FAULT_RUNS=1000 or --runs 1000 for the whole table.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <CLI/CLI.hpp>

#include "stream/fault_table/plan.hpp"
#include "stream/fault_table/roles.hpp"
#include "stream/fault_table/stage.hpp"
#include "stream/fault_table/table.hpp"

namespace geyser::test {
namespace {

struct Options {
  std::size_t runs = 0;
  std::size_t thin = 1;
  unsigned seed = 1;
  std::vector<std::string> backends;
  std::string fault;
  std::string victim;
  std::uint32_t ring_size = 4;
  int hold_ms = 0;
  int repeat = 1;
  std::string json;
};

std::vector<Job> plan_of(const Options& options) {
  std::vector<Job> plan = options.runs != 0 ? whole_plan(options.backends, options.runs, options.seed)
                                            : sample_plan(options.backends, options.seed);
  if (!options.fault.empty()) {
    plan.clear();
    const auto fault = Fault::parse(options.fault);
    if (!fault) return {};
    const bool publisher = fault->point.starts_with("publisher") || options.victim == "publisher";
    for (const std::string& backend : options.backends) {
      const Job job{backend, publisher ? Victim::publisher : Victim::subscriber, options.ring_size, *fault, 50'000};
      for (int i = 0; i < options.repeat; ++i) plan.push_back(job);
    }
  }
#ifdef GEYSER_NO_FAMINE
  if (options.fault.empty()) {
    std::printf(
        "Rows of [starve] are left out: this system has no limit, or this build's sanitizer needs descriptors.\n");
    std::erase_if(plan, [](const Job& job) { return job.fault.action == FaultAction::starve; });
  }
#endif
  std::size_t at = 0;
  std::erase_if(plan, [&](const Job&) { return at++ % options.thin != 0; });
  std::erase_if(plan,
                [&](const Job& job) { return !options.victim.empty() && options.victim != to_string(job.victim); });
  return plan;
}

// The rows of `plan` from `at` on that take place on one stage. Gives how many; adds one row that failed when there is
// no stage.
std::size_t play(const std::vector<Job>& plan, std::size_t at, const Options& options, std::vector<Row>& rows) {
  const Job& first = plan[at];
  std::size_t end = at;
  const auto same = [&](const Job& job) {
    return job.backend == first.backend && job.victim == first.victim && job.ring_size == first.ring_size;
  };
  while (end < plan.size() && same(plan[end])) ++end;
  std::string why;
  StageOptions scene{first.backend, first.ring_size};
  if (options.hold_ms != 0) scene.hold = std::chrono::milliseconds(options.hold_ms);
  const auto stage =
      first.victim == Victim::subscriber ? make_subscriber_stage(scene, why) : make_publisher_stage(scene, why);
  const auto add = [&](Row row) {
    std::printf("%s\n", line_of(row).c_str());
    std::fflush(stdout);
    rows.push_back(std::move(row));
  };
  if (stage == nullptr) {
    Row row;
    row.job = first;
    row.problems.push_back("No stage: " + why);
    add(std::move(row));
    return end - at;
  }
  for (std::size_t i = at; i < end; ++i) add(stage->run(plan[i]));
  if (const std::string problem = stage->close(); !problem.empty()) {
    Row row;
    row.job = first;
    row.reclaimed = true;
    row.problems.push_back("At the end: " + problem);
    add(std::move(row));
  }
  return end - at;
}

int run_table(const Options& options) {
  const std::vector<Job> plan = plan_of(options);
  if (plan.empty()) {
    std::fprintf(stderr, "No rows.\n");
    return 2;
  }
  std::vector<Row> rows;
  for (std::size_t at = 0; at < plan.size();) at += play(plan, at, options, rows);
  std::printf("\n%s", summary_of(rows).c_str());
  if (!options.json.empty()) std::ofstream(options.json) << json_of(rows);
  const auto bad = std::count_if(rows.begin(), rows.end(), [](const Row& row) { return !row.problems.empty(); });
  std::printf("%zu rows, %td failed\n", rows.size(), bad);
  return bad == 0 ? 0 : 1;
}

int run_role(const std::string& name, int count, char** values) {
  auto parent = parent_channel(count, values);
  if (!parent) return 1;
  Role role;
  role.backend = argument(count, values, "--backend").value_or("");
  role.directory = argument(count, values, "--directory").value_or("");
  role.ring_size = static_cast<std::uint32_t>(std::atoi(argument(count, values, "--ring").value_or("4").c_str()));
  role.fault = Fault::parse(argument(count, values, "--fault").value_or("")).value_or(Fault{});
  if (name == "healthy") return run_healthy(*parent, role);
  return name == "subscriber" ? run_subscriber_victim(*parent, role) : run_publisher_victim(*parent, role);
}

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  using namespace geyser::test;
  if (const auto role = argument(count, values, "--role")) return run_role(*role, count, values);
  Options options;
  if (const char* runs = std::getenv("GEYSER_FAULT_RUNS")) options.runs = static_cast<std::size_t>(std::atol(runs));
  CLI::App app("Makes everything go wrong at one end of a feed, and measures what the others feel.");
  app.add_option("--runs", options.runs, "How many rows; without it, a sample");
  app.add_option("--thin", options.thin, "Only every nth of the rows")->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "Of the random points and times");
  app.add_option("--backend", options.backends,
                 "On which backends (default: all that there are but opengl_es and mesa25)");
  app.add_option("--victim", options.victim, "Only this role")->check(CLI::IsMember({"subscriber", "publisher"}));
  app.add_option("--fault", options.fault, "Only this: POINT:ACTION[:NTH]");
  app.add_option("--ring", options.ring_size, "Textures in the ring, for --fault");
  app.add_option("--repeat", options.repeat, "How often, for --fault");
  app.add_option("--hold", options.hold_ms, "How long frames are held, in milliseconds");
  app.add_option("--json", options.json, "Writes the rows into this file");
  CLI11_PARSE(app, count, values);
  if (options.backends.empty()) {
    options.backends = end_names();
    // Of what the others share the driver with; by name they can be had.
    std::erase_if(options.backends, [](const std::string& name) { return name == "opengl_es" || name == "mesa25"; });
  }
  // A rival froze everyone for as long as a frame was held: five seconds.
  if (options.hold_ms == 0 && options.runs != 0) options.hold_ms = 5000;
  return run_table(options);
}
