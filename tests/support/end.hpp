// One end of a sharing pair, as tests see it: a manager, and a way to put pixels in and get them out with the API's
// own commands, inside an open access.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <geyser/geyser.hpp>

namespace geyser::test {

class End {
 public:
  virtual ~End() = default;
  virtual TextureShareManager& manager() = 0;
  // Whole textures in host packing.
  virtual Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) = 0;
  virtual Result<std::vector<std::byte>> read(SharedTexture& texture) = 0;
  // Waits for the device and lets go of what was destroyed while it may still have been in use.
  virtual Result<void> settle() { return {}; }
  // Destroys the manager; objects that were forgotten are then among the complaints.
  virtual void close() = 0;

  const std::string& name() const { return name_; }
  // What the API or its validation has complained about so far; a test fails when there is anything.
  std::vector<std::string> complaints;

 protected:
  explicit End(std::string name) : name_(std::move(name)) {}
  // Of a Vulkan manager that reports to the collector.
  void expect_misjudged_modifiers(bool are) { modifiers_are_misjudged_ = are; }
  DiagnosticHandler collector() {
    return [this](const GeyserError& error) {
      if (!is_false_alarm(error)) complaints.push_back(error.to_string());
    };
  }

 private:
  // Validation layer 1.4.309 keeps what it learnt of an exported descriptor under its number after the descriptor is
  // closed: a foreign one that gets the number later has, it thinks, the wrong size.
  // 1.3.239 sometimes has not noted, when the device is done with a semaphore, that its signal has been taken out as a
  // sync file, which is as good as a wait. It does not follow other semaphores that are exported.
  // And a driver that takes every memory plane for the first is asked by the format's planes, against the letter
  // (vulkan::PlaneAspects).
  // And where misjudges_modifiers() is true it finds fault with every copy of an image that has a modifier.
  bool is_false_alarm(const GeyserError& error) const {
    const std::string sentence = error.to_string();
    const auto has = [&](const char* words) { return sentence.find(words) != std::string::npos; };
    if (has("VUID-VkMemoryAllocateInfo-allocationSize-01742") || has("VUID-vkGetImageSubresourceLayout-tiling-09433") ||
        has("VUID-VkBindImagePlaneMemoryInfo-planeAspect-02284") ||
        has("VUID-VkImagePlaneMemoryRequirementsInfo-planeAspect-02282") ||
        (has("DrawState-QueueForwardProgress") && has("pSignalSemaphores[0]"))) {
      return true;
    }
    // In the words of the layers 1.3.239 and 1.4.309.
    return modifiers_are_misjudged_ && has("VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT") &&
           (has("VkFormatFeatureFlags (0x0) does not support required feature") ||
            has("VkFormatFeatureFlags2(0)) which in turn is missing the required feature"));
  }
  std::string name_;
  bool modifiers_are_misjudged_ = false;
};

// The manifest of a further Vulkan driver ("swiftshader", "mesa25"; ./dev drivers), from the environment variable
// GEYSER_SWIFTSHADER or GEYSER_MESA25; null when it is not there. "webgpu" is Dawn on SwiftShader, or on the driver of
// GEYSER_WEBGPU_DRIVER; where that is empty, on the system's.
const char* driver_manifest(const std::string& name);
// What this run is meant to show, from the environment variable GEYSER_RIG: "mesa" (tools/with_mesa25.sh: Mesa 25 is
// the system's own), "vm" (tools/rig/vm.sh), "forky" (tools/rig/forky.sh), "gpu" (tools/gpu-proof). What a rig must
// have is then expected.
bool is_rig(std::string_view name);
// What makes a Vulkan instance while this lives finds the driver of that name alone, or the system's where it has none.
class OnDriver {
 public:
  explicit OnDriver(const std::string& name);
  OnDriver(const OnDriver&) = delete;
  OnDriver& operator=(const OnDriver&) = delete;
  ~OnDriver();

 private:
  bool set_ = false;
};
// The GPU that ends are opened on, from the environment variable GEYSER_END_GPU (as nvidia-smi says it,
// GPU-01234567-...); none: each API's own choice.
std::optional<Uuid> chosen_gpu();
// Opens ends on the GPU of the environment variable GEYSER_SECOND_GPU, where there is one, for as long as it lives: the
// importers of a suite, on a machine with two.
class OnSecondGpu {
 public:
  OnSecondGpu();
  OnSecondGpu(const OnSecondGpu&) = delete;
  OnSecondGpu& operator=(const OnSecondGpu&) = delete;
  ~OnSecondGpu();
  static bool exists();

 private:
  std::optional<std::string> before_;
};
// Whether CUDA's driver, or what GEYSER_CUDA_LIBRARY names instead of it, starts and has a device.
bool has_cuda();
// Every end that can exist in this build, by name ("host", "vulkan", "opengl", "opengl_es", "webgpu", "metal", and the
// further drivers); "cuda" where has_cuda().
std::vector<std::string> end_names();
// Off where it is the ends' own memory and time that are looked at.
enum class Validation { on, off };
// Errors: not_available (no such name, no such driver).
Result<std::unique_ptr<End>> make_end(const std::string& name, Validation validation = Validation::on);

Result<std::unique_ptr<End>> make_host_end();
Result<std::unique_ptr<End>> make_vulkan_end(const std::string& name, Validation validation);
Result<std::unique_ptr<End>> make_opengl_end(const std::string& name, Validation validation);
Result<std::unique_ptr<End>> make_cuda_end(Validation validation);
Result<std::unique_ptr<End>> make_metal_end();
Result<std::unique_ptr<End>> make_cgl_end();
Result<std::unique_ptr<End>> make_d3d11_end();
Result<std::unique_ptr<End>> make_d3d12_end();
// Mesa 25.0's lavapipe has VK_KHR_format_feature_flags2 and leaves VkDrmFormatModifierPropertiesList2EXT empty, which
// is where the validation layer looks for what a modifier can.
bool misjudges_modifiers(const TextureShareManager& vulkan);
Result<std::unique_ptr<End>> make_webgpu_end(const std::string& name, Validation validation);
// Waits for a Vulkan manager's device, and destroys what waited for it.
Result<void> settle_vulkan(TextureShareManager& manager);

}  // namespace geyser::test
