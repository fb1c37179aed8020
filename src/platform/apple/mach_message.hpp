// One Mach message of Geyser's: rights, then bytes.
#pragma once

#include <mach/mach.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/handle.hpp>

#include "platform/apple/mach_channel.hpp"
#include "platform/deadline.hpp"

namespace geyser::platform {

enum class MessageId : std::int32_t { hello = 0x67790001, welcome, data };
inline constexpr std::size_t max_message_rights = 64;

// A right to go with a message, and what becomes of it (MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND,
// MACH_MSG_TYPE_MOVE_RECEIVE).
struct RightToSend {
  mach_port_t name;
  mach_msg_type_name_t disposition;
};

struct ReceivedMessage {
  std::int32_t id = 0;
  MachPeer sender;
  std::vector<OwnedHandle> rights;
  std::vector<std::byte> bytes;
};

// A new port that this process receives from, with its right. Errors: operating_system.
Result<OwnedHandle> create_receive_right();
mach_port_t receive_name(const OwnedHandle& right) noexcept;

// A receive right that was to move is gone when it was sent, and when the error is timeout.
// Errors: timeout, abandoned (the port is dead), invalid_handle, operating_system. Small ones allocate nothing.
Result<void> send_message(mach_port_t to, MessageId id, std::span<const std::byte> bytes,
                          std::span<const RightToSend> rights, const Deadline& deadline);
// Which rights may come: send rights alone, or receive rights too.
enum class TakeRights : std::uint8_t { send, any };
// Errors: timeout, abandoned (a port that the peer's death was to be told to), protocol, operating_system.
Result<ReceivedMessage> receive_message(const OwnedHandle& from, std::size_t longest, const Deadline& deadline,
                                        TakeRights take = TakeRights::send);
// Where the bytes go into `buffer`, and `message` has none. Small ones without rights allocate nothing.
Result<std::size_t> receive_message(const OwnedHandle& from, std::span<std::byte> buffer, ReceivedMessage& message,
                                    const Deadline& deadline, TakeRights take = TakeRights::send);

}  // namespace geyser::platform
