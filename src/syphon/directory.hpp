// Servers' announcements. For C++ too.
#pragma once

#include <memory>
#include <string>

#include <geyser/syphon.hpp>

namespace geyser::syphon {

// "info.v002.Syphon." and a new UUID: the name of a port.
std::string new_port_name();
// What this program is called.
std::string program_name();

// A server that is announced now and whenever somebody asks; retired at the end.
class Announcement {
 public:
  explicit Announcement(const ServerInfo& info);
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;
  ~Announcement();
  // Answers who has asked meanwhile: on the main thread; elsewhere nothing.
  void service();

 private:
  void* announcer_;  // an object of directory.mm
};

}  // namespace geyser::syphon
