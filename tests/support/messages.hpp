// Wire messages with everything in them.
#pragma once

#include <geyser/host.hpp>
#include <geyser/wire.hpp>

namespace geyser::test {

// Two textures and a fence of a host manager.
inline wire::Offer make_offer() {
  auto manager = *host::create_manager();
  TextureDescriptor descriptor;
  descriptor.extent = {33, 17, 1};
  descriptor.mip_levels = 3;
  descriptor.format = TextureFormat::rgba16_float;
  descriptor.label = "Vorschau \xc3\xa4";
  descriptor.picture = {PictureOrigin::bottom_left, AlphaMode::straight, ColorRange::limited, 9, 16, 9};
  wire::Offer offer;
  offer.agreement = *negotiate(descriptor, manager->capabilities(), manager->capabilities());
  offer.agreement.modifiers = {1, 2, 3};
  for (int i = 0; i < 2; ++i) {
    auto texture = *manager->create_texture(descriptor, offer.agreement);
    offer.textures.push_back(*manager->export_texture(*texture));
    offer.textures.back().identity.has_uuids = true;
    offer.textures.back().identity.device_uuid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    offer.textures.back().identity.has_pci = true;
    offer.textures.back().identity.pci = {0, 1, 2, 3};
    descriptor.format = TextureFormat::nv12;
    descriptor.extent = {32, 16, 1};
    descriptor.mip_levels = 1;
  }
  auto fence = *manager->create_fence(FenceKind::host_timeline);
  (void)fence->signal(3);
  offer.fences.push_back(*fence->export_handle());
  return offer;
}

inline wire::Hello make_hello() {
  auto manager = *host::create_manager();
  return {wire::protocol_version, "test", manager->capabilities()};
}

}  // namespace geyser::test
