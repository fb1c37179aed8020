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
  offer.agreement.mutable_format = true;
  offer.agreement.bandwidth = 123'456'789'012U;
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
  offer.agreement.disjoint = true;
  auto fence = *manager->create_fence(FenceKind::host_timeline);
  (void)fence->signal(3);
  offer.fences.push_back(*fence->export_handle());
  return offer;
}

inline wire::Hello make_hello() {
  auto manager = *host::create_manager();
  Capabilities capabilities = manager->capabilities();
  capabilities.textures.front().disjoint = true;
  capabilities.textures.at(0).requires_mutable_format = true;
  capabilities.textures.at(1).requires_whole_blocks = true;
  DeviceIdentity peer;
  peer.has_uuids = true;
  peer.device_uuid[3] = 9;
  peer.device_name = "another";
  capabilities.peers.push_back({peer, true, 400'000'000'000U});
  return {wire::protocol_version, "test", std::move(capabilities)};
}

inline stream::FeedInfo make_feed() {
  stream::FeedInfo feed;
  feed.name = "Vorschau \xc3\xa4";
  feed.application = "test";
  feed.id = 77;
  feed.process_id = 1234;
  feed.listed = false;
  feed.api = Api::opengl;
  feed.device = "llvmpipe";
  feed.descriptor.extent = {33, 17, 1};
  feed.ring_size = 2;
  feed.frame_rate = {30000, 1001};
  feed.hdr.has_mastering_display = true;
  feed.hdr.chromaticity = {{{1, 2}, {3, 4}, {5, 6}, {7, 8}}};
  feed.hdr.max_luminance = 10000000;
  feed.hdr.min_luminance = 50;
  feed.hdr.has_content_light = true;
  feed.hdr.max_content_light = 1000;
  feed.hdr.max_frame_average_light = 400;
  return feed;
}

inline wire::Subscribe make_subscribe() {
  wire::Subscribe subscribe;
  subscribe.hello = make_hello();
  subscribe.policy.allow_opaque = false;
  subscribe.policy.prefer_linear = true;
  subscribe.policy.allow_io_surface = false;
  subscribe.policy.force_fence = FenceKind::host_timeline;
  subscribe.policy.refused_modifiers = {77, 0};
  subscribe.every_frame = true;
  subscribe.max_leases = 3;
  return subscribe;
}

inline wire::Pool make_pool() {
  wire::Pool pool;
  pool.generation = 9;
  pool.feed = make_feed();
  pool.offer = make_offer();
  // Any shared memory: what is in the pages is not the wire's business.
  auto manager = *host::create_manager();
  for (OwnedHandle* page : {&pool.ring_page, &pool.lease_page}) {
    auto fence = *manager->create_fence(FenceKind::host_timeline);
    *page = std::move(fence->export_handle()->handle);
  }
  return pool;
}

}  // namespace geyser::test
