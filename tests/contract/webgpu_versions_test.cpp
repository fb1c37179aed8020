// A libwebgpu_dawn that is not the header's. Found are fakes of it (tests/support/fake_dawn.cpp, by LD_LIBRARY_PATH);
// what Dawn itself says of structures that have moved is webgpu_test.cpp's.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include <geyser/webgpu.hpp>

#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

std::string refusal(const char* wrong, ErrorCode code) {
  const std::size_t before = open_descriptors();
  setenv("GEYSER_FAKE_DAWN", wrong, 1);
  const auto made = webgpu::create_manager();
  unsetenv("GEYSER_FAKE_DAWN");
  EXPECT_FALSE(made);
  if (made) return {};
  EXPECT_EQ(made.error().code(), code) << made.error().to_string();
  EXPECT_EQ(open_descriptors(), before);
  return made.error().message();
}

TEST(WebGpuVersions, FeaturesHaveTheHeadersNumbers) {
  const std::string words = refusal("features", ErrorCode::version_mismatch);
  EXPECT_NE(words.find("is [adapter-properties-vk] in the header that Geyser was built with, but ["), std::string::npos)
      << words;
}

TEST(WebGpuVersions, EveryFunctionIsThere) {
  EXPECT_EQ(refusal("functions", ErrorCode::version_mismatch),
            "The WebGPU library has no [wgpuDeviceImportSharedTextureMemory], which Dawn of the header's version has.");
}

TEST(WebGpuVersions, TheOneThatFitsIsUsed) {
  EXPECT_EQ(refusal("instance", ErrorCode::not_available), "wgpuCreateInstance gives no instance.");
}

TEST(WebGpuVersions, AlsoForWhoOnlyAsksWhatADeviceNeeds) {
  setenv("GEYSER_FAKE_DAWN", "features", 1);
  int adapter = 0;
  const auto features = webgpu::device_requirements(reinterpret_cast<WGPUAdapter>(&adapter));
  unsetenv("GEYSER_FAKE_DAWN");
  ASSERT_FALSE(features);
  EXPECT_EQ(features.error().code(), ErrorCode::version_mismatch);
}

}  // namespace
}  // namespace geyser::test
