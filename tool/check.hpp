// The parts of `geyser check`, each a command below it.
#pragma once

#include <CLI/CLI.hpp>

#include "context.hpp"

namespace geyser::tool {

void add_check_publish(CLI::App& check, Context& context);
void add_check_receive(CLI::App& check, Context& context);
void add_check_pair(CLI::App& check, Context& context);
void add_check_self_test(CLI::App& check, Context& context);

}  // namespace geyser::tool
