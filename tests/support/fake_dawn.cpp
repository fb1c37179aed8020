// Stands for a libwebgpu_dawn of another version, which tests find by LD_LIBRARY_PATH. The environment variable
// GEYSER_FAKE_DAWN says what is wrong with it: "features" (their numbers have moved), "functions" (one of them is
// missing), "instance" (nothing, but it makes none).
#include <webgpu/webgpu.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

bool is_wrong(std::string_view what) {
  const char* wrong = std::getenv("GEYSER_FAKE_DAWN");
  return wrong != nullptr && wrong == what;
}

struct FeatureInfo {
  const char* name;
};

struct NamedFeature {
  std::uint32_t number;
  FeatureInfo info;
};
constexpr NamedFeature features[] = {
    {WGPUFeatureName_AdapterPropertiesVk, {"adapter-properties-vk"}},
    {WGPUFeatureName_SharedTextureMemoryDmaBuf, {"shared-texture-memory-dma-buf"}},
    {WGPUFeatureName_SharedTextureMemoryOpaqueFD, {"shared-texture-memory-opaque-fd"}},
    {WGPUFeatureName_SharedFenceVkSemaphoreOpaqueFD, {"shared-fence-vk-semaphore-opaque-fd"}},
    {WGPUFeatureName_SharedFenceSyncFD, {"shared-fence-sync-fd"}},
    {WGPUFeatureName_AdapterPropertiesDrm, {"adapter-properties-drm"}},
    {WGPUFeatureName_DawnDrmFormatCapabilities, {"dawn-drm-format-capabilities"}},
    {WGPUFeatureName_DawnMultiPlanarFormats, {"dawn-multi-planar-formats"}},
    {WGPUFeatureName_Unorm16TextureFormats, {"unorm16texture-formats"}},
    {WGPUFeatureName_TextureCompressionUnaligned, {"texture-compression-unaligned"}},
};

void* nothing() { return nullptr; }

}  // namespace

extern "C" {

__attribute__((visibility("default"))) WGPUProc wgpuGetProcAddress(WGPUStringView name) {
  if (is_wrong("functions") && std::string_view(name.data) == "wgpuDeviceImportSharedTextureMemory") return nullptr;
  return reinterpret_cast<WGPUProc>(&nothing);
}

// dawn::native::GetFeatureInfo(wgpu::FeatureName)
__attribute__((visibility("default"))) const FeatureInfo* fake_feature_info(std::uint32_t number) __asm__(
    "_ZN4dawn6native14GetFeatureInfoEN4wgpu11FeatureNameE");
const FeatureInfo* fake_feature_info(std::uint32_t number) {
  for (const NamedFeature& feature : features) {
    if (feature.number + (is_wrong("features") ? 1 : 0) == number) return &feature.info;
  }
  return nullptr;
}

}  // extern "C"
