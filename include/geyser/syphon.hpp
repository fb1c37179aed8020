// Syphon: what programs for live visuals on macOS share pictures by. A server announces itself by notifications of the
// session, and tells those who ask at its port which IOSurface it draws on and when a frame is there. The surface is
// global: nobody is asked whether he may look.
//
// Geyser lists servers, copies the frames of one into a texture, and is a server itself: one copy by the GPU for each
// frame, because the surface is one, and its server draws it again and again. Any manager with io_surface will do, of
// Metal or of Vulkan.
//
// What it is bound to is Syphon's behaviour as its framework of January 2025 publishes it: the notifications
// info.v002.Syphon.ServerAnnounce, .ServerAnnounceRequest, .ServerUpdate and .ServerRetire with a description each,
// message ports by the name of a UUID, archived strings and numbers as messages. All that is there was written by other
// programs, and is checked. Nothing says when a GPU is done with a frame: the server says that a frame is there after
// it is, and may draw the next one while this one is copied, as with every Syphon client.
//
// Pictures have their first row at the bottom, as OpenGL has it; `Receiver::descriptor()` says so.
//
// Threads: notifications come to the main thread. list_servers(), find_server() and Receiver::open() run its run loop
// while they wait if they are called there; elsewhere they wait for whoever runs it. Sender::send() looks at what has
// come in the same way, without waiting.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::syphon {

struct ServerInfo {
  std::string uuid;         // the name of its port
  std::string name;         // may be empty; at most 255 bytes
  std::string application;  // the same
};

// Servers that answer within `patience`, by application and name. Errors: none that is expected.
[[nodiscard]] GEYSER_API Result<std::vector<ServerInfo>> list_servers(
    std::chrono::milliseconds patience = std::chrono::milliseconds(300));

// By its name, its application's, "application/name" or its UUID; empty: the first one.
// Errors: not_available (no such server; those that there are are named).
[[nodiscard]] GEYSER_API Result<ServerInfo> find_server(const std::string& name = {});

class GEYSER_API Receiver {
 public:
  virtual ~Receiver();
  // The manager must outlive it. Errors: as find_server(), timeout (it has drawn nothing), invalid_handle (its surface
  // is gone), unsupported (a manager without io_surface, a surface that is not of four bytes), those of an import.
  [[nodiscard]] static Result<std::unique_ptr<Receiver>> open(TextureShareManager& manager,
                                                              const std::string& name = {});
  [[nodiscard]] virtual const ServerInfo& server() const noexcept = 0;
  // Of the server's surface: what `copy_frame` takes must be equal to it in extent and format.
  [[nodiscard]] virtual const TextureDescriptor& descriptor() const noexcept = 0;
  // Copies the server's picture into `to`, which is open for writing. False: no new one since the last time.
  // Errors: abandoned (the server has retired), stale_state (it draws on another surface now: open it anew), those of
  // copy_texture().
  [[nodiscard]] virtual Result<bool> copy_frame(SharedTexture& to) = 0;

 protected:
  Receiver() = default;
};

class GEYSER_API Sender {
 public:
  // Retires.
  virtual ~Sender();
  // Makes the surface and announces itself. The manager must outlive it. Descriptor: bgra8, 2D, one mip and layer.
  // Errors: invalid_argument (the name), unsupported (another format, a manager without io_surface), out_of_memory,
  // operating_system (no port).
  [[nodiscard]] static Result<std::unique_ptr<Sender>> create(TextureShareManager& manager, const std::string& name,
                                                              const TextureDescriptor& descriptor);
  [[nodiscard]] virtual const ServerInfo& info() const noexcept = 0;
  // Who is told of frames; those who are gone are found out by the next frame.
  [[nodiscard]] virtual std::size_t client_count() const = 0;
  // Copies `from`, which is open for reading and equal in extent and format, and tells the clients once the device is
  // done. Errors: those of copy_texture().
  [[nodiscard]] virtual Result<void> send(SharedTexture& from) = 0;

 protected:
  Sender() = default;
};

}  // namespace geyser::syphon
