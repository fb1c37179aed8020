#include "platform/apple/mach_message.hpp"

#include <mach/notify.h>
#include <sys/types.h>

#include <algorithm>
#include <cstring>

#include "common/text.hpp"
#include "platform/apple/error.hpp"
#include "platform/apple/handles.hpp"

// <bsm/libbsm.h>
extern "C" pid_t audit_token_to_pid(audit_token_t token);
extern "C" uid_t audit_token_to_euid(audit_token_t token);
extern "C" gid_t audit_token_to_egid(audit_token_t token);

namespace geyser::platform {

using detail::text;

namespace {

// What both sides of a message begin with; the descriptors follow, and then the length and the bytes.
struct Front {
  mach_msg_header_t header;
  mach_msg_body_t body;
};
constexpr std::size_t padding = 4;
std::size_t padded(std::size_t size) { return (size + padding - 1) / padding * padding; }

mach_msg_timeout_t milliseconds(const Deadline& deadline) {
  return static_cast<mach_msg_timeout_t>(deadline.remaining_milliseconds());
}

tl::unexpected<GeyserError> late() { return fail(ErrorCode::timeout, "The peer does not answer in time."); }

// Messages are of 32-bit words.
std::vector<std::uint32_t> room_for(std::size_t bytes) { return std::vector<std::uint32_t>((bytes + 3) / 4); }

tl::unexpected<GeyserError> refuse(mach_msg_header_t* header, std::string why) {
  ::mach_msg_destroy(header);
  return fail(ErrorCode::protocol, std::move(why));
}

}  // namespace

Result<OwnedHandle> create_receive_right() {
  mach_port_t name = MACH_PORT_NULL;
  const kern_return_t made = ::mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name);
  if (made != KERN_SUCCESS) return fail(mach_error(ErrorCode::operating_system, "No port can be made.", made));
  return OwnedHandle::adopt(HandleKind::none, receive_right_bit | NativeHandle{name});
}

mach_port_t receive_name(const OwnedHandle& right) noexcept {
  return static_cast<mach_port_t>(right.get() & 0xffffffff);
}

Result<void> send_message(mach_port_t to, MessageId id, std::span<const std::byte> bytes,
                          std::span<const RightToSend> rights, const Deadline& deadline) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  const std::size_t at = sizeof(Front) + rights.size() * sizeof(mach_msg_port_descriptor_t);
  const std::size_t size = padded(at + sizeof(length) + bytes.size());
  std::vector<std::uint32_t> room = room_for(size);
  auto* base = reinterpret_cast<std::byte*>(room.data());
  auto* front = reinterpret_cast<Front*>(base);
  front->header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) | MACH_MSGH_BITS_COMPLEX;
  front->header.msgh_size = static_cast<mach_msg_size_t>(size);
  front->header.msgh_remote_port = to;
  front->header.msgh_id = static_cast<mach_msg_id_t>(id);
  front->body.msgh_descriptor_count = static_cast<mach_msg_size_t>(rights.size());
  auto* descriptors = reinterpret_cast<mach_msg_port_descriptor_t*>(base + sizeof(Front));
  for (std::size_t i = 0; i < rights.size(); ++i) {
    descriptors[i].name = rights[i].name;
    descriptors[i].disposition = static_cast<unsigned char>(rights[i].disposition);
    descriptors[i].type = MACH_MSG_PORT_DESCRIPTOR;
  }
  std::memcpy(base + at, &length, sizeof(length));
  if (!bytes.empty()) std::memcpy(base + at + sizeof(length), bytes.data(), bytes.size());
  const mach_msg_return_t sent = ::mach_msg(&front->header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, front->header.msgh_size,
                                            0, MACH_PORT_NULL, milliseconds(deadline), MACH_PORT_NULL);
  if (sent == MACH_MSG_SUCCESS) return {};
  // The kernel has put the message back with rights of its own in it (a pseudo-receive): they are this process' now.
  if (sent == MACH_SEND_TIMED_OUT || sent == MACH_SEND_INTERRUPTED) ::mach_msg_destroy(&front->header);
  if (sent == MACH_SEND_TIMED_OUT) return late();
  if (sent == MACH_SEND_INVALID_DEST) return fail(mach_error(ErrorCode::abandoned, "The peer is gone.", sent));
  const bool right = sent == MACH_SEND_INVALID_RIGHT;
  return fail(mach_error(right ? ErrorCode::invalid_handle : ErrorCode::operating_system,
                         right ? "A right of the message is dead." : "A message cannot be sent.", sent));
}

Result<ReceivedMessage> receive_message(const OwnedHandle& from, std::size_t longest, const Deadline& deadline) {
  const std::size_t most = padded(sizeof(Front) + max_message_rights * sizeof(mach_msg_port_descriptor_t) +
                                  sizeof(std::uint32_t) + longest) +
                           sizeof(mach_msg_audit_trailer_t);
  std::vector<std::uint32_t> room = room_for(most);
  auto* base = reinterpret_cast<std::byte*>(room.data());
  auto* front = reinterpret_cast<Front*>(base);
  constexpr mach_msg_option_t options = MACH_RCV_MSG | MACH_RCV_TIMEOUT |
                                        MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |
                                        MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT);
  const mach_msg_return_t received =
      ::mach_msg(&front->header, options, 0, static_cast<mach_msg_size_t>(room.size() * sizeof(std::uint32_t)),
                 receive_name(from), milliseconds(deadline), MACH_PORT_NULL);
  if (received == MACH_RCV_TIMED_OUT) return late();
  // The kernel destroys a message that does not fit.
  if (received == MACH_RCV_TOO_LARGE) {
    return fail(
        mach_error(ErrorCode::protocol, text("A message is longer than the [", longest, "] bytes allowed."), received));
  }
  if (received != MACH_MSG_SUCCESS) {
    return fail(mach_error(ErrorCode::operating_system, "No message can be received.", received));
  }
  mach_msg_header_t* header = &front->header;
  // Whoever holds the peer's place may send this one: it can only end the channel.
  if (header->msgh_id == MACH_NOTIFY_DEAD_NAME || header->msgh_id == MACH_NOTIFY_NO_SENDERS) {
    ::mach_msg_destroy(header);
    return fail(ErrorCode::abandoned, "The peer is gone.");
  }
  if ((header->msgh_bits & MACH_MSGH_BITS_COMPLEX) == 0 || header->msgh_size < sizeof(Front)) {
    return refuse(header, "A message is none of Geyser's.");
  }
  const std::size_t count = front->body.msgh_descriptor_count;
  const std::size_t at = sizeof(Front) + count * sizeof(mach_msg_port_descriptor_t);
  if (count > max_message_rights || header->msgh_size < at + sizeof(std::uint32_t)) {
    return refuse(header, text("A message has [", count, "] rights in [", header->msgh_size, "] bytes."));
  }
  const auto* descriptors = reinterpret_cast<const mach_msg_port_descriptor_t*>(base + sizeof(Front));
  for (std::size_t i = 0; i < count; ++i) {
    // Receive rights and memory out of line do not belong; what they brought goes with the message.
    if (descriptors[i].type != MACH_MSG_PORT_DESCRIPTOR || descriptors[i].disposition != MACH_MSG_TYPE_PORT_SEND) {
      return refuse(header, text("Right [", i, "] of a message is no send right."));
    }
  }
  std::uint32_t length = 0;
  std::memcpy(&length, base + at, sizeof(length));
  if (length > longest || length > header->msgh_size - at - sizeof(length)) {
    return refuse(header, text("A message says [", length, "] bytes, more than it has or [", longest, "]."));
  }
  ReceivedMessage message;
  message.id = header->msgh_id;
  const auto* trailer = reinterpret_cast<const mach_msg_audit_trailer_t*>(base + padded(header->msgh_size));
  message.sender = {::audit_token_to_pid(trailer->msgh_audit), ::audit_token_to_euid(trailer->msgh_audit),
                    ::audit_token_to_egid(trailer->msgh_audit)};
  for (std::size_t i = 0; i < count; ++i) {
    OwnedHandle right = adopt_send_right(HandleKind::none, descriptors[i].name);
    // A right may die on its way: its place must not be another's.
    if (!right.has_value()) return fail(ErrorCode::protocol, text("Right [", i, "] of a message is dead."));
    message.rights.push_back(std::move(right));
  }
  message.bytes.assign(base + at + sizeof(length), base + at + sizeof(length) + length);
  return message;
}

}  // namespace geyser::platform
