#include "process/child.hpp"

#include <cstdlib>
#include <span>

namespace geyser::test {

std::optional<std::string> argument(int count, char** values, std::string_view name) {
  for (int i = 1; i + 1 < count; ++i) {
    if (values[i] == name) return values[i + 1];
  }
  return std::nullopt;
}

Result<Channel> parent_channel(int count, char** values) {
  if (const auto path = argument(count, values, "--connect")) return Channel::connect(*path, patience);
  const auto socket = argument(count, values, "--socket");
  if (!socket) return fail(ErrorCode::invalid_argument, "No [--socket] is given.");
  return Channel::adopt(static_cast<NativeHandle>(std::atoll(socket->c_str())));
}

Result<void> send_text(Channel& channel, std::string_view text) {
  // A message without bytes would read as the end of the stream.
  const std::string message = std::string(text.substr(0, wire::max_message_bytes - 1)) + '\n';
  return channel.send(std::as_bytes(std::span(message)), {}, patience);
}

Result<std::string> receive_text(Channel& channel) {
  std::string text(wire::max_message_bytes, '\0');
  std::vector<OwnedHandle> none;
  auto size = channel.receive(std::as_writable_bytes(std::span(text)), none, patience);
  if (!size) return fail(std::move(size.error()));
  if (*size == 0 || !none.empty()) return fail(ErrorCode::protocol, "The message is no text.");
  text.resize(*size - 1);
  return text;
}

}  // namespace geyser::test
