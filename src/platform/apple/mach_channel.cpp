#include "platform/apple/mach_channel.hpp"

#include <mach/mach.h>
#include <mach/notify.h>
#include <unistd.h>

#include <array>
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
    end->peer_ = MachPeer{::getpid(), ::geteuid(), ::getegid()};
  }
  const auto join = [](MachChannel& from, const MachChannel& to) -> Result<void> {
    auto right = make_send_right(to.own_);
    if (!right) return fail(std::move(right.error()));
    from.theirs_ = *std::move(right);
    return from.watch();
  };
  if (auto joined = join(ends.first, ends.second); !joined) return fail(std::move(joined.error()));
  if (auto joined = join(ends.second, ends.first); !joined) return fail(std::move(joined.error()));
  return ends;
}

Result<void> MachChannel::watch() {
  mach_port_t previous = MACH_PORT_NULL;
  const kern_return_t asked =
      ::mach_port_request_notification(mach_task_self(), send_right_of(theirs_.get()), MACH_NOTIFY_DEAD_NAME, 0,
                                       receive_name(own_), MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
  if (asked == KERN_SUCCESS) return {};
  return fail(mach_error(ErrorCode::abandoned, "The peer is gone.", asked));
}

std::optional<MachPeer> MachChannel::peer() const {
  const std::lock_guard lock(*mutex_);
  return peer_;
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
  // Theirs is made here and given away, so that what follows is in it before the service has looked.
  auto given = create_receive_right();
  if (!given) return fail(std::move(given.error()));
  MachChannel channel;
  channel.own_ = *std::move(own);
  auto theirs = make_send_right(*given);
  if (!theirs) return fail(std::move(theirs.error()));
  channel.theirs_ = *std::move(theirs);
  if (auto watched = channel.watch(); !watched) return fail(std::move(watched.error()));
  const std::array<RightToSend, 2> rights{
      {{receive_name(channel.own_), MACH_MSG_TYPE_MAKE_SEND}, {receive_name(*given), MACH_MSG_TYPE_MOVE_RECEIVE}}};
  auto sent = send_message(send_right_of(door.get()), MessageId::hello, {}, rights, deadline);
  if (sent || sent.error().code() == ErrorCode::timeout) static_cast<void>(given->detach());
  if (sent) return channel;
  const bool gone = sent.error().code() == ErrorCode::abandoned;
  if (gone) return fail(ErrorCode::not_available, text("The owner of service name [", name, "] is gone."));
  return fail(std::move(sent.error()).during(text("connecting to [", name, "]")));
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

// Who answers is who was looked up, as far as the kernel knows: it must be of this user.
Result<void> MachChannel::take_welcome(const ReceivedMessage& message) {
  if (message.id != static_cast<std::int32_t>(MessageId::welcome) || !message.rights.empty()) {
    return fail(ErrorCode::protocol, "The service is none of Geyser's.");
  }
  if (!is_trusted(message.sender)) {
    return fail(ErrorCode::protocol, text("The service belongs to user [", message.sender.user_id, "], not to [",
                                          ::geteuid(), "] or root."));
  }
  const std::lock_guard lock(*mutex_);
  peer_ = message.sender;
  return {};
}

Result<std::size_t> MachChannel::receive(std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                         const Deadline& deadline) {
  if (gone_) return fail(ErrorCode::abandoned, "The peer is gone.");
  for (;;) {
    ReceivedMessage message;
    auto size = receive_message(own_, buffer, message, deadline);
    if (!size) {
      gone_ = size.error().code() == ErrorCode::abandoned;
      return fail(std::move(size.error()));
    }
    if (!peer_) {
      auto welcome = take_welcome(message);
      // Nobody else is ever let in at this port.
      gone_ = !welcome;
      if (!welcome) return fail(std::move(welcome.error()));
      continue;
    }
    if (message.id != static_cast<std::int32_t>(MessageId::data) || message.sender.process_id != peer_->process_id ||
        message.sender.user_id != peer_->user_id) {
      return fail(ErrorCode::protocol, text("A message of process [", message.sender.process_id,
                                            "] came where those of [", peer_->process_id, "] belong."));
    }
    if (handles == nullptr && !message.rights.empty()) {
      return fail(ErrorCode::protocol, text("A message has [", message.rights.size(), "] handles where none belongs."));
    }
    for (OwnedHandle& right : message.rights) handles->push_back(std::move(right));
    return *size;
  }
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
    auto hello = receive_message(own_, 0, deadline, TakeRights::any);
    if (!hello && hello.error().code() == ErrorCode::protocol) continue;
    if (!hello) return fail(std::move(hello.error()));
    // The sender's port, and the one that it sends to.
    const auto& rights = hello->rights;
    if (hello->id != static_cast<std::int32_t>(MessageId::hello) || rights.size() != 2 ||
        send_right_of(rights[0].get()) == MACH_PORT_NULL || send_right_of(rights[1].get()) != MACH_PORT_NULL ||
        !is_trusted(hello->sender)) {
      continue;
    }
    MachChannel channel;
    channel.theirs_ = std::move(hello->rights[0]);
    channel.own_ = std::move(hello->rights[1]);
    channel.peer_ = hello->sender;
    // One that is gone again is not reported.
    if (!send_message(send_right_of(channel.theirs_.get()), MessageId::welcome, {}, {}, deadline)) continue;
    if (!channel.watch()) continue;
    return channel;
  }
}

}  // namespace geyser::platform
