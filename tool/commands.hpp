// The commands: each adds itself to the program, and runs from its callback.
#pragma once

#include <CLI/CLI.hpp>

#include "context.hpp"

namespace geyser::tool {

void add_doctor(CLI::App& app, Context& context);
void add_list(CLI::App& app, Context& context);
void add_publish(CLI::App& app, Context& context);
void add_record(CLI::App& app, Context& context);
void add_snapshot(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_bench(CLI::App& app, Context& context);
#ifdef GEYSER_TOOL_SPOUT
void add_spout(CLI::App& app, Context& context);
#endif
#ifdef GEYSER_TOOL_SYPHON
void add_syphon(CLI::App& app, Context& context);
#endif
#ifdef GEYSER_TOOL_VIEW
void add_view(CLI::App& app, Context& context);
#endif
void add_completion(CLI::App& app, Context& context);

}  // namespace geyser::tool
