// A feed for tests/tool/video.py: it states 50 frames a second and shows 10, red of 64x48 for a second, then, from a
// publisher that has changed its size, blue of 96x96; then it ends. Starts when somebody listens.
#include <cstdio>
#include <cstring>
#include <thread>

#include <geyser/host.hpp>
#include <geyser/stream/publisher.hpp>

namespace {

using namespace geyser;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

bool show(stream::Publisher& publisher, Clock::time_point& due, std::array<std::uint8_t, 4> colour) {
  for (int i = 0; i < 10; ++i, due += 100ms) {
    std::this_thread::sleep_until(due);
    auto frame = publisher.begin_frame(1s);
    if (!frame) return false;
    auto bytes = host::bytes(frame->texture());
    if (!bytes) return false;
    for (std::size_t at = 0; at + 4 <= bytes->size(); at += 4) std::memcpy(bytes->data() + at, colour.data(), 4);
    if (!publisher.publish(*std::move(frame))) return false;
  }
  return true;
}

}  // namespace

int main(int, char** words) {
  auto manager = host::create_manager();
  if (!manager) return 1;
  TextureDescriptor descriptor;
  descriptor.extent = {64, 48, 1};
  stream::PublisherOptions options;
  options.name = words[1];
  options.frame_rate = {50, 1};
  options.back_pressure = true;
  auto publisher = stream::Publisher::create(std::shared_ptr<TextureShareManager>(*std::move(manager)), descriptor,
                                             std::move(options));
  if (!publisher) return 1;
  std::puts("Publishing");
  std::fflush(stdout);
  for (int i = 0; i < 6000 && !publisher->has_subscribers(); ++i) {
    publisher->service();
    std::this_thread::sleep_for(10ms);
  }
  auto due = Clock::now();
  if (!show(*publisher, due, {255, 0, 0, 255})) return 1;
  std::this_thread::sleep_until(due);
  descriptor.extent = {96, 96, 1};
  if (!publisher->reconfigure(descriptor) || !show(*publisher, due, {0, 0, 255, 255})) return 1;
  std::this_thread::sleep_until(due);
  return 0;
}
