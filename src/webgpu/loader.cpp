#include "webgpu/loader.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "common/text.hpp"
#include "webgpu/system.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

constexpr std::array<NamedFeature, 3> common_features{{
    {WGPUFeatureName_DawnMultiPlanarFormats, "dawn-multi-planar-formats"},
    {WGPUFeatureName_Unorm16TextureFormats, "unorm16texture-formats"},
    {WGPUFeatureName_TextureCompressionUnaligned, "texture-compression-unaligned"},
}};

// Dawn has no version to ask for, and its numbers for what the standard does not have move. So they are checked by
// their names: those of features here, by the one function of dawn::native that gives them (a free function of one
// number), where the library exports it;
// those of chained structures when there is a device, by the error for one that is out of place (device.cpp).
Result<void> check_features(const platform::DynamicLibrary& library) {
  struct FeatureInfo {
    const char* name;
  };
  using GetFeatureInfo = const FeatureInfo* (*)(std::uint32_t);
  const auto info = reinterpret_cast<GetFeatureInfo>(library.symbol(feature_info_symbol()));
  if (info == nullptr) return {};
  const auto check = [&](const NamedFeature& known) -> Result<void> {
    const FeatureInfo* theirs = info(static_cast<std::uint32_t>(known.feature));
    const std::string_view name = theirs != nullptr ? theirs->name : "none";
    if (name != known.name) {
      return fail(ErrorCode::version_mismatch,
                  text("Feature [", static_cast<std::uint32_t>(known.feature), "] is [", known.name,
                       "] in the header that Geyser was built with, but [", name, "] in the Dawn that is loaded."));
    }
    return {};
  };
  for (const std::span<const NamedFeature> features :
       {shared_features(), std::span<const NamedFeature>(common_features)}) {
    for (const NamedFeature& known : features) {
      if (auto same = check(known); !same) return same;
    }
  }
  return {};
}

}  // namespace

Result<Loader> load(GetProcAddress get_proc_address) {
  Loader loader;
  if (get_proc_address == nullptr) {
    auto library = platform::DynamicLibrary::open(library_names());
    if (!library) return fail(std::move(library.error()).during("loading Dawn"));
    loader.library = *std::move(library);
    get_proc_address = reinterpret_cast<GetProcAddress>(loader.library.symbol("wgpuGetProcAddress"));
    if (get_proc_address == nullptr) {
      return fail(ErrorCode::not_available, "Dawn's library has no [wgpuGetProcAddress].");
    }
    if (auto same = check_features(loader.library); !same) return fail(std::move(same.error()));
  }
  loader.get_proc_address = get_proc_address;
  const char* missing = nullptr;
#define GEYSER_WGPU_LOAD(name)                                                                                 \
  loader.functions.name =                                                                                      \
      reinterpret_cast<decltype(loader.functions.name)>(get_proc_address(WGPUStringView{#name, WGPU_STRLEN})); \
  if (loader.functions.name == nullptr) missing = #name;
  GEYSER_WGPU_FUNCTIONS(GEYSER_WGPU_LOAD)
#undef GEYSER_WGPU_LOAD
  if (missing != nullptr) {
    return fail(ErrorCode::version_mismatch,
                text("The WebGPU library has no [", missing, "], which Dawn of the header's version has."));
  }
  return loader;
}

}  // namespace geyser::webgpu
