// Nothing is trusted: the buffer is verified, every number is checked for its range, every handle is used exactly
// once, and what is decoded passes the same validate() as a caller's own values.
#include <geyser/wire.hpp>

#include <cstring>
#include <utility>

#include "common/text.hpp"
#include "common/utf8.hpp"
#include "geyser_generated.h"

namespace geyser::wire {

using detail::text;

namespace {

constexpr std::size_t max_textures = 16;
constexpr std::size_t max_fences = 32;
constexpr std::size_t max_rows = 8192;
constexpr std::size_t max_rungs = 16;
constexpr std::uint32_t no_handle = ~std::uint32_t{0};

// Collects the first problem; whatever is read after it does not matter.
class Decoder {
 public:
  explicit Decoder(std::vector<OwnedHandle>& handles) : handles_(handles), used_(handles.size(), false) {}

  Result<Message> decode(const fb::Envelope& envelope) {
    const std::size_t kinds = envelope.handle_kinds() != nullptr ? envelope.handle_kinds()->size() : 0;
    if (kinds != handles_.size()) {
      return fail(ErrorCode::protocol, text("Field [handle_kinds] names [", kinds, "] handles, but [", handles_.size(),
                                            "] came with the message."));
    }
    for (std::size_t i = 0; i < kinds; ++i) {
      const auto kind = enumerator<HandleKind>(envelope.handle_kinds()->Get(static_cast<flatbuffers::uoffset_t>(i)), 1,
                                               handle_kind_count - 1, "handle_kinds");
      // A number must not be taken for a handle of this process, nor a handle be kept as a number that nobody closes.
      if (handle_kind_info(kind).is_global_number != handle_kind_info(handles_[i].kind()).is_global_number) {
        return fail(ErrorCode::protocol, text("Field [handle_kinds] says [", to_string(kind), "], but handle [", i,
                                              "] came as another thing."));
      }
      // An object's handle is a pointer: a peer that could name this kind could have any number called one.
      if (kind != HandleKind::none && !handle_kind_info(kind).crosses_process) {
        return fail(ErrorCode::protocol,
                    text("Field [handle_kinds] names [", to_string(kind), "], which no message carries."));
      }
      handles_[i] = OwnedHandle::adopt(kind, handles_[i].detach());
    }
    Message message;
    switch (envelope.body_type()) {
      case fb::Body::Hello:
        message = hello(envelope.body_as_Hello());
        break;
      case fb::Body::Offer:
        message = offer(envelope.body_as_Offer());
        break;
      case fb::Body::Accept:
        message = accept(envelope.body_as_Accept());
        break;
      case fb::Body::Refusal:
        message = refusal(envelope.body_as_Refusal());
        break;
      case fb::Body::Subscribe:
        message = subscribe(envelope.body_as_Subscribe());
        break;
      case fb::Body::Pool:
        message = pool(envelope.body_as_Pool());
        break;
      case fb::Body::Feed:
        message = feed(envelope.body_as_Feed());
        break;
      case fb::Body::Fences:
        message = newer_fences(envelope.body_as_Fences());
        break;
      case fb::Body::NONE:
        complain("body", "is missing");
        break;
      default:
        complain("body", "is of an unknown type");
    }
    for (std::size_t i = 0; i < used_.size() && problem_.empty(); ++i) {
      if (!used_[i]) complain("handle_kinds", text("has handle [", i, "], which nothing uses"));
    }
    if (!problem_.empty()) return fail(code_, problem_);
    return message;
  }

 private:
  void complain(const char* field, const std::string& what, ErrorCode code = ErrorCode::protocol) {
    if (!problem_.empty()) return;
    problem_ = text("Field [", field, "] ", what, ".");
    code_ = code;
  }

  // Whether a required table is there.
  bool has(const void* table, const char* field) {
    if (table == nullptr) complain(field, "is missing");
    return table != nullptr;
  }

  template <typename Enum>
  Enum enumerator(std::uint64_t value, std::uint64_t first, std::uint64_t last, const char* field) {
    if (value < first || value > last) {
      complain(field, text("is [", value, "], outside [", first, "] to [", last, "]"));
      return static_cast<Enum>(first);
    }
    return static_cast<Enum>(value);
  }

  TextureFormat format(std::uint16_t value) {
    const auto result = static_cast<TextureFormat>(value);
    if (format_info(result).format == TextureFormat::unknown)
      complain("format", text("is [", value, "], which is none"));
    return result;
  }

  std::string string(const flatbuffers::String* value, std::size_t limit, const char* field) {
    if (value == nullptr) return {};
    if (value->size() > limit) {
      complain(field, text("has [", value->size(), "] bytes, at most [", limit, "] are allowed"));
      return {};
    }
    if (!detail::is_utf8({value->c_str(), value->size()})) complain(field, "is not UTF-8");
    return value->str();
  }

  template <typename Vector>
  std::size_t count(const Vector* vector, std::size_t limit, const char* field) {
    if (vector == nullptr) return 0;
    if (vector->size() > limit) {
      complain(field, text("has [", vector->size(), "] entries, at most [", limit, "] are allowed"));
      return 0;
    }
    return vector->size();
  }

  // FlatBuffers' verifier looks at where a vector begins, not at what its elements need.
  template <typename Vector>
  bool is_aligned(const Vector* vector, std::size_t alignment, const char* field) {
    if (vector == nullptr || vector->size() == 0) return true;  // an empty one need not be aligned, and is not read
    if (reinterpret_cast<std::uintptr_t>(vector->Data()) % alignment == 0) return true;
    complain(field, "is misaligned");
    return false;
  }

  OwnedHandle take(std::uint32_t index, const char* field) {
    if (index >= handles_.size() || used_[index]) {
      complain(field, text(index < handles_.size() ? "uses a second time" : "names", " handle [", index, "] of [",
                           handles_.size(), "]"));
      return {};
    }
    used_[index] = true;
    return std::move(handles_[index]);
  }

  static Uuid uuid(const fb::Uuid* value) {
    Uuid result{};
    if (value == nullptr) return result;
    const std::uint64_t words[2] = {value->low(), value->high()};
    std::memcpy(result.data(), words, sizeof(words));
    return result;
  }

  DeviceIdentity identity(const fb::Identity* in) {
    DeviceIdentity out;
    if (!has(in, "identity")) return out;
    out.has_uuids = in->has_uuids();
    out.device_uuid = uuid(in->device_uuid());
    out.driver_uuid = uuid(in->driver_uuid());
    out.has_luid = in->has_luid();
    const std::uint64_t luid = in->luid();
    std::memcpy(out.luid.data(), &luid, sizeof(luid));
    out.node_mask = in->node_mask();
    out.has_pci = in->has_pci();
    out.pci = {in->pci_domain(), in->pci_bus(), in->pci_device(), in->pci_function()};
    out.has_render_node = in->has_render_node();
    out.render_node = {in->render_node_major(), in->render_node_minor()};
    out.metal_registry_id = in->metal_registry_id();
    out.device_name = string(in->device_name(), max_name_bytes, "identity.device_name");
    out.driver_name = string(in->driver_name(), max_name_bytes, "identity.driver_name");
    return out;
  }

  Extent3D extent(const fb::Extent* in, const char* field) {
    if (in == nullptr) {
      complain(field, "is missing");
      return {};
    }
    return {in->width(), in->height(), in->depth()};
  }

  TextureDescriptor descriptor(const fb::Descriptor* in) {
    TextureDescriptor out;
    if (!has(in, "descriptor")) return out;
    out.dimension = enumerator<TextureDimension>(in->dimension(), 0, 4, "descriptor.dimension");
    out.extent = extent(in->extent(), "descriptor.extent");
    out.mip_levels = in->mip_levels();
    out.array_layers = in->array_layers();
    out.samples = in->samples();
    out.format = format(in->format());
    if ((in->usage() & ~static_cast<std::uint32_t>(all_texture_usages)) != 0) {
      complain("descriptor.usage", text("is [", in->usage(), "], which has unknown bits"));
    }
    out.usage = static_cast<TextureUsage>(in->usage());
    out.label = string(in->label(), max_label_bytes, "descriptor.label");
    const fb::Picture* picture = in->picture();
    if (!has(picture, "descriptor.picture")) return out;
    out.picture.origin = enumerator<PictureOrigin>(picture->origin(), 0, 1, "picture.origin");
    out.picture.alpha = enumerator<AlphaMode>(picture->alpha(), 0, 2, "picture.alpha");
    out.picture.range = enumerator<ColorRange>(picture->range(), 0, 1, "picture.range");
    out.picture.color_primaries = picture->color_primaries();
    out.picture.transfer_characteristics = picture->transfer_characteristics();
    out.picture.matrix_coefficients = picture->matrix_coefficients();
    return out;
  }

  MemoryLayout layout(const fb::Layout* in) {
    MemoryLayout out;
    if (!has(in, "layout")) return out;
    out.tiling = enumerator<Tiling>(in->tiling(), 0, 3, "layout.tiling");
    out.modifier = in->modifier();
    out.allocation_size = in->allocation_size();
    out.memory_type = in->memory_type();
    out.dedicated = in->dedicated();
    out.vulkan_usage = in->vulkan_usage();
    out.vulkan_create_flags = in->vulkan_create_flags();
    out.keyed_mutex = in->keyed_mutex();
    if (!is_aligned(in->planes(), alignof(fb::MemoryPlane), "layout.planes")) return out;
    out.plane_count = static_cast<std::uint32_t>(count(in->planes(), max_memory_planes, "layout.planes"));
    for (std::uint32_t i = 0; i < out.plane_count; ++i) {
      const fb::MemoryPlane* plane = in->planes()->Get(i);
      out.planes[i] = {plane->handle_index(), plane->offset(), plane->stride()};
    }
    return out;
  }

  ApiTextureHandle parcel(const fb::Parcel* in) {
    ApiTextureHandle out;
    out.descriptor = descriptor(in->descriptor());
    out.layout = layout(in->layout());
    out.identity = identity(in->identity());
    out.api = enumerator<Api>(in->api(), 0, static_cast<std::uint64_t>(Api::gbm), "parcel.api");
    out.kind = enumerator<HandleKind>(in->kind(), 1, handle_kind_count - 1, "parcel.kind");
    out.handle_count = static_cast<std::uint32_t>(count(in->handles(), max_memory_planes, "parcel.handles"));
    for (std::uint32_t i = 0; i < out.handle_count; ++i) {
      out.handles[i] = take(in->handles()->Get(i), "parcel.handles");
      if (out.handles[i].has_value() && out.handles[i].kind() != out.kind) {
        complain("parcel.kind",
                 text("is [", to_string(out.kind), "], but its handle is [", to_string(out.handles[i].kind()), "]"));
      }
    }
    if (!problem_.empty()) return out;
    if (auto valid = validate(out.descriptor); !valid) {
      complain("descriptor", text("is not valid: ", valid.error().message()), valid.error().code());
    } else if (auto fits = validate(out.layout, out.descriptor, out.handle_count); !fits) {
      complain("layout", text("is not valid: ", fits.error().message()), fits.error().code());
    }
    return out;
  }

  std::vector<FenceHandle> fences(const flatbuffers::Vector<flatbuffers::Offset<fb::Fence>>* in) {
    std::vector<FenceHandle> out;
    const std::size_t size = count(in, max_fences, "fences");
    for (std::size_t i = 0; i < size; ++i) {
      const fb::Fence* row = in->Get(static_cast<flatbuffers::uoffset_t>(i));
      FenceHandle fence;
      fence.kind = enumerator<FenceKind>(row->kind(), 1, fence_kind_count - 1, "fence.kind");
      fence.id = row->id();
      if (fence.id == 0) complain("fence.id", "is [0], which names no fence");
      fence.value = row->value();
      if (fence.kind != FenceKind::sync_file || row->handle() != no_handle) {
        fence.handle = take(row->handle(), "fence.handle");
      }
      out.push_back(std::move(fence));
    }
    return out;
  }

  std::vector<Rung> rungs(const flatbuffers::Vector<flatbuffers::Offset<fb::Rung>>* in) {
    std::vector<Rung> out;
    const std::size_t size = count(in, max_rungs, "rungs");
    for (std::size_t i = 0; i < size; ++i) {
      const fb::Rung* row = in->Get(static_cast<flatbuffers::uoffset_t>(i));
      out.push_back({string(row->name(), max_name_bytes, "rung.name"), row->chosen(),
                     string(row->reason(), max_text_bytes, "rung.reason")});
    }
    return out;
  }

  Hello hello(const fb::Hello* in) {
    Hello out;
    if (!has(in, "body")) return out;
    out.program = string(in->program(), max_name_bytes, "hello.program");
    const fb::Capabilities* capabilities = in->capabilities();
    if (!has(capabilities, "hello.capabilities")) return out;
    out.capabilities.api =
        enumerator<Api>(capabilities->api(), 0, static_cast<std::uint64_t>(Api::gbm), "capabilities.api");
    out.capabilities.identity = identity(capabilities->identity());
    const std::size_t rows = count(capabilities->textures(), max_rows, "capabilities.textures");
    for (std::size_t i = 0; i < rows; ++i) {
      const fb::TextureCapability* row = capabilities->textures()->Get(static_cast<flatbuffers::uoffset_t>(i));
      TextureCapability texture;
      texture.format = format(row->format());
      texture.handle_kind = enumerator<HandleKind>(row->handle_kind(), 1, handle_kind_count - 1, "handle_kind");
      texture.tiling = enumerator<Tiling>(row->tiling(), 0, 3, "tiling");
      texture.modifier = row->modifier();
      texture.memory_plane_count = row->memory_plane_count();
      texture.exportable = row->exportable();
      texture.importable = row->importable();
      texture.requires_dedicated = row->requires_dedicated();
      texture.usages = static_cast<TextureUsage>(row->usages());
      texture.dimensions = row->dimensions();
      texture.max_extent = extent(row->max_extent(), "max_extent");
      texture.max_mip_levels = row->max_mip_levels();
      texture.max_array_layers = row->max_array_layers();
      texture.sample_counts = row->sample_counts();
      texture.row_alignment = enumerator<std::uint32_t>(row->row_alignment(), 0, max_row_alignment, "row_alignment");
      texture.disjoint = row->disjoint();
      texture.requires_mutable_format = row->requires_mutable_format();
      texture.requires_whole_blocks = row->requires_whole_blocks();
      out.capabilities.textures.push_back(texture);
    }
    const std::size_t fence_rows = count(capabilities->fences(), max_rungs, "capabilities.fences");
    for (std::size_t i = 0; i < fence_rows; ++i) {
      const fb::FenceCapability* row = capabilities->fences()->Get(static_cast<flatbuffers::uoffset_t>(i));
      const auto kind = enumerator<FenceKind>(row->kind(), 1, fence_kind_count - 1, "fences.kind");
      out.capabilities.fences.push_back(
          {kind, row->exportable(), row->importable(), row->gpu_wait(), row->cpu_access()});
    }
    const std::size_t peers = count(capabilities->peers(), max_peer_devices, "capabilities.peers");
    for (std::size_t i = 0; i < peers; ++i) {
      const fb::PeerDevice* peer = capabilities->peers()->Get(static_cast<flatbuffers::uoffset_t>(i));
      out.capabilities.peers.push_back({identity(peer->identity()), peer->direct(), peer->bandwidth()});
    }
    return out;
  }

  std::vector<std::uint64_t> modifiers(const flatbuffers::Vector<std::uint64_t>* in, const char* field) {
    std::vector<std::uint64_t> out;
    if (!is_aligned(in, alignof(std::uint64_t), field)) return out;
    const std::size_t size = count(in, max_modifiers, field);
    for (std::size_t i = 0; i < size; ++i) out.push_back(in->Get(static_cast<flatbuffers::uoffset_t>(i)));
    return out;
  }

  Offer offer(const fb::Offer* in) {
    Offer out;
    if (!has(in, "body")) return out;
    const fb::Agreement* agreement = in->agreement();
    if (!has(agreement, "offer.agreement")) return out;
    Agreement& a = out.agreement;
    a.path = enumerator<SharePath>(agreement->path(), 0, 2, "agreement.path");
    a.handle_kind = enumerator<HandleKind>(agreement->handle_kind(), 1, handle_kind_count - 1, "agreement.handle_kind");
    a.tiling = enumerator<Tiling>(agreement->tiling(), 0, 3, "agreement.tiling");
    a.modifiers = modifiers(agreement->modifiers(), "agreement.modifiers");
    a.dedicated = agreement->dedicated();
    a.sync_tier = enumerator<SyncTier>(agreement->sync_tier(), 0, 3, "agreement.sync_tier");
    a.fence_kind = enumerator<FenceKind>(agreement->fence_kind(), 1, fence_kind_count - 1, "agreement.fence_kind");
    a.rungs = rungs(agreement->rungs());
    a.sync_rungs = rungs(agreement->sync_rungs());
    a.row_alignment =
        enumerator<std::uint32_t>(agreement->row_alignment(), 0, max_row_alignment, "agreement.row_alignment");
    a.disjoint = agreement->disjoint();
    a.mutable_format = agreement->mutable_format();
    a.bandwidth = agreement->bandwidth();
    const std::size_t textures = count(in->textures(), max_textures, "offer.textures");
    for (std::size_t i = 0; i < textures; ++i) {
      out.textures.push_back(parcel(in->textures()->Get(static_cast<flatbuffers::uoffset_t>(i))));
    }
    out.fences = fences(in->fences());
    return out;
  }

  Fences newer_fences(const fb::Fences* in) {
    Fences out;
    if (has(in, "body")) out.fences = fences(in->fences());
    return out;
  }

  Accept accept(const fb::Accept* in) {
    Accept out;
    if (has(in, "body")) out.fences = fences(in->fences());
    return out;
  }

  Refusal refusal(const fb::Refusal* in) {
    if (!has(in, "body")) return {};
    return {
        enumerator<ErrorCode>(in->code(), 1, static_cast<std::uint64_t>(ErrorCode::operating_system), "refusal.code"),
        string(in->message(), max_text_bytes, "refusal.message")};
  }

  stream::HdrMetadata hdr(const fb::Hdr* in) {
    stream::HdrMetadata out;
    if (!has(in, "feed.hdr")) return out;
    out.has_mastering_display = in->has_mastering_display();
    const fb::Chromaticity* points[4] = {in->red(), in->green(), in->blue(), in->white()};
    for (std::size_t i = 0; i < 4; ++i) {
      if (has(points[i], "feed.hdr.chromaticity")) out.chromaticity[i] = {points[i]->x(), points[i]->y()};
    }
    out.max_luminance = in->max_luminance();
    out.min_luminance = in->min_luminance();
    out.has_content_light = in->has_content_light();
    out.max_content_light = in->max_content_light();
    out.max_frame_average_light = in->max_frame_average_light();
    return out;
  }

  stream::FeedInfo feed_info(const fb::FeedInfo* in) {
    stream::FeedInfo out;
    if (!has(in, "feed")) return out;
    out.name = string(in->name(), stream::max_feed_name_bytes, "feed.name");
    if (out.name.empty()) complain("feed.name", "is empty");
    out.application = string(in->application(), stream::max_feed_name_bytes, "feed.application");
    out.id = in->id();
    out.process_id = in->process_id();
    out.listed = in->listed();
    out.api = enumerator<Api>(in->api(), 0, static_cast<std::uint64_t>(Api::gbm), "feed.api");
    out.device = string(in->device(), max_name_bytes, "feed.device");
    out.descriptor = descriptor(in->descriptor());
    if (problem_.empty()) {
      if (auto valid = validate(out.descriptor); !valid) {
        complain("feed.descriptor", text("is not valid: ", valid.error().message()), valid.error().code());
      }
    }
    out.ring_size =
        enumerator<std::uint32_t>(in->ring_size(), stream::min_ring_size, stream::max_ring_size, "feed.ring_size");
    out.frame_rate = {in->frame_rate_numerator(), in->frame_rate_denominator()};
    if (out.frame_rate.denominator == 0) complain("feed.frame_rate", "has denominator [0]");
    out.hdr = hdr(in->hdr());
    return out;
  }

  Subscribe subscribe(const fb::Subscribe* in) {
    Subscribe out;
    if (!has(in, "body")) return out;
    out.hello = hello(in->hello());
    const fb::Policy* policy = in->policy();
    if (!has(policy, "subscribe.policy")) return out;
    out.policy.allow_dma_buf = policy->allow_dma_buf();
    out.policy.allow_opaque = policy->allow_opaque();
    out.policy.allow_gpu_copy = policy->allow_gpu_copy();
    out.policy.allow_host_linear = policy->allow_host_linear();
    out.policy.allow_host_copy = policy->allow_host_copy();
    out.policy.prefer_linear = policy->prefer_linear();
    out.policy.allow_io_surface = !policy->forbid_io_surface();
    out.policy.force_fence =
        enumerator<FenceKind>(policy->force_fence(), 0, fence_kind_count - 1, "policy.force_fence");
    out.policy.refused_modifiers = modifiers(policy->refused_modifiers(), "policy.refused_modifiers");
    out.every_frame = in->every_frame();
    out.max_leases = enumerator<std::uint32_t>(in->max_leases(), 1, stream::max_ring_size, "subscribe.max_leases");
    return out;
  }

  OwnedHandle page(std::uint32_t index, const char* field) {
    OwnedHandle handle = take(index, field);
    if (handle.has_value() && handle.kind() != HandleKind::host_memory) {
      complain(field, text("is of kind [", to_string(handle.kind()), "], not [host_memory]"));
    }
    return handle;
  }

  Pool pool(const fb::Pool* in) {
    Pool out;
    if (!has(in, "body")) return out;
    out.generation = in->generation();
    out.feed = feed_info(in->feed());
    out.offer = offer(in->offer());
    out.ring_page = page(in->ring_page(), "pool.ring_page");
    out.lease_page = page(in->lease_page(), "pool.lease_page");
    return out;
  }

  Feed feed(const fb::Feed* in) {
    Feed out;
    if (has(in, "body")) out.info = feed_info(in->info());
    return out;
  }

  std::vector<OwnedHandle>& handles_;
  std::vector<bool> used_;
  std::string problem_;
  ErrorCode code_ = ErrorCode::protocol;
};

}  // namespace

Result<Message> decode(std::span<const std::byte> bytes, std::vector<OwnedHandle>&& handles) {
  // Closed here unless the message takes them.
  std::vector<OwnedHandle> owned = std::move(handles);
  if (bytes.size() > max_message_bytes || bytes.size() < 12) {
    return fail(ErrorCode::protocol,
                text("The message has [", bytes.size(), "] bytes, outside [12] to [", max_message_bytes, "]."));
  }
  // FlatBuffers wants aligned memory; a caller's span need not be.
  std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  if (!fb::EnvelopeBufferHasIdentifier(data)) {
    return fail(ErrorCode::protocol, "The message is not Geyser's: its identifier is not [GYSR].");
  }
  flatbuffers::Verifier verifier(data, bytes.size(), 16, 100'000);
  if (!fb::VerifyEnvelopeBuffer(verifier)) {
    return fail(ErrorCode::protocol, text("The message of [", bytes.size(), "] bytes is not a valid FlatBuffer."));
  }
  const fb::Envelope* envelope = fb::GetEnvelope(data);
  if (envelope->version() != protocol_version) {
    return fail(ErrorCode::version_mismatch, text("The message is of protocol version [", envelope->version(),
                                                  "], this library speaks [", protocol_version, "]."));
  }
  return Decoder(owned).decode(*envelope);
}

}  // namespace geyser::wire
