// Process B: samples each frame in its own shader, into its own texture.
#include <array>
#include <cstdio>
#include <cstring>

#include "channel_peer.hpp"
#include "picture.hpp"
#include "report.hpp"
#include "roles.hpp"

namespace demo {

using geyser::AccessMode;
using geyser::fail;
using geyser::Result;

namespace {

class Consumer {
 public:
  Consumer(geyser::Channel channel, const Settings& settings)
      : channel_(std::move(channel)), settings_(settings), report_(settings.json) {}

  Result<bool> run() {
    auto pass = make_pass(settings_.to, [](const geyser::GeyserError& error) {
      std::fprintf(stderr, "consumer: %s\n", error.to_string().c_str());
    });
    if (!pass) return fail(std::move(pass.error()));
    pass_ = *std::move(pass);
    auto session = accept(channel_, *pass_);
    if (!session) return fail(std::move(session.error()));
    session_ = *std::move(session);
    if (session_.textures.empty()) return fail(geyser::ErrorCode::protocol, "The Offer has no textures.");
    report_.agreed(session_, pass_->manager().capabilities());
    Picture last;
    last.extent = session_.textures[0]->descriptor().extent;
    auto screen = PlainTexture::create(*pass_, last.extent);
    if (!screen) return fail(std::move(screen.error()));
    for (std::uint64_t number = 0; number < settings_.frames; ++number) {
      if (auto shown = show(number, *screen); !shown) return fail(std::move(shown.error()));
    }
    auto pixels = screen->get();
    if (!pixels) return fail(std::move(pixels.error()));
    last.pixels = *std::move(pixels);
    if (auto saved = save_picture(settings_.output, last); !saved) return fail(std::move(saved.error()));
    return report_.finished(settings_.output);
  }

 private:
  Result<void> show(std::uint64_t number, PlainTexture& screen) {
    auto frame = channel_.receive_frame(session_.all, patience);
    if (!frame) return fail(std::move(frame.error()));
    if (frame->texture >= session_.textures.size()) {
      return fail(geyser::ErrorCode::protocol, "The frame's texture is not in the Offer.");
    }
    auto state = geyser::wire::to_access_state(*frame, session_.all);
    if (!state) return fail(std::move(state.error()));
    geyser::SharedTexture& texture = *session_.textures[frame->texture];
    auto access = texture.begin_access(AccessMode::read, *state);
    if (!access) return fail(std::move(access.error()));
    const std::uint64_t latency = monotonic_ns() - frame->clock_ns;
    if (auto filled = screen.fill(*pass_, texture); !filled) return filled;
    auto next = texture.end_access(*std::move(access));
    if (!next) return fail(std::move(next.error()));
    if (number % check_every == 0) {
      if (auto compared = compare(screen); !compared) return compared;
    }
    std::uint64_t copied = copied_by_producer_;
    for (const auto& shared : session_.textures) copied += shared->statistics().bytes_copied;
    report_.frame(latency, copied);
    return send_state(channel_, *next, frame->texture, frame->number);
  }

  Result<void> compare(PlainTexture& screen) {
    auto pixels = screen.get();
    if (!pixels) return fail(std::move(pixels.error()));
    std::array<std::byte, 64> bytes{};
    std::vector<geyser::OwnedHandle> handles;
    auto size = channel_.receive(bytes, handles, patience);
    if (!size) return fail(std::move(size.error()));
    std::array<std::uint64_t, 2> words{};  // the frame's checksum, the bytes that the producer's side has copied
    if (*size != sizeof(words)) return fail(geyser::ErrorCode::protocol, "A check has 16 bytes.");
    std::memcpy(words.data(), bytes.data(), sizeof(words));
    ++report_.checks;
    if (checksum(*pixels) != words[0]) ++report_.wrong_checks;
    copied_by_producer_ = words[1];
    return {};
  }

  geyser::Channel channel_;
  Settings settings_;
  Report report_;
  std::unique_ptr<Pass> pass_;
  Session session_;
  std::uint64_t copied_by_producer_ = 0;  // as of the last check
};

}  // namespace

int consume(geyser::Channel channel, const Settings& settings) {
  Consumer consumer(std::move(channel), settings);
  auto good = consumer.run();
  if (!good) {
    std::fprintf(stderr, "consumer: %s\n", good.error().to_string().c_str());
    return 1;
  }
  return *good ? 0 : 1;
}

}  // namespace demo
