#include "platform/apple/mach_channel.hpp"

#include <mach/mach.h>
#include <mach/notify.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/apple/error.hpp"
#include "platform/apple/handles.hpp"
#include "platform/apple/mach_message.hpp"

// <servers/bootstrap.h>. Names are of 128 bytes at most.
extern "C" kern_return_t bootstrap_check_in(mach_port_t bootstrap, const char* name, mach_port_t* service);
extern "C" kern_return_t bootstrap_look_up(mach_port_t bootstrap, const char* name, mach_port_t* service);

namespace geyser::platform {

using detail::text;

namespace {

constexpr std::size_t longest_name = 127;
constexpr kern_return_t name_in_use = 1101;      // BOOTSTRAP_NAME_IN_USE
constexpr kern_return_t service_active = 1103;   // BOOTSTRAP_SERVICE_ACTIVE
constexpr kern_return_t unknown_service = 1102;  // BOOTSTRAP_UNKNOWN_SERVICE

Result<void> check_name(const std::string& name) {
  if (!name.empty() && name.size() <= longest_name) return {};
  return fail(ErrorCode::invalid_argument,
              text("Service name [", name, "] has [", name.size(), "] bytes, outside [1] to [", longest_name, "]."));
}

bool is_trusted(const MachPeer& peer) { return peer.user_id == ::geteuid() || peer.user_id == 0; }

// The kernel sends a message to `own` when the port behind `theirs` is gone.
Result<void> watch(const OwnedHandle& theirs, const OwnedHandle& own) {
  mach_port_t previous = MACH_PORT_NULL;
  const kern_return_t asked =
      ::mach_port_request_notification(mach_task_self(), send_right_of(theirs.get()), MACH_NOTIFY_DEAD_NAME, 0,
                                       receive_name(own), MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
  if (asked == KERN_SUCCESS) return {};
  return fail(mach_error(ErrorCode::abandoned, "The peer is gone.", asked));
}

// A send right for this process' own port.
Result<OwnedHandle> make_send_right(const OwnedHandle& own) {
  const kern_return_t made =
      ::mach_port_insert_right(mach_task_self(), receive_name(own), receive_name(own), MACH_MSG_TYPE_MAKE_SEND);
  if (made != KERN_SUCCESS) return fail(mach_error(ErrorCode::operating_system, "No right can be made.", made));
  return adopt_send_right(HandleKind::none, receive_name(own));
}

}  // namespace

Result<std::pair<MachChannel, MachChannel>> MachChannel::pair() {
  std::pair<MachChannel, MachChannel> ends;
  for (MachChannel* end : {&ends.first, &ends.second}) {
    auto own = create_receive_right();
    if (!own) return fail(std::move(own.error()));
    end->own_ = *std::move(own);
    end->peer_ = {::getpid(), ::geteuid(), ::getegid()};
  }
  const auto join = [](MachChannel& from, const MachChannel& to) -> Result<void> {
    auto right = make_send_right(to.own_);
    if (!right) return fail(std::move(right.error()));
    from.theirs_ = *std::move(right);
    return watch(from.theirs_, from.own_);
  };
  if (auto joined = join(ends.first, ends.second); !joined) return fail(std::move(joined.error()));
  if (auto joined = join(ends.second, ends.first); !joined) return fail(std::move(joined.error()));
  return ends;
}

Result<MachChannel> MachChannel::connect(const std::string& name, const Deadline& deadline) {
  if (auto good = check_name(name); !good) return fail(std::move(good.error()));
  mach_port_t service = MACH_PORT_NULL;
  const kern_return_t found = ::bootstrap_look_up(bootstrap_port, name.c_str(), &service);
  if (found != KERN_SUCCESS) {
    return fail(mach_error(found == unknown_service ? ErrorCode::not_available : ErrorCode::operating_system,
                           text("Nobody has the service name [", name, "]."), found));
  }
  const OwnedHandle door = adopt_send_right(HandleKind::none, service);
  auto own = create_receive_right();
  if (!own) return fail(std::move(own.error()));
  MachChannel channel;
  channel.own_ = *std::move(own);
  const RightToSend mine{receive_name(channel.own_), MACH_MSG_TYPE_MAKE_SEND};
  auto sent = send_message(send_right_of(door.get()), MessageId::hello, {}, {&mine, 1}, deadline);
  if (!sent) return fail(std::move(sent.error()).during(text("connecting to [", name, "]")));
  auto answer = receive_message(channel.own_, 0, deadline);
  if (!answer) return fail(std::move(answer.error()).during(text("connecting to [", name, "]")));
  if (answer->id != static_cast<std::int32_t>(MessageId::welcome) || answer->rights.size() != 1) {
    return fail(ErrorCode::protocol, text("The service [", name, "] is none of Geyser's."));
  }
  if (!is_trusted(answer->sender)) {
    return fail(ErrorCode::protocol, text("The service [", name, "] belongs to user [", answer->sender.user_id,
                                          "], not to [", ::geteuid(), "] or root."));
  }
  channel.peer_ = answer->sender;
  channel.theirs_ = std::move(answer->rights[0]);
  if (auto watched = watch(channel.theirs_, channel.own_); !watched) return fail(std::move(watched.error()));
  return channel;
}

Result<void> MachChannel::send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                               const Deadline& deadline) {
  if (bytes.empty() || handles.size() > max_message_rights) {
    return fail(ErrorCode::invalid_argument,
                text("A message of [", bytes.size(), "] bytes with [", handles.size(), "] handles cannot be sent."));
  }
  std::vector<RightToSend> rights;
  for (const OwnedHandle& handle : handles) {
    const mach_port_t name = send_right_of(handle.get());
    if (name == MACH_PORT_NULL || is_object(handle.kind())) {
      return fail(ErrorCode::invalid_argument,
                  text("A handle of kind [", to_string(handle.kind()), "] is no right that a message carries."));
    }
    rights.push_back({name, MACH_MSG_TYPE_COPY_SEND});
  }
  return send_message(send_right_of(theirs_.get()), MessageId::data, bytes, rights, deadline);
}

Result<std::size_t> MachChannel::receive(std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                         const Deadline& deadline) {
  auto message = receive_message(own_, buffer.size(), deadline);
  if (!message) return fail(std::move(message.error()));
  if (message->id != static_cast<std::int32_t>(MessageId::data) || message->sender.process_id != peer_.process_id ||
      message->sender.user_id != peer_.user_id) {
    return fail(ErrorCode::protocol, text("A message of process [", message->sender.process_id,
                                          "] came where those of [", peer_.process_id, "] belong."));
  }
  if (handles == nullptr && !message->rights.empty()) {
    return fail(ErrorCode::protocol, text("A message has [", message->rights.size(), "] handles where none belongs."));
  }
  std::copy(message->bytes.begin(), message->bytes.end(), buffer.begin());
  for (OwnedHandle& right : message->rights) handles->push_back(std::move(right));
  return message->bytes.size();
}

Result<MachService> MachService::create(const std::string& name) {
  if (auto good = check_name(name); !good) return fail(std::move(good.error()));
  mach_port_t own = MACH_PORT_NULL;
  const kern_return_t checked_in = ::bootstrap_check_in(bootstrap_port, name.c_str(), &own);
  if (checked_in != KERN_SUCCESS) {
    const bool taken = checked_in == name_in_use || checked_in == service_active;
    return fail(mach_error(taken ? ErrorCode::busy : ErrorCode::operating_system,
                           text("Service name [", name, taken ? "] has an owner." : "] cannot be had."), checked_in)
                    .suggest("a name that begins with one of the program's App Groups"));
  }
  MachService service;
  service.own_ = OwnedHandle::adopt(HandleKind::none, receive_right_bit | NativeHandle{own});
  return service;
}

Result<MachChannel> MachService::accept(const Deadline& deadline) {
  for (;;) {
    auto hello = receive_message(own_, 0, deadline);
    if (!hello && hello.error().code() == ErrorCode::protocol) continue;
    if (!hello) return fail(std::move(hello.error()));
    if (hello->id != static_cast<std::int32_t>(MessageId::hello) || hello->rights.size() != 1 ||
        !is_trusted(hello->sender)) {
      continue;
    }
    auto own = create_receive_right();
    if (!own) return fail(std::move(own.error()));
    MachChannel channel;
    channel.own_ = *std::move(own);
    channel.theirs_ = std::move(hello->rights[0]);
    channel.peer_ = hello->sender;
    const RightToSend mine{receive_name(channel.own_), MACH_MSG_TYPE_MAKE_SEND};
    // One that is gone again is not reported.
    if (!send_message(send_right_of(channel.theirs_.get()), MessageId::welcome, {}, {&mine, 1}, deadline)) continue;
    if (!watch(channel.theirs_, channel.own_)) continue;
    return channel;
  }
}

}  // namespace geyser::platform
