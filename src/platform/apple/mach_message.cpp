#include "platform/apple/mach_message.hpp"

#include <mach/notify.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>

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
constexpr mach_port_msgcount_t most_unread = 64;  // messages in a port
std::size_t padded(std::size_t size) { return (size + padding - 1) / padding * padding; }

mach_msg_timeout_t milliseconds(const Deadline& deadline) {
  return static_cast<mach_msg_timeout_t>(deadline.remaining_milliseconds());
}

tl::unexpected<GeyserError> late() { return fail(ErrorCode::timeout, "The peer does not answer in time."); }

// Messages are of 32-bit words. Those of frames fit without an allocation.
class Room {
 public:
  explicit Room(std::size_t bytes) : size_((bytes + 3) / 4) {
    if (size_ > small_.size()) large_ = std::make_unique_for_overwrite<std::uint32_t[]>(size_);
  }
  std::byte* data() { return reinterpret_cast<std::byte*>(large_ != nullptr ? large_.get() : small_.data()); }
  std::size_t bytes() const { return size_ * sizeof(std::uint32_t); }

 private:
  std::size_t size_;
  std::array<std::uint32_t, 512> small_;
  std::unique_ptr<std::uint32_t[]> large_;
};

bool is_from_kernel(const mach_msg_audit_trailer_t& trailer) { return ::audit_token_to_pid(trailer.msgh_audit) == 0; }

tl::unexpected<GeyserError> refuse(mach_msg_header_t* header, std::string why) {
  ::mach_msg_destroy(header);
  return fail(ErrorCode::protocol, std::move(why));
}

}  // namespace

Result<OwnedHandle> create_receive_right() {
  mach_port_t name = MACH_PORT_NULL;
  const kern_return_t made = ::mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name);
  if (made != KERN_SUCCESS) return fail(mach_error(ErrorCode::operating_system, "No port can be made.", made));
  // Five are too few for those who announce frames; where the kernel does not let it be more, senders wait.
  mach_port_limits_t limits{};
  limits.mpl_qlimit = most_unread;
  ::mach_port_set_attributes(mach_task_self(), name, MACH_PORT_LIMITS_INFO, reinterpret_cast<mach_port_info_t>(&limits),
                             MACH_PORT_LIMITS_INFO_COUNT);
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
  Room room(size);
  std::byte* base = room.data();
  std::memset(base, 0, at);
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
  // No byte of this process' own to fill up the last word.
  std::memset(base + at + sizeof(length) + bytes.size(), 0, size - at - sizeof(length) - bytes.size());
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

Result<ReceivedMessage> receive_message(const OwnedHandle& from, std::size_t longest, const Deadline& deadline,
                                        TakeRights take) {
  ReceivedMessage message;
  std::vector<std::byte> bytes(longest);
  auto size = receive_message(from, bytes, message, deadline, take);
  if (!size) return fail(std::move(size.error()));
  bytes.resize(*size);
  message.bytes = std::move(bytes);
  return message;
}

Result<std::size_t> receive_message(const OwnedHandle& from, std::span<std::byte> buffer, ReceivedMessage& message,
                                    const Deadline& deadline, TakeRights take) {
  const std::size_t longest = buffer.size();
  const std::size_t most = padded(sizeof(Front) + max_message_rights * sizeof(mach_msg_port_descriptor_t) +
                                  sizeof(std::uint32_t) + longest) +
                           sizeof(mach_msg_audit_trailer_t);
  Room room(most);
  std::byte* base = room.data();
  auto* front = reinterpret_cast<Front*>(base);
  constexpr mach_msg_option_t options = MACH_RCV_MSG | MACH_RCV_TIMEOUT |
                                        MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |
                                        MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT);
  const mach_msg_return_t received = ::mach_msg(&front->header, options, 0, static_cast<mach_msg_size_t>(room.bytes()),
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
  const auto* trailer = reinterpret_cast<const mach_msg_audit_trailer_t*>(base + padded(header->msgh_size));
  // Whoever holds the peer's place may send these, too: they can only end the channel.
  if (header->msgh_id == MACH_NOTIFY_DEAD_NAME || header->msgh_id == MACH_NOTIFY_NO_SENDERS) {
    // The kernel's own has brought a reference of the dead name.
    if (header->msgh_id == MACH_NOTIFY_DEAD_NAME && is_from_kernel(*trailer) &&
        header->msgh_size >= offsetof(mach_dead_name_notification_t, trailer)) {
      ::mach_port_deallocate(mach_task_self(),
                             reinterpret_cast<const mach_dead_name_notification_t*>(header)->not_port);
    }
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
    // Memory out of line does not belong, nor rights of another sort; what they brought goes with the message.
    const bool is_send = descriptors[i].disposition == MACH_MSG_TYPE_PORT_SEND;
    const bool is_receive = descriptors[i].disposition == MACH_MSG_TYPE_PORT_RECEIVE && take == TakeRights::any;
    if (descriptors[i].type != MACH_MSG_PORT_DESCRIPTOR || !(is_send || is_receive)) {
      return refuse(header, text("Right [", i, "] of a message is none that belongs there."));
    }
  }
  std::uint32_t length = 0;
  std::memcpy(&length, base + at, sizeof(length));
  if (length > longest || length > header->msgh_size - at - sizeof(length)) {
    return refuse(header, text("A message says [", length, "] bytes, more than it has or [", longest, "]."));
  }
  message.id = header->msgh_id;
  message.sender = {::audit_token_to_pid(trailer->msgh_audit), ::audit_token_to_euid(trailer->msgh_audit),
                    ::audit_token_to_egid(trailer->msgh_audit)};
  // All of them are owned before anything is looked at.
  bool any_dead = false;
  for (std::size_t i = 0; i < count; ++i) {
    const mach_port_t name = descriptors[i].name;
    OwnedHandle right = descriptors[i].disposition == MACH_MSG_TYPE_PORT_RECEIVE && name != MACH_PORT_NULL
                            ? OwnedHandle::adopt(HandleKind::none, receive_right_bit | NativeHandle{name})
                            : adopt_send_right(HandleKind::none, name);
    any_dead = any_dead || !right.has_value();
    message.rights.push_back(std::move(right));
  }
  // A right may die on its way: its place must not be another's.
  if (any_dead) return fail(ErrorCode::protocol, "A right of a message is dead.");
  if (length != 0) std::memcpy(buffer.data(), base + at + sizeof(length), length);
  return length;
}

}  // namespace geyser::platform
