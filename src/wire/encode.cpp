#include <geyser/wire.hpp>

#include <cstring>
#include <utility>

#include "common/text.hpp"
#include "geyser_generated.h"

namespace geyser::wire {

using detail::text;

namespace {

using flatbuffers::Offset;

constexpr std::uint32_t no_handle = ~std::uint32_t{0};

template <typename Enum>
std::uint8_t byte_of(Enum value) {
  return static_cast<std::uint8_t>(value);
}

fb::Uuid to_fb(const Uuid& uuid) {
  std::uint64_t words[2] = {};
  std::memcpy(words, uuid.data(), sizeof(words));
  return fb::Uuid(words[0], words[1]);
}

// At most `limit` bytes, without cutting a UTF-8 character in two.
std::string cut(const std::string& text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0U) == 0x80U) --limit;
  return text.substr(0, limit);
}

class Encoder {
 public:
  Result<EncodedMessage> encode(Message&& message) {
    Offset<void> body;
    const fb::Body type = std::visit([&](auto& value) { return add(value, body); }, message);
    if (!problem_.empty()) return fail(ErrorCode::invalid_argument, problem_);
    std::vector<std::uint8_t> kinds;
    for (const OwnedHandle& handle : handles_) {
      if (!handle_kind_info(handle.kind()).crosses_process) {
        return fail(ErrorCode::invalid_argument,
                    text("A handle of kind [", to_string(handle.kind()), "] is one that no message carries."));
      }
      kinds.push_back(byte_of(handle.kind()));
    }
    if (handles_.size() > max_message_handles) {
      return fail(ErrorCode::invalid_argument, text("The message has [", handles_.size(), "] handles, at most [",
                                                    max_message_handles, "] are possible."));
    }
    const auto kinds_offset = builder_.CreateVector(kinds);
    builder_.Finish(fb::CreateEnvelope(builder_, protocol_version, kinds_offset, type, body), fb::EnvelopeIdentifier());
    if (builder_.GetSize() > max_message_bytes) {
      return fail(ErrorCode::invalid_argument, text("The message has [", builder_.GetSize(), "] bytes, at most [",
                                                    max_message_bytes, "] are possible."));
    }
    EncodedMessage encoded;
    const auto* first = reinterpret_cast<const std::byte*>(builder_.GetBufferPointer());
    encoded.bytes.assign(first, first + builder_.GetSize());
    encoded.handles = std::move(handles_);
    return encoded;
  }

 private:
  std::uint32_t take(OwnedHandle& handle) {
    if (!handle.has_value()) problem_ = "A handle of the message is empty.";
    handles_.push_back(std::move(handle));
    return static_cast<std::uint32_t>(handles_.size() - 1);
  }

  Offset<flatbuffers::Vector<std::uint64_t>> add(const std::vector<std::uint64_t>& modifiers, const char* field) {
    if (modifiers.size() > max_modifiers) {
      problem_ =
          text("Field [", field, "] has [", modifiers.size(), "] entries, at most [", max_modifiers, "] are possible.");
    }
    return builder_.CreateVector(modifiers);
  }

  Offset<fb::Identity> add(const DeviceIdentity& identity) {
    const auto device_name = builder_.CreateString(cut(identity.device_name, max_name_bytes));
    const auto driver_name = builder_.CreateString(cut(identity.driver_name, max_name_bytes));
    const fb::Uuid device_uuid = to_fb(identity.device_uuid);
    const fb::Uuid driver_uuid = to_fb(identity.driver_uuid);
    std::uint64_t luid = 0;
    std::memcpy(&luid, identity.luid.data(), sizeof(luid));
    fb::IdentityBuilder out(builder_);
    out.add_has_uuids(identity.has_uuids);
    out.add_device_uuid(&device_uuid);
    out.add_driver_uuid(&driver_uuid);
    out.add_has_luid(identity.has_luid);
    out.add_luid(luid);
    out.add_node_mask(identity.node_mask);
    out.add_has_pci(identity.has_pci);
    out.add_pci_domain(identity.pci.domain);
    out.add_pci_bus(identity.pci.bus);
    out.add_pci_device(identity.pci.device);
    out.add_pci_function(identity.pci.function);
    out.add_has_render_node(identity.has_render_node);
    out.add_render_node_major(identity.render_node.major);
    out.add_render_node_minor(identity.render_node.minor);
    out.add_metal_registry_id(identity.metal_registry_id);
    out.add_device_name(device_name);
    out.add_driver_name(driver_name);
    return out.Finish();
  }

  Offset<fb::Descriptor> add(const TextureDescriptor& d) {
    const auto label = builder_.CreateString(d.label);
    const auto picture =
        fb::CreatePicture(builder_, byte_of(d.picture.origin), byte_of(d.picture.alpha), byte_of(d.picture.range),
                          d.picture.color_primaries, d.picture.transfer_characteristics, d.picture.matrix_coefficients);
    const fb::Extent extent(d.extent.width, d.extent.height, d.extent.depth);
    return fb::CreateDescriptor(builder_, byte_of(d.dimension), &extent, d.mip_levels, d.array_layers, d.samples,
                                static_cast<std::uint16_t>(d.format), static_cast<std::uint32_t>(d.usage), picture,
                                label);
  }

  Offset<fb::Layout> add(const MemoryLayout& layout) {
    std::vector<fb::MemoryPlane> planes;
    for (std::uint32_t i = 0; i < layout.plane_count && i < layout.planes.size(); ++i) {
      planes.emplace_back(layout.planes[i].handle_index, layout.planes[i].offset, layout.planes[i].stride);
    }
    const auto planes_offset = builder_.CreateVectorOfStructs(planes);
    return fb::CreateLayout(builder_, byte_of(layout.tiling), layout.modifier, layout.allocation_size,
                            layout.memory_type, layout.dedicated, layout.vulkan_usage, layout.vulkan_create_flags,
                            planes_offset, layout.keyed_mutex);
  }

  Offset<fb::Parcel> add(ApiTextureHandle& parcel) {
    std::vector<std::uint32_t> indices;
    for (std::uint32_t i = 0; i < parcel.handle_count && i < parcel.handles.size(); ++i) {
      indices.push_back(take(parcel.handles[i]));
    }
    const auto descriptor = add(parcel.descriptor);
    const auto layout = add(parcel.layout);
    const auto identity = add(parcel.identity);
    const auto indices_offset = builder_.CreateVector(indices);
    return fb::CreateParcel(builder_, descriptor, layout, identity, byte_of(parcel.api), byte_of(parcel.kind),
                            indices_offset);
  }

  Offset<flatbuffers::Vector<Offset<fb::Fence>>> add(std::vector<FenceHandle>& fences) {
    std::vector<Offset<fb::Fence>> out;
    for (FenceHandle& fence : fences) {
      const bool empty = fence.kind == FenceKind::sync_file && !fence.handle.has_value();
      const std::uint32_t handle = empty ? no_handle : take(fence.handle);
      out.push_back(fb::CreateFence(builder_, byte_of(fence.kind), fence.id, fence.value, handle));
    }
    return builder_.CreateVector(out);
  }

  Offset<flatbuffers::Vector<Offset<fb::Rung>>> add(const std::vector<Rung>& rungs) {
    std::vector<Offset<fb::Rung>> out;
    for (const Rung& rung : rungs) {
      const auto name = builder_.CreateString(cut(rung.name, max_name_bytes));
      const auto reason = builder_.CreateString(cut(rung.reason, max_text_bytes));
      out.push_back(fb::CreateRung(builder_, name, rung.chosen, reason));
    }
    return builder_.CreateVector(out);
  }

  Offset<fb::Capabilities> add(const Capabilities& capabilities) {
    const auto identity = add(capabilities.identity);
    std::vector<Offset<fb::TextureCapability>> textures;
    textures.reserve(capabilities.textures.size());
    for (const TextureCapability& row : capabilities.textures) {
      const fb::Extent extent(row.max_extent.width, row.max_extent.height, row.max_extent.depth);
      textures.push_back(fb::CreateTextureCapability(
          builder_, static_cast<std::uint16_t>(row.format), byte_of(row.handle_kind), byte_of(row.tiling), row.modifier,
          row.memory_plane_count, row.exportable, row.importable, row.requires_dedicated,
          static_cast<std::uint32_t>(row.usages), row.dimensions, &extent, row.max_mip_levels, row.max_array_layers,
          row.sample_counts, row.row_alignment, row.disjoint, row.requires_mutable_format, row.requires_whole_blocks));
    }
    const auto textures_offset = builder_.CreateVector(textures);
    std::vector<Offset<fb::FenceCapability>> fences;
    for (const FenceCapability& row : capabilities.fences) {
      fences.push_back(fb::CreateFenceCapability(builder_, byte_of(row.kind), row.exportable, row.importable,
                                                 row.gpu_wait, row.cpu_access));
    }
    const auto fences_offset = builder_.CreateVector(fences);
    std::vector<Offset<fb::PeerDevice>> peers;
    for (const PeerDevice& peer : capabilities.peers) {
      const auto whose = add(peer.identity);
      peers.push_back(fb::CreatePeerDevice(builder_, whose, peer.direct, peer.bandwidth));
    }
    const auto peers_offset = builder_.CreateVector(peers);
    return fb::CreateCapabilities(builder_, byte_of(capabilities.api), identity, textures_offset, fences_offset,
                                  peers_offset);
  }

  Offset<fb::Hello> add(const Hello& hello) {
    const auto program = builder_.CreateString(cut(hello.program, max_name_bytes));
    const auto capabilities = add(hello.capabilities);
    return fb::CreateHello(builder_, program, capabilities);
  }

  fb::Body add(Hello& hello, Offset<void>& body) {
    body = add(std::as_const(hello)).Union();
    return fb::Body::Hello;
  }

  Offset<fb::Offer> add(Offer& offer) {
    const Agreement& a = offer.agreement;
    const auto modifiers = add(a.modifiers, "agreement.modifiers");
    const auto rungs = add(a.rungs);
    const auto sync_rungs = add(a.sync_rungs);
    const auto agreement =
        fb::CreateAgreement(builder_, byte_of(a.path), byte_of(a.handle_kind), byte_of(a.tiling), modifiers,
                            a.dedicated, byte_of(a.sync_tier), byte_of(a.fence_kind), rungs, sync_rungs,
                            a.row_alignment, a.disjoint, a.mutable_format, a.bandwidth);
    std::vector<Offset<fb::Parcel>> textures;
    for (ApiTextureHandle& parcel : offer.textures) textures.push_back(add(parcel));
    const auto textures_offset = builder_.CreateVector(textures);
    const auto fences = add(offer.fences);
    return fb::CreateOffer(builder_, agreement, textures_offset, fences);
  }

  fb::Body add(Offer& offer, Offset<void>& body) {
    body = add(offer).Union();
    return fb::Body::Offer;
  }

  fb::Body add(Accept& accept, Offset<void>& body) {
    const auto fences = add(accept.fences);
    body = fb::CreateAccept(builder_, fences).Union();
    return fb::Body::Accept;
  }

  fb::Body add(Refusal& refusal, Offset<void>& body) {
    const auto message = builder_.CreateString(cut(refusal.message, max_text_bytes));
    body = fb::CreateRefusal(builder_, static_cast<std::uint16_t>(refusal.code), message).Union();
    return fb::Body::Refusal;
  }

  Offset<fb::Hdr> add(const stream::HdrMetadata& hdr) {
    const auto& c = hdr.chromaticity;
    const fb::Chromaticity points[4] = {{c[0][0], c[0][1]}, {c[1][0], c[1][1]}, {c[2][0], c[2][1]}, {c[3][0], c[3][1]}};
    return fb::CreateHdr(builder_, hdr.has_mastering_display, &points[0], &points[1], &points[2], &points[3],
                         hdr.max_luminance, hdr.min_luminance, hdr.has_content_light, hdr.max_content_light,
                         hdr.max_frame_average_light);
  }

  Offset<fb::FeedInfo> add(const stream::FeedInfo& info) {
    const auto name = builder_.CreateString(info.name);
    const auto application = builder_.CreateString(info.application);
    const auto device = builder_.CreateString(cut(info.device, max_name_bytes));
    const auto descriptor = add(info.descriptor);
    const auto hdr = add(info.hdr);
    return fb::CreateFeedInfo(builder_, name, application, info.id, info.process_id, info.listed, byte_of(info.api),
                              device, descriptor, info.ring_size, info.frame_rate.numerator,
                              info.frame_rate.denominator, hdr);
  }

  fb::Body add(Subscribe& subscribe, Offset<void>& body) {
    const auto hello = add(std::as_const(subscribe.hello));
    const NegotiationPolicy& p = subscribe.policy;
    const auto refused = add(p.refused_modifiers, "policy.refused_modifiers");
    const auto policy =
        fb::CreatePolicy(builder_, p.allow_dma_buf, p.allow_opaque, p.allow_gpu_copy, p.allow_host_linear,
                         p.allow_host_copy, byte_of(p.force_fence), refused, p.prefer_linear, !p.allow_io_surface);
    body = fb::CreateSubscribe(builder_, hello, policy, subscribe.every_frame, subscribe.max_leases).Union();
    return fb::Body::Subscribe;
  }

  fb::Body add(Pool& pool, Offset<void>& body) {
    const auto feed = add(pool.feed);
    const auto offer = add(pool.offer);
    const std::uint32_t ring_page = take(pool.ring_page);
    const std::uint32_t lease_page = take(pool.lease_page);
    body = fb::CreatePool(builder_, pool.generation, feed, offer, ring_page, lease_page).Union();
    return fb::Body::Pool;
  }

  fb::Body add(Fences& message, Offset<void>& body) {
    const auto fences = add(message.fences);
    body = fb::CreateFences(builder_, fences).Union();
    return fb::Body::Fences;
  }

  fb::Body add(Feed& feed, Offset<void>& body) {
    const auto info = add(feed.info);
    body = fb::CreateFeed(builder_, info).Union();
    return fb::Body::Feed;
  }

  flatbuffers::FlatBufferBuilder builder_{4096};
  std::vector<OwnedHandle> handles_;
  std::string problem_;
};

}  // namespace

Result<EncodedMessage> encode(Message&& message) {
  Message owned = std::move(message);
  return Encoder().encode(std::move(owned));
}

}  // namespace geyser::wire
