// Both ends' half of the set-up: who we are, what is offered, which fences there are.
#pragma once

#include <memory>
#include <vector>

#include <geyser/channel.hpp>

#include "pass.hpp"

namespace demo {

inline constexpr std::chrono::seconds patience{10};
inline constexpr std::uint64_t check_every = 30;  // frames

// The shared textures with each end's fences; `own` is what this end's accesses signal.
struct Session {
  geyser::Agreement agreement;
  std::vector<std::unique_ptr<geyser::SharedTexture>> textures;
  std::vector<std::shared_ptr<geyser::SharedFence>> own;
  std::vector<std::shared_ptr<geyser::SharedFence>> all;
  geyser::wire::Hello peer;
};

// Textures and fences made here and offered to the peer.
geyser::Result<Session> offer(geyser::Channel& channel, Pass& pass, const geyser::TextureDescriptor& descriptor,
                              const geyser::NegotiationPolicy& policy, std::size_t count);
// The peer's, imported here.
geyser::Result<Session> accept(geyser::Channel& channel, Pass& pass);

geyser::Result<void> send_state(geyser::Channel& channel, const geyser::AccessState& state, std::uint32_t texture,
                                std::uint64_t number);
std::uint64_t monotonic_ns();

}  // namespace demo
