// What a fault needs of the operating system: posix/victim_system.cpp, win32/victim_system.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include <geyser/handle.hpp>

namespace geyser::test {

// The word by which a parent ends what its victim waits for; prepare_resume() is to be called before there are threads.
void prepare_resume();
void wait_for_resume();
void resume(std::int64_t process);

// As nobody can refuse.
[[noreturn]] void kill_self();
// No thread of this process goes on until its parent says so.
void stop_self();

// Leaves so many descriptors, and gives back what was there. False: the system has no such limit.
[[nodiscard]] bool starve_of_descriptors(std::uint32_t left);
void feed_again();

// How many bytes the stream's socket or pipe keeps that nobody has read; not those of `parent`.
std::size_t unread_bytes(NativeHandle parent);

}  // namespace geyser::test
