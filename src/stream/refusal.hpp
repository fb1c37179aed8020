// Why not, as it is sent to the other end.
#pragma once

#include <geyser/error.hpp>
#include <geyser/wire.hpp>

namespace geyser::stream {

// The message is the whole error but for its code, which goes beside it.
[[nodiscard]] inline wire::Refusal refusal_of(const GeyserError& why) {
  return {why.code(), why.to_string().substr(to_string(why.code()).size() + 2)};
}

}  // namespace geyser::stream
