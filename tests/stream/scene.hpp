// A feed in a directory of its own, with ends of the test's choice.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <geyser/stream/directory.hpp>
#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

#include "process/child.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "support/system.hpp"

namespace geyser::test {

using namespace std::chrono_literals;

// Removed with everything in it; what is left in it then is `left_over()`.
class RuntimeDirectory {
 public:
  RuntimeDirectory() : path_(make_private_directory()) {}
  RuntimeDirectory(const RuntimeDirectory&) = delete;
  RuntimeDirectory& operator=(const RuntimeDirectory&) = delete;
  ~RuntimeDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::size_t left_over() const {
    const std::filesystem::directory_iterator all(path_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

 private:
  std::string path_;
};

// Streams share their manager; the end lives as long.
inline std::shared_ptr<TextureShareManager> share(const std::shared_ptr<End>& end) { return {end, &end->manager()}; }

inline std::shared_ptr<End> open_end(const std::string& name) {
  auto end = make_end(name);
  EXPECT_TRUE(end) << end.error().to_string();
  return end ? std::shared_ptr<End>(*std::move(end)) : nullptr;
}

inline TextureDescriptor small_picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {37, 23, 1};
  return descriptor;
}

// Publishes the pattern of `seed`; gives the frame's number.
inline Result<std::uint64_t> publish_pattern(End& end, stream::Publisher& publisher, std::uint32_t seed,
                                             const stream::FrameInfo& info = {}) {
  auto frame = publisher.begin_frame(patience);
  if (!frame) return tl::unexpected(std::move(frame.error()));
  auto filled = end.fill(frame->texture(), make_pattern(frame->texture().descriptor(), seed));
  if (!filled) return tl::unexpected(std::move(filled.error()));
  return publisher.publish(*std::move(frame), info);
}

// Acquires while serving the publisher, as two programs would side by side.
inline Result<stream::Frame> acquire_beside(stream::Publisher& publisher, stream::Subscriber& subscriber,
                                            std::chrono::nanoseconds timeout = patience) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    publisher.service();
    auto frame = subscriber.acquire(1ms);
    if (frame || frame.error().code() != ErrorCode::timeout || std::chrono::steady_clock::now() > end) return frame;
  }
}

inline void expect_pattern(End& end, stream::Frame& frame, std::uint32_t seed) {
  auto bytes = end.read(frame.texture());
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  const TextureDescriptor& descriptor = frame.texture().descriptor();
  EXPECT_EQ(difference(descriptor, make_pattern(descriptor, seed), *bytes), "");
}

}  // namespace geyser::test
