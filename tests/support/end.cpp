#include "support/end.hpp"

#include <cstdlib>
#include <string_view>

#include "support/system.hpp"

namespace geyser::test {

const char* driver_manifest(const std::string& name) {
  if (name == "swiftshader") return std::getenv("GEYSER_SWIFTSHADER");
  if (name == "mesa25") return std::getenv("GEYSER_MESA25");
  if (name == "webgpu") {
    const char* other = std::getenv("GEYSER_WEBGPU_DRIVER");
    return other != nullptr ? other : std::getenv("GEYSER_SWIFTSHADER");
  }
  return nullptr;
}

// The loader reads the variable whenever an instance is made.
OnDriver::OnDriver(const std::string& name) {
  const char* driver = driver_manifest(name);
  set_ = driver != nullptr && *driver != '\0';
  if (set_) set_environment("VK_DRIVER_FILES", driver);
}

OnDriver::~OnDriver() {
  if (set_) set_environment("VK_DRIVER_FILES", nullptr);
}

std::optional<Uuid> chosen_gpu() {
  const char* said = std::getenv("GEYSER_END_GPU");
  if (said == nullptr) return std::nullopt;
  const std::string_view digits = "0123456789abcdef";
  Uuid uuid{};
  std::size_t count = 0;
  for (const char letter : std::string_view(said).substr(std::string_view("GPU-").size())) {
    const std::size_t digit = digits.find(letter);
    if (digit == std::string_view::npos) continue;
    auto& byte = uuid.at(count++ / 2);
    byte = static_cast<std::uint8_t>(byte * 16U + digit);
  }
  return uuid;
}

OnSecondGpu::OnSecondGpu() {
  const char* second = std::getenv("GEYSER_SECOND_GPU");
  if (second == nullptr) return;
  if (const char* first = std::getenv("GEYSER_END_GPU")) before_ = first;
  set_environment("GEYSER_END_GPU", second);
}

OnSecondGpu::~OnSecondGpu() {
  if (exists()) set_environment("GEYSER_END_GPU", before_ ? before_->c_str() : nullptr);
}

bool OnSecondGpu::exists() { return std::getenv("GEYSER_SECOND_GPU") != nullptr; }

bool is_rig(std::string_view name) {
  const char* rig = std::getenv("GEYSER_RIG");
  return rig != nullptr && rig == name;
}

std::vector<std::string> end_names() {
  std::vector<std::string> names{"host"};
#ifdef GEYSER_TEST_VULKAN
  names.emplace_back("vulkan");
  for (const char* name : {"swiftshader", "mesa25"}) {
    // In a rig that runs with Mesa 25 as if it were the system's, "vulkan" is that one.
    if (name == std::string("mesa25") && is_rig("mesa")) continue;
    if (driver_manifest(name) != nullptr) names.emplace_back(name);
  }
#endif
#ifdef GEYSER_TEST_OPENGL
  names.emplace_back("opengl");
#ifndef GEYSER_TEST_DX_INTEROP  // which OpenGL ES has not
  names.emplace_back("opengl_es");
#endif
#endif
#ifdef GEYSER_TEST_WEBGPU
  if (driver_manifest("webgpu") != nullptr) names.emplace_back("webgpu");
#endif
#ifdef GEYSER_TEST_CUDA
  if (has_cuda()) names.emplace_back("cuda");
#endif
#ifdef GEYSER_TEST_D3D11
  names.emplace_back("d3d11");
#endif
#ifdef GEYSER_TEST_D3D12
  names.emplace_back("d3d12");
#endif
#ifdef GEYSER_TEST_METAL
  names.emplace_back("metal");
#endif
#ifdef GEYSER_TEST_CGL
  names.emplace_back("opengl");
#endif
#ifdef GEYSER_TEST_MOLTENVK
  names.emplace_back("moltenvk");
#endif
  return names;
}

Result<std::unique_ptr<End>> make_end(const std::string& name, [[maybe_unused]] Validation validation) {
  if (name == "host") return make_host_end();
#ifdef GEYSER_TEST_VULKAN
  if (name == "vulkan" || name == "swiftshader" || name == "mesa25") return make_vulkan_end(name, validation);
#endif
#ifdef GEYSER_TEST_OPENGL
  if (name == "opengl" || name == "opengl_es") return make_opengl_end(name, validation);
#endif
#ifdef GEYSER_TEST_WEBGPU
  if (name == "webgpu") return make_webgpu_end(name, validation);
#endif
#ifdef GEYSER_TEST_CUDA
  if (name == "cuda") return make_cuda_end(validation);
#endif
#ifdef GEYSER_TEST_D3D11
  if (name == "d3d11") return make_d3d11_end();
#endif
#ifdef GEYSER_TEST_D3D12
  if (name == "d3d12") return make_d3d12_end();
#endif
#ifdef GEYSER_TEST_METAL
  if (name == "metal") return make_metal_end();
#endif
#ifdef GEYSER_TEST_CGL
  if (name == "opengl") return make_cgl_end();
#endif
#ifdef GEYSER_TEST_MOLTENVK
  // The layers of whoever made the machine's Vulkan say nothing of Metal's objects.
  if (name == "moltenvk") return make_vulkan_end(name, Validation::off);
#endif
  return fail(ErrorCode::not_available, "No end is named [" + name + "].");
}

}  // namespace geyser::test
