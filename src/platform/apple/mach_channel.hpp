// Whole messages with rights between two processes of one user, over Mach ports: a service is a name that the bootstrap
// server knows as long as its owner lives; who looks it up sends hello with a send right of a port of its own and the
// receive right of a new one, and may go on sending there at once. The service's first message is a welcome.
//
// Nothing in a message is believed: rights that do not belong, memory out of line, and messages of anybody else than
// the peer (the kernel's audit token says whose each one is) are destroyed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
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
  // Waits for nobody. Errors: not_available (nobody has that name), timeout (too many are connecting), invalid_argument
  // (name), operating_system.
  [[nodiscard]] static Result<MachChannel> connect(const std::string& name, const Deadline& deadline);

  // Who is at the other end, by the kernel's word for its first message; empty before that one is received.
  [[nodiscard]] std::optional<MachPeer> peer() const;
  // The rights stay the caller's; the message has its own. Errors: timeout, abandoned (the peer's port is dead),
  // invalid_argument (handles that are no send rights, size), operating_system.
  [[nodiscard]] Result<void> send(std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                                  const Deadline& deadline);
  // Gives the bytes received; appends handles of kind `none`, which are send rights.
  // Errors: timeout, abandoned, protocol (too long, with what does not belong, or of somebody else: all of it is
  // destroyed).
  [[nodiscard]] Result<std::size_t> receive(std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                            const Deadline& deadline);
  // A receive right, for a Poller; borrowed.
  [[nodiscard]] NativeHandle native() const noexcept { return own_.get(); }

 private:
  friend class MachService;
  Result<void> take_welcome(const struct ReceivedMessage& message);
  // The kernel sends a message to this end when the other one is gone.
  Result<void> watch();

  OwnedHandle own_;     // receive right
  OwnedHandle theirs_;  // send right
  // One thread may ask while another one receives.
  mutable std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::optional<MachPeer> peer_;
  bool gone_ = false;
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
