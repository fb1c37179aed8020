#include "channel_peer.hpp"

#include <variant>

namespace demo {

using geyser::fail;
using geyser::Result;
namespace wire = geyser::wire;

namespace {

Result<wire::Hello> greet(geyser::Channel& channel, Pass& pass) {
  wire::Hello hello;
  hello.program = "geyser-demo";
  hello.capabilities = pass.manager().capabilities();
  if (auto sent = channel.send(wire::Message(std::move(hello)), patience); !sent) return fail(std::move(sent.error()));
  auto message = channel.receive_message(patience);
  if (!message) return fail(std::move(message.error()));
  if (auto* peer = std::get_if<wire::Hello>(&*message)) return std::move(*peer);
  return fail(geyser::ErrorCode::protocol, "The peer does not begin with a Hello.");
}

// OpenGL can open the semaphores of other APIs and make none: then one end makes those of both.
bool makes_fences(const geyser::Capabilities& capabilities, geyser::FenceKind kind) {
  for (const geyser::FenceCapability& row : capabilities.fences) {
    if (row.kind == kind && row.exportable) return true;
  }
  return false;
}

Result<void> make_fences(Pass& pass, geyser::FenceKind kind, std::size_t count,
                         std::vector<std::shared_ptr<geyser::SharedFence>>& made,
                         std::vector<geyser::FenceHandle>& handles) {
  for (std::size_t i = 0; i < count; ++i) {
    auto fence = pass.manager().create_fence(kind);
    if (!fence) return fail(std::move(fence.error()));
    auto handle = (*fence)->export_handle();
    if (!handle) return fail(std::move(handle.error()));
    made.push_back(*std::move(fence));
    handles.push_back(*std::move(handle));
  }
  return {};
}

Result<void> import_fences(Pass& pass, std::vector<geyser::FenceHandle>&& handles,
                           std::vector<std::shared_ptr<geyser::SharedFence>>& fences) {
  for (geyser::FenceHandle& handle : handles) {
    auto fence = pass.manager().import_fence(std::move(handle));
    if (!fence) return fail(std::move(fence.error()));
    fences.push_back(*std::move(fence));
  }
  return {};
}

Result<void> use_fences(Session& session) {
  for (std::size_t i = 0; i < session.textures.size(); ++i) {
    if (auto set = session.textures[i]->set_signal_fence(session.own[i]); !set) return set;
  }
  return {};
}

// Sends the reason to the peer, so that both ends say it.
tl::unexpected<geyser::GeyserError> refuse(geyser::Channel& channel, geyser::GeyserError&& error) {
  static_cast<void>(channel.send(wire::Message(wire::Refusal{error.code(), error.to_string()}), patience));
  return fail(std::move(error));
}

}  // namespace

Result<Session> offer(geyser::Channel& channel, Pass& pass, const geyser::TextureDescriptor& descriptor,
                      const geyser::NegotiationPolicy& policy, std::size_t count) {
  Session session;
  auto peer = greet(channel, pass);
  if (!peer) return fail(std::move(peer.error()));
  session.peer = *std::move(peer);
  auto agreement = negotiate(descriptor, pass.manager().capabilities(), session.peer.capabilities, policy);
  if (!agreement) return refuse(channel, std::move(agreement.error()));
  session.agreement = *std::move(agreement);
  wire::Offer message;
  message.agreement = session.agreement;
  for (std::size_t i = 0; i < count; ++i) {
    auto texture = pass.manager().create_texture(descriptor, session.agreement);
    if (!texture) return refuse(channel, std::move(texture.error()));
    auto parcel = pass.manager().export_texture(**texture);
    if (!parcel) return refuse(channel, std::move(parcel.error()));
    session.textures.push_back(*std::move(texture));
    message.textures.push_back(*std::move(parcel));
  }
  const bool peer_makes_its_own = makes_fences(session.peer.capabilities, session.agreement.fence_kind);
  const std::size_t fence_count = peer_makes_its_own ? count : 2 * count;
  auto made = make_fences(pass, session.agreement.fence_kind, fence_count, session.own, message.fences);
  if (!made) return refuse(channel, std::move(made.error()));
  session.all = session.own;
  if (auto sent = channel.send(wire::Message(std::move(message)), patience); !sent)
    return fail(std::move(sent.error()));
  auto answer = channel.receive_message(patience);
  if (!answer) return fail(std::move(answer.error()));
  if (auto* refusal = std::get_if<wire::Refusal>(&*answer)) {
    return fail(refusal->code, "The peer refuses: " + refusal->message);
  }
  auto* accepted = std::get_if<wire::Accept>(&*answer);
  if (accepted == nullptr) return fail(geyser::ErrorCode::protocol, "The peer does not answer with an Accept.");
  if (auto done = import_fences(pass, std::move(accepted->fences), session.all); !done)
    return fail(std::move(done.error()));
  if (auto done = use_fences(session); !done) return fail(std::move(done.error()));
  return session;
}

Result<Session> accept(geyser::Channel& channel, Pass& pass) {
  Session session;
  auto peer = greet(channel, pass);
  if (!peer) return fail(std::move(peer.error()));
  session.peer = *std::move(peer);
  auto message = channel.receive_message(patience);
  if (!message) return fail(std::move(message.error()));
  if (auto* refusal = std::get_if<wire::Refusal>(&*message)) {
    return fail(refusal->code, "The peer refuses: " + refusal->message);
  }
  auto* offered = std::get_if<wire::Offer>(&*message);
  if (offered == nullptr) return fail(geyser::ErrorCode::protocol, "The peer does not answer with an Offer.");
  session.agreement = std::move(offered->agreement);
  for (geyser::ApiTextureHandle& parcel : offered->textures) {
    auto texture = pass.manager().import_shared_texture(std::move(parcel));
    if (!texture) return refuse(channel, std::move(texture.error()));
    session.textures.push_back(*std::move(texture));
  }
  const std::size_t count = session.textures.size();
  if (auto done = import_fences(pass, std::move(offered->fences), session.all); !done) {
    return refuse(channel, std::move(done.error()));
  }
  if (session.all.size() != count && session.all.size() != 2 * count) {
    return refuse(channel, {geyser::ErrorCode::protocol, "The Offer has neither one nor two fences for each texture."});
  }
  wire::Accept answer;
  if (session.all.size() == 2 * count) {
    session.own.assign(session.all.begin() + static_cast<std::ptrdiff_t>(count), session.all.end());
  } else {
    auto made = make_fences(pass, session.agreement.fence_kind, count, session.own, answer.fences);
    if (!made) return refuse(channel, std::move(made.error()));
    session.all.insert(session.all.end(), session.own.begin(), session.own.end());
  }
  if (auto sent = channel.send(wire::Message(std::move(answer)), patience); !sent) return fail(std::move(sent.error()));
  if (auto done = use_fences(session); !done) return fail(std::move(done.error()));
  return session;
}

Result<void> send_state(geyser::Channel& channel, const geyser::AccessState& state, std::uint32_t texture,
                        std::uint64_t number) {
  if (auto sent = channel.send_fences(state, patience); !sent) return sent;
  wire::Frame frame = wire::to_frame(state, texture, number);
  frame.clock_ns = monotonic_ns();
  return channel.send(frame, patience);
}

std::uint64_t monotonic_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

}  // namespace demo
