// Spout: what programs for live visuals on Windows share textures by. A sender is a name, a description in shared
// memory and a Direct3D 11 texture with a legacy shared handle; nobody is asked whether he may look.
//
// Geyser lists senders, copies the frames of one into a texture of a Direct3D 11 manager, and is a sender itself. One
// copy by the GPU for each frame: a Spout texture is one, and its sender draws it again and again.
//
// What it is bound to is Spout's behaviour as of version 2.007: the maps "SpoutSenderNames" (256 bytes for each name),
// "ActiveSenderName" and one with 280 bytes for each sender, each with a mutex "<map>_mutex"; a mutex
// "<sender>_SpoutAccessMutex" around each use of a texture; a semaphore "<sender>_Count_Semaphore" that counts frames.
// All that is there was written by other programs, and is checked. Senders that share by memory alone are listed and
// not received.
//
// Threads: calls that copy are on the manager's thread (geyser/d3d11.hpp); locks are held inside a call only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::spout {

struct SenderInfo {
  std::string name;          // at most 255 bytes, as its maker wrote it
  std::uint32_t handle = 0;  // legacy shared handle; 0: none
  std::uint32_t width = 0, height = 0;
  std::uint32_t format = 0;  // DXGI_FORMAT, or a number of Direct3D 9
  bool by_memory = false;    // it shares by memory of the CPU, not by a texture
  bool active = false;       // the one that receivers take when they are told no name
  std::string program;       // of the sender's process; empty where it does not say
};

// Senders that are there, by name. Those whose process is gone are left out.
// Errors: timeout (somebody holds the list), operating_system.
[[nodiscard]] GEYSER_API Result<std::vector<SenderInfo>> list_senders();

// An empty name: the active one. Errors: not_available (no such sender; those that there are are named), timeout.
[[nodiscard]] GEYSER_API Result<SenderInfo> find_sender(const std::string& name = {});

class GEYSER_API Receiver {
 public:
  virtual ~Receiver();
  // The manager must outlive it. Errors: as find_sender(), invalid_argument (a manager of another API), unsupported (by
  // memory, a format that Geyser has not), incompatible_layout (a texture of another size than the description),
  // invalid_handle (the texture is gone, or on another adapter).
  [[nodiscard]] static Result<std::unique_ptr<Receiver>> open(TextureShareManager& manager,
                                                              const std::string& name = {});
  [[nodiscard]] virtual const SenderInfo& sender() const noexcept = 0;
  // Of the sender's texture: what `copy_frame` takes must be equal to it in extent and format.
  [[nodiscard]] virtual const TextureDescriptor& descriptor() const noexcept = 0;
  // Copies the sender's picture into `to`, which is open for writing. False: no new one since the last time.
  // Errors: abandoned (the sender is gone), stale_state (it has another texture now: open it anew), timeout (it holds
  // its texture), those of copy_texture().
  [[nodiscard]] virtual Result<bool> copy_frame(SharedTexture& to) = 0;

 protected:
  Receiver() = default;
};

class GEYSER_API Sender {
 public:
  // Takes the name from the list, and the active place if it has that.
  virtual ~Sender();
  // Makes the texture and puts the name on the list. The manager must outlive it. Descriptor: a 2D texture with one mip
  // and one layer; programs expect bgra8 or rgba8. Errors: invalid_argument (the name, a manager of another API), busy
  // (a sender of that name is there), unsupported (no legacy handles here), out_of_memory (the list is full), timeout.
  [[nodiscard]] static Result<std::unique_ptr<Sender>> create(TextureShareManager& manager, const std::string& name,
                                                              const TextureDescriptor& descriptor);
  [[nodiscard]] virtual const SenderInfo& info() const noexcept = 0;
  // Copies `from`, which is open for reading and equal in extent and format, and counts a frame once the device is
  // done. Errors: timeout (a receiver holds the texture), those of copy_texture().
  [[nodiscard]] virtual Result<void> send(SharedTexture& from) = 0;

 protected:
  Sender() = default;
};

}  // namespace geyser::spout
