// What a benchmark's chapters give, and where it goes: tables to the terminal, figures and plots to files.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace bench {

using Json = nlohmann::ordered_json;

struct Chapter {
  std::string table;
  Json figures;
  std::string plot;   // SVG, or empty
  bool whole = true;  // false: something of Geyser's own could not be measured
};

struct NamedChapter {
  std::string name;  // for --only
  std::string key;   // of its figures in the JSON
  std::string plot;  // its plot's file, without ".svg"
  std::function<Chapter()> measure;
};

struct Output {
  std::string json;
  std::string svg;
  std::vector<std::string> only;

  // --only, --json and --svg.
  void add_options(CLI::App& app, const std::vector<NamedChapter>& chapters);
};

// Runs the chapters asked for. `directory` is one of its own meanwhile, for feeds. Gives the exit status of the
// program.
int run(const std::vector<NamedChapter>& chapters, const Output& output, Json figures, std::string& directory);

// A line of a table, as printf has it.
[[gnu::format(printf, 2, 3)]] void add_line(std::string& table, const char* format, ...);

}  // namespace bench
