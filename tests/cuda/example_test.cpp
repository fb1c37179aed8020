// The program examples/cuda_receiver.cpp beside a publisher: it says what the frames hold.
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "stream/scene.hpp"

namespace geyser::test {
namespace {

// Runs it beside a publisher of that end's; gives what it said.
std::string run_beside(const std::string& name) {
  const RuntimeDirectory directory;
  const std::shared_ptr<End> end = open_end(name);
  stream::PublisherOptions options;
  options.name = "feed";
  options.runtime_directory = directory.path();
  TextureDescriptor descriptor;
  descriptor.extent = {64, 8, 1};  // whole rows: no padding
  auto publisher = stream::Publisher::create(share(end), descriptor, options);
  EXPECT_TRUE(publisher) << publisher.error().to_string();
  if (!publisher) return {};
  const auto publish = [&](std::uint8_t value) {
    auto frame = publisher->begin_frame(patience);
    ASSERT_TRUE(frame) << frame.error().to_string();
    ASSERT_TRUE(end->fill(frame->texture(), std::vector<std::byte>(host_size(descriptor), std::byte{value})));
    ASSERT_TRUE(publisher->publish(*std::move(frame)));
  };
  publish(40);
  const std::string command = "GEYSER_RUNTIME_DIR=" + directory.path() + " " + GEYSER_EXAMPLE + " feed 3 2>&1";
  std::FILE* program = ::popen(command.c_str(), "r");
  EXPECT_NE(program, nullptr);
  if (program == nullptr) return {};
  // The program reads the first frame, and each of the next when it is there.
  std::string said;
  std::array<char, 256> line{};
  std::thread reading([&] {
    while (std::fgets(line.data(), line.size(), program) != nullptr) said += line.data();
  });
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t read = 0;
  for (std::uint8_t value = 41; read < 3 && std::chrono::steady_clock::now() - begin < patience;) {
    publisher->service();
    const auto listed = publisher->subscribers();
    if (!listed.empty() && listed[0].frames_read > read) {
      read = listed[0].frames_read;
      if (read < 3) publish(value++);
    }
    std::this_thread::sleep_for(1ms);
    if (listed.empty() && read > 0) break;
  }
  reading.join();
  const int status = ::pclose(program);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << said;
  return said;
}

void expect_lines(const std::string& said, std::initializer_list<const char*> lines) {
  for (const char* line : lines) EXPECT_NE(said.find(line), std::string::npos) << line << " is missing in:\n" << said;
}

TEST(CudaExample, ComputesWithEveryFrame) {
  expect_lines(run_beside("host"), {"frame 1: mean 40.00, an array", "frame 2: mean 41.00, an array",
                                    "frame 3: mean 42.00, an array", "path host_copy"});
}

// In another process than the publisher's, in the publisher's own memory.
TEST(CudaExample, TakesTheRowsOfAnotherCudaProgramAsTheyAre) {
  expect_lines(run_beside("cuda"), {"frame 1: mean 40.00, a tensor", "frame 2: mean 41.00, a tensor",
                                    "frame 3: mean 42.00, a tensor", "path zero_copy"});
}

}  // namespace
}  // namespace geyser::test
