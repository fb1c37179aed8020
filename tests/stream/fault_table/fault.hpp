// What goes wrong with a victim, and at which step: `POINT:ACTION[:NTH]` on its command line.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <geyser/channel.hpp>

namespace geyser::test {

enum class FaultAction : std::uint8_t {
  none,    // the row to compare the others with
  kill,    // as nobody can refuse
  exit,    // exit(), from whichever thread is there
  stop,    // all its threads, until its parent lets them go on
  starve,  // for a while, no more than two descriptors are to be had
  deafen,  // the thread does nothing, so that nobody reads its socket, until its parent says resume()
  hold,    // a frame is held until its parent says resume()
  keep,    // as many frames as there are leases are held for ever
};
std::string_view to_string(FaultAction action);

struct Fault {
  std::string point;  // "*": any; "timer": its parent strikes, at a time of its own choice
  FaultAction action = FaultAction::none;
  std::uint32_t nth = 1;  // strikes when the point is reached for the nth time
  std::string text() const;
  static std::optional<Fault> parse(std::string_view text);
};

enum class Victim : std::uint8_t { subscriber, publisher };
std::string_view to_string(Victim victim);

struct FaultPoint {
  const char* name;
  Victim victim;
  std::uint32_t nth;  // which time is worth striking at: at the steps of a frame not the first, when all still settles
};
// All that the stream library has, and "subscriber.holding", the test's own.
std::span<const FaultPoint> fault_points();

// In a victim. From here on the fault strikes, and its parent is told "reached" just before.
void arm(const Fault& fault, Channel& parent);
// To be called again and again by the victim's loop: ends a famine. True: whatever was to happen has, and is over.
bool fault_is_over();

}  // namespace geyser::test
