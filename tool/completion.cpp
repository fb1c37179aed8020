// Completions are made from the commands themselves, so that none is forgotten.
#include <algorithm>
#include <functional>
#include <sstream>

#include "commands.hpp"

namespace geyser::tool {

namespace {

// Every spelling of the options of a command: "-b", "--backend"; of commands below it, too, after their names.
std::vector<std::string> spellings(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(below->get_name());
    for (std::string& word : spellings(*below)) {
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
    }
  }
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
    for (const std::string& word : spellings(*command)) {
      const bool is_option = word.starts_with("--");
      if (word.starts_with('-') && !is_option) continue;
      out << "complete -c geyser -n '__fish_seen_subcommand_from " << command->get_name() << "' "
          << (is_option ? "-l " + word.substr(2) : "-a " + word) << "\n";
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
