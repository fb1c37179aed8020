// What Syphon's programs send each other: a number, and with it a string, another number or nothing. For C++ too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include <geyser/error.hpp>

namespace geyser::syphon {

using Payload = std::variant<std::monostate, std::string, std::uint32_t>;

// To a server.
enum class Request : std::int32_t { add_info_client = 0, add_frame_client, remove_info_client, remove_frame_client };
// To a client.
enum class Notice : std::int32_t { name = 0, new_frame, surface, retired };

// A port that others send to, by name.
class MessagePort {
 public:
  // Called on a thread of the system's, one message after another, until the port is gone. A payload that cannot be
  // read is as none.
  using Handler = std::function<void(std::int32_t type, const Payload& payload)>;
  // Errors: operating_system (the name is taken, or the sandbox forbids it).
  static Result<std::unique_ptr<MessagePort>> create(const std::string& name, Handler handler);
  MessagePort(const MessagePort&) = delete;
  MessagePort& operator=(const MessagePort&) = delete;
  ~MessagePort();

 private:
  struct State;
  MessagePort(State* state, void* port) noexcept : state_(state), port_(port) {}
  State* state_;
  void* port_;
};

// Another program's port.
class RemotePort {
 public:
  // Errors: not_available (nobody has that name).
  static Result<RemotePort> open(const std::string& name);
  RemotePort(RemotePort&& other) noexcept;
  RemotePort& operator=(RemotePort&& other) noexcept;
  ~RemotePort();
  // Errors: abandoned (the port is gone), timeout (its queue stays full: the program hangs).
  Result<void> send(std::int32_t type, const Payload& payload = {});

 private:
  explicit RemotePort(void* port) noexcept : port_(port) {}
  void* port_ = nullptr;
};

}  // namespace geyser::syphon
