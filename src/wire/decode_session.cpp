// What two ends tell each other before the first frame: Hello, Offer, Accept, Refusal; and fences.
#include "wire/decoders.hpp"

#include <utility>

namespace geyser::wire {

namespace {

constexpr std::size_t max_textures = 16;
constexpr std::size_t max_fences = 32;
constexpr std::size_t max_rows = 8192;
constexpr std::size_t max_rungs = 16;
constexpr std::uint32_t no_handle = ~std::uint32_t{0};

std::vector<Rung> read_rungs(Fields& fields, const flatbuffers::Vector<flatbuffers::Offset<fb::Rung>>* in) {
  std::vector<Rung> out;
  const std::size_t size = fields.count(in, max_rungs, "rungs");
  for (std::size_t i = 0; i < size; ++i) {
    const fb::Rung* row = in->Get(static_cast<flatbuffers::uoffset_t>(i));
    out.push_back({fields.string(row->name(), max_name_bytes, "rung.name"), row->chosen(),
                   fields.string(row->reason(), max_text_bytes, "rung.reason")});
  }
  return out;
}

std::vector<FenceHandle> read_fences(Fields& fields, const flatbuffers::Vector<flatbuffers::Offset<fb::Fence>>* in) {
  std::vector<FenceHandle> out;
  const std::size_t size = fields.count(in, max_fences, "fences");
  for (std::size_t i = 0; i < size; ++i) {
    const fb::Fence* row = in->Get(static_cast<flatbuffers::uoffset_t>(i));
    FenceHandle fence;
    fence.kind = fields.enumerator<FenceKind>(row->kind(), 1, fence_kind_count - 1, "fence.kind");
    fence.id = row->id();
    if (fence.id == 0) fields.complain("fence.id", "is [0], which names no fence");
    fence.value = row->value();
    if (fence.kind != FenceKind::sync_file || row->handle() != no_handle) {
      fence.handle = fields.take(row->handle(), "fence.handle");
    }
    out.push_back(std::move(fence));
  }
  return out;
}

}  // namespace

Hello read_hello(Fields& fields, const fb::Hello* in) {
  Hello out;
  if (!fields.has(in, "body")) return out;
  out.program = fields.string(in->program(), max_name_bytes, "hello.program");
  const fb::Capabilities* capabilities = in->capabilities();
  if (!fields.has(capabilities, "hello.capabilities")) return out;
  out.capabilities.api =
      fields.enumerator<Api>(capabilities->api(), 0, static_cast<std::uint64_t>(Api::gbm), "capabilities.api");
  out.capabilities.identity = read_identity(fields, capabilities->identity());
  const std::size_t rows = fields.count(capabilities->textures(), max_rows, "capabilities.textures");
  for (std::size_t i = 0; i < rows; ++i) {
    const fb::TextureCapability* row = capabilities->textures()->Get(static_cast<flatbuffers::uoffset_t>(i));
    TextureCapability texture;
    texture.format = fields.format(row->format());
    texture.handle_kind = fields.enumerator<HandleKind>(row->handle_kind(), 1, handle_kind_count - 1, "handle_kind");
    texture.tiling = fields.enumerator<Tiling>(row->tiling(), 0, 3, "tiling");
    texture.modifier = row->modifier();
    texture.memory_plane_count = row->memory_plane_count();
    texture.exportable = row->exportable();
    texture.importable = row->importable();
    texture.requires_dedicated = row->requires_dedicated();
    texture.usages = static_cast<TextureUsage>(row->usages());
    texture.dimensions = row->dimensions();
    texture.max_extent = read_extent(fields, row->max_extent(), "max_extent");
    texture.max_mip_levels = row->max_mip_levels();
    texture.max_array_layers = row->max_array_layers();
    texture.sample_counts = row->sample_counts();
    texture.row_alignment =
        fields.enumerator<std::uint32_t>(row->row_alignment(), 0, max_row_alignment, "row_alignment");
    texture.disjoint = row->disjoint();
    texture.requires_mutable_format = row->requires_mutable_format();
    texture.requires_whole_blocks = row->requires_whole_blocks();
    out.capabilities.textures.push_back(texture);
  }
  const std::size_t fence_rows = fields.count(capabilities->fences(), max_rungs, "capabilities.fences");
  for (std::size_t i = 0; i < fence_rows; ++i) {
    const fb::FenceCapability* row = capabilities->fences()->Get(static_cast<flatbuffers::uoffset_t>(i));
    const auto kind = fields.enumerator<FenceKind>(row->kind(), 1, fence_kind_count - 1, "fences.kind");
    out.capabilities.fences.push_back({kind, row->exportable(), row->importable(), row->gpu_wait(), row->cpu_access()});
  }
  const std::size_t peers = fields.count(capabilities->peers(), max_peer_devices, "capabilities.peers");
  for (std::size_t i = 0; i < peers; ++i) {
    const fb::PeerDevice* peer = capabilities->peers()->Get(static_cast<flatbuffers::uoffset_t>(i));
    out.capabilities.peers.push_back({read_identity(fields, peer->identity()), peer->direct(), peer->bandwidth()});
  }
  return out;
}

std::vector<std::uint64_t> read_modifiers(Fields& fields, const flatbuffers::Vector<std::uint64_t>* in,
                                          const char* field) {
  std::vector<std::uint64_t> out;
  if (!fields.is_aligned(in, alignof(std::uint64_t), field)) return out;
  const std::size_t size = fields.count(in, max_modifiers, field);
  for (std::size_t i = 0; i < size; ++i) out.push_back(in->Get(static_cast<flatbuffers::uoffset_t>(i)));
  return out;
}

Offer read_offer(Fields& fields, const fb::Offer* in) {
  Offer out;
  if (!fields.has(in, "body")) return out;
  const fb::Agreement* agreement = in->agreement();
  if (!fields.has(agreement, "offer.agreement")) return out;
  Agreement& a = out.agreement;
  a.path = fields.enumerator<SharePath>(agreement->path(), 0, 2, "agreement.path");
  a.handle_kind =
      fields.enumerator<HandleKind>(agreement->handle_kind(), 1, handle_kind_count - 1, "agreement.handle_kind");
  a.tiling = fields.enumerator<Tiling>(agreement->tiling(), 0, 3, "agreement.tiling");
  a.modifiers = read_modifiers(fields, agreement->modifiers(), "agreement.modifiers");
  a.dedicated = agreement->dedicated();
  a.sync_tier = fields.enumerator<SyncTier>(agreement->sync_tier(), 0, 3, "agreement.sync_tier");
  a.fence_kind = fields.enumerator<FenceKind>(agreement->fence_kind(), 1, fence_kind_count - 1, "agreement.fence_kind");
  a.rungs = read_rungs(fields, agreement->rungs());
  a.sync_rungs = read_rungs(fields, agreement->sync_rungs());
  a.row_alignment =
      fields.enumerator<std::uint32_t>(agreement->row_alignment(), 0, max_row_alignment, "agreement.row_alignment");
  a.disjoint = agreement->disjoint();
  a.mutable_format = agreement->mutable_format();
  a.bandwidth = agreement->bandwidth();
  const std::size_t textures = fields.count(in->textures(), max_textures, "offer.textures");
  for (std::size_t i = 0; i < textures; ++i) {
    out.textures.push_back(read_parcel(fields, in->textures()->Get(static_cast<flatbuffers::uoffset_t>(i))));
  }
  out.fences = read_fences(fields, in->fences());
  return out;
}

Fences read_newer_fences(Fields& fields, const fb::Fences* in) {
  Fences out;
  if (fields.has(in, "body")) out.fences = read_fences(fields, in->fences());
  return out;
}

Accept read_accept(Fields& fields, const fb::Accept* in) {
  Accept out;
  if (fields.has(in, "body")) out.fences = read_fences(fields, in->fences());
  return out;
}

Refusal read_refusal(Fields& fields, const fb::Refusal* in) {
  if (!fields.has(in, "body")) return {};
  return {fields.enumerator<ErrorCode>(in->code(), 1, static_cast<std::uint64_t>(ErrorCode::operating_system),
                                       "refusal.code"),
          fields.string(in->message(), max_text_bytes, "refusal.message")};
}

}  // namespace geyser::wire
