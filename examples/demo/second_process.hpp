// This program once more: posix/second_process.cpp, win32/second_process.cpp.
#pragma once

#include <cstdint>
#include <optional>

#include <geyser/channel.hpp>

namespace demo {

// With the same words and [--consumer-channel NUMBER]. The consumer begins at main(): no state of the
// producer's driver comes along, as it would by a bare fork(). Nothing: the reason is on standard error.
std::optional<std::intptr_t> start_consumer(int argc, char** argv, geyser::Channel its_end);
// Its exit status, when it has ended.
int wait_for_consumer(std::intptr_t process);

}  // namespace demo
