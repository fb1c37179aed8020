// Whole messages with rights between two processes of one user, over Mach ports: a service is a name that the bootstrap
// server knows as long as its owner lives; who looks it up says hello with a port of its own, and each end then has a
// receive right of its own and a send right of the other's.
//
// Nothing in a message is believed: rights that do not belong, memory out of line, and messages of anybody else than
// the peer (the kernel's audit token says whose each one is) are destroyed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

#include "platform/deadline.hpp"

namespace geyser::platform {

// Who sent a message, by its audit token.
struct MachPeer {
  std::int64_t process_id = 0;
  std::uint32_t user_id = 0;
  std::uint32_t group_id = 0;
};

// Thread safety: one thread sends and one receives at a time.
class GEYSER_API MachChannel {
 public:
  // Two ends in this process. Errors: operating_system.
  [[nodiscard]] static Result<std::pair<MachChannel, MachChannel>> pair();
  // Errors: not_available (nobody has that name), timeout, protocol (its owner is another user), invalid_argument
  // (name).
  [[nodiscard]] static Result<MachChannel> connect(const std::string& name, const Deadline& deadline);

  [[nodiscard]] const MachPeer& peer() const noexcept { return peer_; }
  // The rights stay the caller's; the message has its own. Errors: timeout, abandoned (the peer's port is dead),
  // invalid_argument (handles that are no send rights, size), operating_system.
  [[nodiscard]] Result<void> send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                                  const Deadline& deadline);
  // Gives the bytes received; appends handles of kind `none`, which are send rights.
  // Errors: timeout, abandoned, protocol (too long, or with what does not belong: all of it is destroyed).
  [[nodiscard]] Result<std::size_t> receive(std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                            const Deadline& deadline);
  // A receive right, for a Poller; borrowed.
  [[nodiscard]] NativeHandle native() const noexcept { return own_.get(); }

 private:
  friend class MachService;
  OwnedHandle own_;     // receive right
  OwnedHandle theirs_;  // send right
  MachPeer peer_;
};

class GEYSER_API MachService {
 public:
  // Errors: busy (the name has an owner), invalid_argument (name), operating_system (a sandbox that does not let this
  // program have the name: those of its App Groups it may).
  [[nodiscard]] static Result<MachService> create(const std::string& name);
  // The next one of this user, or root; others are let go and not reported. Errors: timeout, operating_system.
  [[nodiscard]] Result<MachChannel> accept(const Deadline& deadline);
  [[nodiscard]] NativeHandle native() const noexcept { return own_.get(); }

 private:
  OwnedHandle own_;
};

}  // namespace geyser::platform
