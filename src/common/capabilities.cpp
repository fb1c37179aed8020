#include <geyser/capabilities.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace geyser {

std::string_view to_string(Api api) noexcept {
  static constexpr std::array<std::string_view, 10> names{"host", "vulkan", "opengl", "opengl_es", "webgpu",
                                                          "cuda", "metal",  "d3d11",  "d3d12",     "gbm"};
  const auto index = static_cast<std::size_t>(api);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

const PeerDevice* find_peer(const Capabilities& capabilities, const DeviceIdentity& identity) noexcept {
  const auto found = std::find_if(capabilities.peers.begin(), capabilities.peers.end(), [&](const PeerDevice& peer) {
    return same_device_and_driver(peer.identity, identity);
  });
  return found != capabilities.peers.end() ? &*found : nullptr;
}

std::vector<TextureCapability> rows_of(const Capabilities& capabilities, TextureFormat format) {
  std::vector<TextureCapability> rows;
  std::copy_if(capabilities.textures.begin(), capabilities.textures.end(), std::back_inserter(rows),
               [&](const TextureCapability& row) { return row.format == format; });
  return rows;
}

}  // namespace geyser
