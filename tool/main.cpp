// geyser: share, show and examine feeds of GPU textures.
#include <vector>

#include <geyser/version.hpp>

#include "commands.hpp"
#include "suggest.hpp"

namespace {

using geyser::tool::Context;
using geyser::tool::ExitCode;

int usage_error(CLI::App& app, const CLI::ParseError& error, int count, char** words) {
  if (error.get_exit_code() == 0) return app.exit(error);  // help and version
  std::string sentence = error.what();
  // As deep as the words are commands; the first one that is none is to blame.
  const CLI::App* command = &app;
  int at = 1;
  for (; at < count && !command->get_subcommands().empty(); ++at) {
    if (const CLI::App* next = command->get_subcommands().front(); next->get_name() == words[at]) command = next;
  }
  std::vector<std::string> names;
  for (const CLI::App* one : command->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(one->get_name());
  }
  if (at < count && words[at][0] != '-' && !names.empty()) {
    const std::string near = geyser::tool::nearest(words[at], names);
    sentence = "There is no command [" + std::string(words[at]) + "]";
    sentence += near.empty() ? "; there are: " + geyser::tool::join(names) : "; do you mean [" + near + "]?";
  } else if (command != &app && !names.empty()) {
    sentence = "Say which: geyser " + command->get_name() + " " + geyser::tool::join(names);
  }
  std::fprintf(stderr, "geyser: %s\nMore: geyser --help\n", sentence.c_str());
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

int main(int count, char** words) {
  Context context;
  CLI::App app{"Share, show and examine feeds of GPU textures", "geyser"};
  app.set_version_flag("--version", std::string("geyser ") + GEYSER_VERSION_STRING);
  app.add_flag("--json", context.json, "Print JSON, for programs");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Exit status: 0 done, 1 wrong use, 2 no such feed, 3 lost or too late, 4 cannot share, 5 a bad file,\n"
      "6 no driver, display or codec, 7 a failed check. The manual: man geyser");
  geyser::tool::add_doctor(app, context);
  geyser::tool::add_list(app, context);
  geyser::tool::add_publish(app, context);
  geyser::tool::add_record(app, context);
  geyser::tool::add_snapshot(app, context);
  geyser::tool::add_inspect(app, context);
  geyser::tool::add_check(app, context);
  geyser::tool::add_bench(app, context);
#ifdef GEYSER_TOOL_SPOUT
  geyser::tool::add_spout(app, context);
#endif
#ifdef GEYSER_TOOL_SYPHON
  geyser::tool::add_syphon(app, context);
#endif
#ifdef GEYSER_TOOL_VIEW
  geyser::tool::add_view(app, context);
#endif
  geyser::tool::add_completion(app, context);
  try {  // CLI11 speaks by exceptions
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, count, words);
  }
  return static_cast<int>(context.exit_code);
}
