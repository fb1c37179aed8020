// Short messages between the processes of the table.
#pragma once

#include <array>
#include <optional>
#include <string>

#include <geyser/channel.hpp>

#include "process/child.hpp"

namespace geyser::test {

// A text that has come already. Nothing: none yet; empty: the other end is gone.
inline std::optional<std::string> text_at_once(Channel& channel) {
  std::array<std::byte, 512> buffer{};
  std::vector<OwnedHandle> handles;
  auto size = channel.receive(buffer, handles, std::chrono::nanoseconds(0));
  if (!size) return size.error().code() == ErrorCode::timeout ? std::nullopt : std::optional<std::string>("");
  const std::string text(reinterpret_cast<const char*>(buffer.data()), *size);
  return text.substr(0, text.find('\n'));  // send_text() ends with one, so that no text is empty
}

}  // namespace geyser::test
