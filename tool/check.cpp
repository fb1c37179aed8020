#include "check.hpp"

#include "commands.hpp"

namespace geyser::tool {

void add_check(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("check", "Prove that frames arrive as they were sent, bit for bit");
  command->require_subcommand(1);
  add_check_publish(*command, context);
  add_check_receive(*command, context);
  add_check_pair(*command, context);
  add_check_self_test(*command, context);
}

}  // namespace geyser::tool
