// Process A: animates the picture on its device, and gives each frame away.
#include <array>
#include <cstdio>
#include <span>

#include "channel_peer.hpp"
#include "picture.hpp"
#include "roles.hpp"

namespace demo {

using geyser::AccessMode;
using geyser::fail;
using geyser::Result;

namespace {

constexpr std::size_t texture_count = 3;

class Producer {
 public:
  Producer(geyser::Channel channel, const Settings& settings) : channel_(std::move(channel)), settings_(settings) {}

  Result<void> run() {
    auto picture = load_picture(settings_.picture);
    if (!picture) return fail(std::move(picture.error()));
    auto pass = make_pass(settings_.from, [](const geyser::GeyserError& error) {
      std::fprintf(stderr, "producer: %s\n", error.to_string().c_str());
    });
    if (!pass) return fail(std::move(pass.error()));
    pass_ = *std::move(pass);
    geyser::TextureDescriptor descriptor;
    descriptor.extent = picture->extent;
    descriptor.usage = descriptor.usage | pass_->target_usage();
    descriptor.label = "demo";
    geyser::NegotiationPolicy policy;
    policy.force_fence = fence_from_name(settings_.fence);
    auto session = offer(channel_, *pass_, descriptor, policy, texture_count);
    if (!session) return fail(std::move(session.error()));
    session_ = *std::move(session);
    auto source = PlainTexture::create(*pass_, descriptor.extent);
    if (!source) return fail(std::move(source.error()));
    if (auto put = source->put(picture->pixels); !put) return put;
    auto check = PlainTexture::create(*pass_, descriptor.extent);
    if (!check) return fail(std::move(check.error()));
    return animate(*source, *check);
  }

  static geyser::FenceKind fence_from_name(const std::string& name) {
    for (std::size_t kind = 1; kind < geyser::fence_kind_count; ++kind) {
      if (to_string(static_cast<geyser::FenceKind>(kind)) == name) return static_cast<geyser::FenceKind>(kind);
    }
    return geyser::FenceKind::none;
  }

 private:
  Result<void> animate(PlainTexture& source, PlainTexture& check) {
    for (std::uint64_t number = 0; number < settings_.frames; ++number) {
      const auto index = static_cast<std::uint32_t>(number % texture_count);
      if (number >= texture_count) {
        if (auto done = take_back(index); !done) return done;
      }
      geyser::SharedTexture& texture = *session_.textures[index];
      auto access = texture.begin_access(AccessMode::discard, states_[index]);
      if (!access) return fail(std::move(access.error()));
      if (auto drawn = source.draw(*pass_, texture, static_cast<float>(number) * 0.05F); !drawn) return drawn;
      std::uint64_t sum = 0;
      const bool checked = number % check_every == 0;
      if (checked) {
        if (auto filled = check.fill(*pass_, texture); !filled) return filled;
        auto pixels = check.get();
        if (!pixels) return fail(std::move(pixels.error()));
        sum = checksum(*pixels);
      }
      auto state = texture.end_access(*std::move(access));
      if (!state) return fail(std::move(state.error()));
      states_[index] = *std::move(state);
      if (auto sent = send_state(channel_, states_[index], index, number); !sent) return sent;
      if (checked) {
        const std::array<std::uint64_t, 2> words{sum, bytes_copied()};
        if (auto sent = channel_.send(std::as_bytes(std::span(words)), {}, patience); !sent) return sent;
      }
    }
    // The last frames are still at the consumer: its accesses end before the textures go.
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(texture_count, settings_.frames); ++i) {
      const std::uint64_t number = settings_.frames + i;
      const auto index = static_cast<std::uint32_t>(settings_.frames < texture_count ? i : number % texture_count);
      if (auto done = take_back(index); !done) return done;
    }
    return {};
  }

  std::uint64_t bytes_copied() const {
    std::uint64_t copied = 0;
    for (const auto& texture : session_.textures) copied += texture->statistics().bytes_copied;
    return copied;
  }

  Result<void> take_back(std::uint32_t index) {
    auto frame = channel_.receive_frame(session_.all, patience);
    if (!frame) return fail(std::move(frame.error()));
    if (frame->texture != index) return fail(geyser::ErrorCode::protocol, "The consumer gives back another texture.");
    auto state = geyser::wire::to_access_state(*frame, session_.all);
    if (!state) return fail(std::move(state.error()));
    states_[index] = *std::move(state);
    return {};
  }

  geyser::Channel channel_;
  Settings settings_;
  std::unique_ptr<Pass> pass_;
  Session session_;
  std::array<geyser::AccessState, texture_count> states_;
};

}  // namespace

int produce(geyser::Channel channel, const Settings& settings) {
  Producer producer(std::move(channel), settings);
  if (auto done = producer.run(); !done) {
    std::fprintf(stderr, "producer: %s\n", done.error().to_string().c_str());
    return 1;
  }
  return 0;
}

}  // namespace demo
