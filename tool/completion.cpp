// Completions are made from the commands themselves, so that none is forgotten.
#include <functional>
#include <sstream>

#include "commands.hpp"

namespace geyser::tool {

namespace {

// Every spelling of the options of a command: "-b", "--backend".
std::vector<std::string> spellings(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_snames()) words.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<CLI::App*> commands_of(CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
}

std::string for_bash(CLI::App& app) {
  std::ostringstream out;
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  out << "_geyser() {\n  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
      << "  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W \"" << joined(names) << "\" -- \"$word\"))\n"
      << "    return\n  fi\n  case $command in\n";
  for (const CLI::App* command : commands_of(app)) {
    out << "    " << command->get_name() << ") COMPREPLY=($(compgen -f -W \"" << joined(spellings(*command))
        << "\" -- \"$word\")) ;;\n";
  }
  out << "  esac\n}\ncomplete -F _geyser geyser\n";
  return out.str();
}

std::string for_zsh(CLI::App& app) {
  return "#compdef geyser\nautoload -U +X bashcompinit && bashcompinit\n" + for_bash(app);
}

std::string for_fish(CLI::App& app) {
  std::ostringstream out;
  for (const CLI::App* command : commands_of(app)) {
    out << "complete -c geyser -n __fish_use_subcommand -a " << command->get_name() << " -d '"
        << command->get_description() << "'\n";
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        out << "complete -c geyser -n '__fish_seen_subcommand_from " << command->get_name() << "' -l " << name << "\n";
      }
    }
  }
  return out.str();
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print the completions for a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app, &context] {
    static_cast<void>(context);
    const std::string text = *shell == "bash" ? for_bash(app) : *shell == "zsh" ? for_zsh(app) : for_fish(app);
    std::fputs(text.c_str(), stdout);
  });
}

}  // namespace geyser::tool
