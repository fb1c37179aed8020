// Named steps in the life of a feed, at which tests make something go wrong (tests/stream/fault_table). Only the tests'
// own build of this library has them.
#pragma once

namespace geyser::stream {

#ifdef GEYSER_FAULT_POINTS
void fault_point(const char* name) noexcept;  // the test program's
#else
inline void fault_point(const char* /*name*/) noexcept {}
#endif

}  // namespace geyser::stream
