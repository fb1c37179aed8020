#include "stream/fault_table/feeder.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "stream/fault_table/roles.hpp"
#include "stream/fault_table/watcher.hpp"
#include "stream/scene.hpp"

namespace geyser::test {

Result<Feeder> Feeder::open(std::shared_ptr<End> end, const std::string& directory, std::uint32_t ring_size) {
  stream::PublisherOptions options;
  options.name = table_feed;
  options.runtime_directory = directory;
  options.ring_size = ring_size;
  auto dropped = std::make_shared<std::string>();
  options.diagnostics = [dropped](const GeyserError& error) { *dropped = error.to_string(); };
  auto publisher = stream::Publisher::create(share(end), small_picture(), std::move(options));
  if (!publisher) return tl::unexpected(std::move(publisher.error()));
  return Feeder(std::move(end), *std::move(publisher), std::move(dropped));
}

void Feeder::step() {
  std::this_thread::sleep_until(next_);
  publish();
  next_ = std::max(next_ + interval, std::chrono::steady_clock::now());
}

void Feeder::publish() {
  const std::uint64_t begun = monotonic_ns();
  auto frame = publisher_.begin_frame();
  std::uint64_t inside = monotonic_ns() - begun;
  if (frame) {
    const std::uint64_t number = publisher_.statistics().frames_published + 1;
    const TextureDescriptor& descriptor = frame->texture().descriptor();
    const auto filled = end_->fill(frame->texture(), make_pattern(descriptor, seed_of(publisher_.feed().id, number)));
    // A picture that could not be drawn is no frame: it goes back with the access.
    if (filled) {
      const std::uint64_t drawn = monotonic_ns();
      const auto published = publisher_.publish(*std::move(frame));
      inside += monotonic_ns() - drawn;
      if (!published) problem_ = published.error().to_string();
    } else {
      problem_ = filled.error().to_string();
    }
  } else if (frame.error().code() != ErrorCode::timeout) {
    problem_ = frame.error().to_string();
  }
  longest_stall_us_ = std::max(longest_stall_us_, inside / 1000);
  const std::uint64_t revoked = publisher_.statistics().leases_revoked;
  smooth_frames_ = frame && revoked == revoked_ ? smooth_frames_ + 1 : 0;
  revoked_ = revoked;
}

void Feeder::forget() {
  longest_stall_us_ = 0;
  smooth_frames_ = 0;
  problem_.clear();
  dropped_->clear();
}

}  // namespace geyser::test
