#include <geyser/negotiate.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "common/capability_check.hpp"
#include "common/modifiers.hpp"
#include "common/text.hpp"

namespace geyser {

using detail::Direction;
using detail::text;

std::string_view to_string(SharePath path) noexcept {
  static constexpr std::array<std::string_view, 3> names{"zero_copy", "gpu_copy", "host_copy"};
  const auto index = static_cast<std::size_t>(path);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

namespace {

struct Ends {
  const TextureDescriptor& descriptor;
  const Capabilities& exporter;
  const Capabilities& importer;
};

// Why one end cannot, as a clause; empty when it can.
std::string obstacle(const Ends& ends, HandleKind kind, Tiling tiling, Direction direction) {
  const Capabilities& side = direction == Direction::make ? ends.exporter : ends.importer;
  auto row = detail::find_row(side, ends.descriptor, kind, tiling, direction);
  if (row) return {};
  return text(direction == Direction::make ? "exporter: " : "importer: ", row.error().message());
}

std::string obstacles(const Ends& ends, HandleKind kind, Tiling tiling) {
  std::string reason = obstacle(ends, kind, tiling, Direction::make);
  return reason.empty() ? obstacle(ends, kind, tiling, Direction::take) : reason;
}

// Whether a row of either end that may be used has `need`.
bool either(const Ends& ends, HandleKind kind, Tiling tiling, bool TextureCapability::*need,
            std::span<const std::uint64_t> modifiers = {}) {
  const auto needs = [&](const Capabilities& side, Direction direction) {
    return std::any_of(side.textures.begin(), side.textures.end(), [&](const TextureCapability& row) {
      return row.format == ends.descriptor.format && row.handle_kind == kind && row.tiling == tiling && row.*need &&
             (modifiers.empty() || std::find(modifiers.begin(), modifiers.end(), row.modifier) != modifiers.end()) &&
             detail::missing_in(row, ends.descriptor, direction).empty();
    });
  };
  return needs(ends.exporter, Direction::make) || needs(ends.importer, Direction::take);
}

bool has_rows(const Ends& ends, HandleKind kind, Tiling tiling) {
  const auto has = [&](const Capabilities& side) {
    return std::any_of(side.textures.begin(), side.textures.end(),
                       [&](const TextureCapability& row) { return row.handle_kind == kind && row.tiling == tiling; });
  };
  return has(ends.exporter) || has(ends.importer);
}

bool has_rows(const Ends& ends, HandleKind kind) {
  return has_rows(ends, kind, Tiling::opaque) || has_rows(ends, kind, Tiling::linear);
}

std::string why_not_opaque_at_all(const Ends& ends, const NegotiationPolicy& policy) {
  if (!policy.allow_opaque) return "The policy forbids it.";
  if (!same_device_and_driver(ends.exporter.identity, ends.importer.identity)) {
    return text("Opaque handles need one device and driver, but the ends are [", to_string(ends.exporter.identity),
                "] and [", to_string(ends.importer.identity), "].");
  }
  return {};
}

std::string why_not_opaque(const Ends& ends, const NegotiationPolicy& policy, HandleKind kind) {
  std::string reason = why_not_opaque_at_all(ends, policy);
  return reason.empty() ? obstacles(ends, kind, Tiling::opaque) : reason;
}

// Direct3D's handles open on the adapter that they were made on, by whatever API.
std::string why_not_direct3d(const Ends& ends, const NegotiationPolicy& policy, HandleKind kind) {
  if (!policy.allow_direct3d) return "The policy forbids it.";
  if (!same_adapter(ends.exporter.identity, ends.importer.identity)) {
    return text("Direct3D's handles need one adapter, but the ends are [", to_string(ends.exporter.identity), "] and [",
                to_string(ends.importer.identity), "] of different or unknown LUIDs.");
  }
  return obstacles(ends, kind, Tiling::opaque);
}

// An object of one Metal device, by whatever API.
std::string why_not_metal_texture(const Ends& ends, const NegotiationPolicy& policy) {
  if (!policy.allow_objects) return "The policy does not allow objects, which no channel carries.";
  const std::uint64_t mine = ends.exporter.identity.metal_registry_id;
  if (const std::uint64_t theirs = ends.importer.identity.metal_registry_id; mine != theirs || mine == 0) {
    return text("An MTLTexture needs one Metal device, but the ends' registry ids are [", mine, "] and [", theirs,
                "].");
  }
  return obstacles(ends, HandleKind::metal_shared_texture, Tiling::opaque);
}

std::uint32_t row_alignment(const Ends& ends, HandleKind kind, Direction direction) {
  const Capabilities& side = direction == Direction::make ? ends.exporter : ends.importer;
  const auto row = detail::find_row(side, ends.descriptor, kind, Tiling::linear, direction);
  return row ? (*row)->row_alignment : 0;
}

// The alignment that suits both; 0 when none does.
std::uint32_t common_row_alignment(const Ends& ends, HandleKind kind) {
  const std::uint32_t mine = row_alignment(ends, kind, Direction::make);
  const std::uint32_t theirs = row_alignment(ends, kind, Direction::take);
  // Both take any: what devices read fastest.
  if (kind == HandleKind::opaque_fd && mine == 1 && theirs == 1) return 256;
  if (mine == theirs || theirs == 1) return mine;
  return mine == 1 ? theirs : 0;
}

std::string why_not_rows(const Ends& ends, HandleKind kind) {
  std::string reason = obstacles(ends, kind, Tiling::linear);
  if (reason.empty() && common_row_alignment(ends, kind) == 0) {
    reason = text("The exporter has rows at multiples of [", row_alignment(ends, kind, Direction::make),
                  "] bytes, the importer of [", row_alignment(ends, kind, Direction::take), "].");
  }
  return reason;
}

std::string why_not_opaque_linear(const Ends& ends, const NegotiationPolicy& policy) {
  std::string reason = why_not_opaque_at_all(ends, policy);
  return reason.empty() ? why_not_rows(ends, HandleKind::opaque_fd) : reason;
}

// Of another device, whose memory the importer opens beside its own.
std::string why_not_peer(const Ends& ends, const NegotiationPolicy& policy) {
  if (!policy.allow_opaque || !policy.allow_gpu_copy) return "The policy forbids it.";
  if (same_device_and_driver(ends.exporter.identity, ends.importer.identity)) return "It is the same device.";
  if (find_peer(ends.importer, ends.exporter.identity) == nullptr) {
    return text("The importer does not open what is on [", to_string(ends.exporter.identity), "].");
  }
  std::string reason = obstacles(ends, HandleKind::opaque_fd, Tiling::opaque);
  return reason.empty() || why_not_rows(ends, HandleKind::opaque_fd).empty() ? std::string() : reason;
}

std::string why_not_host_linear(const Ends& ends, const NegotiationPolicy& policy) {
  if (!policy.allow_host_linear) return "The policy forbids it.";
  if (ends.exporter.api == Api::host && ends.importer.api == Api::host) return "No device uses the memory in place.";
  return why_not_rows(ends, HandleKind::host_memory);
}

std::string why_not_host(const Ends& ends, const NegotiationPolicy& policy) {
  const bool copies = ends.exporter.api != Api::host || ends.importer.api != Api::host;
  if (copies && !policy.allow_host_copy) return "The policy forbids copies through host memory.";
  if (ends.descriptor.samples > 1) return "Host memory has no samples.";
  return obstacles(ends, HandleKind::host_memory, Tiling::host);
}

void choose_memory(const Ends& ends, const NegotiationPolicy& policy, Agreement& agreement) {
  bool chosen = false;
  const auto consider = [&](std::string name, std::string reason, auto&& take) {
    const bool fits = reason.empty() && !chosen;
    if (reason.empty() && chosen) reason = "A better rung was chosen.";
    agreement.rungs.push_back({std::move(name), fits, fits ? std::string() : std::move(reason)});
    if (!fits) return;
    chosen = true;
    take();
  };
  const bool direct3d = has_rows(ends, HandleKind::d3d_nt) || has_rows(ends, HandleKind::d3d_kmt);
  const bool windows =
      direct3d || has_rows(ends, HandleKind::opaque_win32) || has_rows(ends, HandleKind::opaque_win32_kmt);
  const auto take_tiled = [&](HandleKind kind) {
    agreement.handle_kind = kind;
    agreement.tiling = Tiling::opaque;
    agreement.dedicated = either(ends, kind, Tiling::opaque, &TextureCapability::requires_dedicated);
    agreement.mutable_format = either(ends, kind, Tiling::opaque, &TextureCapability::requires_mutable_format);
  };
  const auto take_rows = [&](HandleKind kind) {
    agreement.handle_kind = kind;
    agreement.tiling = Tiling::linear;
    agreement.row_alignment = common_row_alignment(ends, kind);
    agreement.dedicated = either(ends, kind, Tiling::linear, &TextureCapability::requires_dedicated);
  };
  const auto consider_linear = [&] {
    if (!has_rows(ends, HandleKind::opaque_fd, Tiling::linear)) return;
    consider("opaque_fd linear", why_not_opaque_linear(ends, policy), [&] { take_rows(HandleKind::opaque_fd); });
  };
  if (policy.prefer_linear) consider_linear();
  for (const HandleKind kind : {HandleKind::opaque_fd, HandleKind::opaque_win32, HandleKind::opaque_win32_kmt}) {
    if ((kind == HandleKind::opaque_fd) == windows) continue;  // no end has the other system's
    consider(std::string(to_string(kind)), why_not_opaque(ends, policy, kind), [&] { take_tiled(kind); });
  }
  if (!policy.prefer_linear) consider_linear();
  for (const HandleKind kind : {HandleKind::d3d_nt, HandleKind::d3d_kmt}) {
    if (!has_rows(ends, kind)) continue;
    consider(std::string(to_string(kind)), why_not_direct3d(ends, policy, kind), [&] { take_tiled(kind); });
  }
  // Only Apple's ends know of surfaces: others hear of no way that their system does not have.
  if (has_rows(ends, HandleKind::io_surface, Tiling::linear)) {
    consider("io_surface",
             policy.allow_io_surface ? obstacles(ends, HandleKind::io_surface, Tiling::linear)
                                     : std::string("The policy forbids it."),
             [&] {
               agreement.handle_kind = HandleKind::io_surface;
               agreement.tiling = Tiling::linear;
             });
  }
  if (has_rows(ends, HandleKind::metal_shared_texture, Tiling::opaque)) {
    consider("metal_shared_texture", why_not_metal_texture(ends, policy),
             [&] { take_tiled(HandleKind::metal_shared_texture); });
  }
  const bool exporter_is_host = ends.exporter.api == Api::host;
  const bool importer_is_host = ends.importer.api == Api::host;
  // A CPU is better served by its own memory, which is cached, than by a buffer that may be a device's.
  const auto consider_in_place = [&] {
    consider("host_memory linear", why_not_host_linear(ends, policy), [&] { take_rows(HandleKind::host_memory); });
  };
  if (exporter_is_host || importer_is_host) consider_in_place();
  const auto dma_buf = detail::share_modifiers(ends.descriptor, ends.exporter, ends.importer, policy.refused_modifiers);
  const auto why_not = [&](bool shared, bool refused, const char* none) -> std::string {
    if (!policy.allow_dma_buf) return "The policy forbids it.";
    if (exporter_is_host && importer_is_host) return "No device uses the buffer.";
    if (shared) return {};
    return refused ? "What the ends share of it has been refused." : none;
  };
  const auto take_dma_buf = [&](std::vector<std::uint64_t> modifiers) {
    agreement.handle_kind = HandleKind::dma_buf;
    agreement.tiling = Tiling::drm_modifier;
    agreement.dedicated =
        either(ends, HandleKind::dma_buf, Tiling::drm_modifier, &TextureCapability::requires_dedicated, modifiers);
    agreement.modifiers = std::move(modifiers);
  };
  consider("dma_buf modifier",
           why_not(!dma_buf.tiled.empty(), dma_buf.tiled_refused, "The ends share no tiled modifier."), [&] {
             std::vector<std::uint64_t> modifiers = dma_buf.tiled;
             if (dma_buf.linear) modifiers.push_back(drm_modifier_linear);
             take_dma_buf(std::move(modifiers));
           });
  consider("dma_buf linear", why_not(dma_buf.linear, dma_buf.linear_refused, "The ends do not both take LINEAR."),
           [&] { take_dma_buf({drm_modifier_linear}); });
  if (!ends.importer.peers.empty()) {
    consider("opaque_fd peer", why_not_peer(ends, policy), [&] {
      if (obstacles(ends, HandleKind::opaque_fd, Tiling::opaque).empty()) {
        take_tiled(HandleKind::opaque_fd);
      } else {
        take_rows(HandleKind::opaque_fd);
      }
      agreement.path = SharePath::gpu_copy;
      agreement.bandwidth = find_peer(ends.importer, ends.exporter.identity)->bandwidth;
    });
  }
  if (!exporter_is_host && !importer_is_host) consider_in_place();
  consider("host_memory", why_not_host(ends, policy), [&] {
    agreement.handle_kind = HandleKind::host_memory;
    agreement.tiling = Tiling::host;
    agreement.path = exporter_is_host && importer_is_host ? SharePath::zero_copy : SharePath::host_copy;
  });
}

const FenceCapability* find_fence(const Capabilities& side, FenceKind kind) {
  const auto found = std::find_if(side.fences.begin(), side.fences.end(),
                                  [&](const FenceCapability& row) { return row.kind == kind; });
  return found != side.fences.end() ? &*found : nullptr;
}

// Each end signals a fence that the other waits for. One end may make both, when the other can only import.
std::string why_not_fence(const Ends& ends, const NegotiationPolicy& policy, const Agreement& agreement,
                          FenceKind kind) {
  if (policy.force_fence != FenceKind::none && policy.force_fence != kind) {
    return text("The policy forces [", to_string(policy.force_fence), "].");
  }
  const bool opaque = kind == FenceKind::opaque_fd_timeline || kind == FenceKind::opaque_fd_binary ||
                      kind == FenceKind::opaque_win32_timeline || kind == FenceKind::opaque_win32_binary;
  if (kind != FenceKind::host_timeline && agreement.path == SharePath::host_copy &&
      policy.force_fence == FenceKind::none) {
    return "The copy through host memory is waited for by the CPU.";
  }
  if (kind == FenceKind::d3d12_fence && !same_adapter(ends.exporter.identity, ends.importer.identity)) {
    return "Direct3D's fences need one adapter.";
  }
  const bool same = same_device_and_driver(ends.exporter.identity, ends.importer.identity);
  if (opaque && !same && agreement.path != SharePath::gpu_copy) return "Opaque fences need one device and driver.";
  if (kind == FenceKind::metal_shared_event && !policy.allow_objects && policy.force_fence != kind) {
    return "Its handle is an object that only XPC carries, which the policy does not promise.";
  }
  const FenceCapability* mine = find_fence(ends.exporter, kind);
  const FenceCapability* theirs = find_fence(ends.importer, kind);
  const bool kernel = kind == FenceKind::sync_file || kind == FenceKind::drm_syncobj;
  const bool cpus = ends.exporter.api == Api::host && ends.importer.api == Api::host;
  const bool gpu = (mine != nullptr && mine->gpu_wait) || (theirs != nullptr && theirs->gpu_wait);
  if (kernel && !gpu && (cpus || (mine != nullptr && theirs != nullptr))) return "No GPU would wait for it.";
  if (opaque && !same && theirs != nullptr && theirs->cpu_access) {
    return "The importer's CPU side of it is an allocator's, on another device.";
  }
  if (mine == nullptr) return "The exporter has none.";
  if (theirs == nullptr) return "The importer has none.";
  const bool exporter_makes = mine->exportable && theirs->importable;
  const bool importer_makes = theirs->exportable && mine->importable;
  if (!exporter_makes && !importer_makes) return "Neither end can export one that the other imports.";
  return {};
}

bool choose_fence(const Ends& ends, const NegotiationPolicy& policy, Agreement& agreement) {
  bool chosen = false;
  const auto known = [&](FenceKind kind) {
    return find_fence(ends.exporter, kind) != nullptr || find_fence(ends.importer, kind) != nullptr;
  };
  const auto is_of_windows = [](FenceKind kind) {
    return kind == FenceKind::opaque_win32_timeline || kind == FenceKind::d3d12_fence ||
           kind == FenceKind::opaque_win32_binary;
  };
  const bool windows =
      known(FenceKind::opaque_win32_timeline) || known(FenceKind::d3d12_fence) || known(FenceKind::opaque_win32_binary);
  for (const FenceKind kind : {FenceKind::opaque_win32_timeline, FenceKind::d3d12_fence, FenceKind::opaque_fd_timeline,
                               FenceKind::metal_shared_event, FenceKind::drm_syncobj, FenceKind::opaque_win32_binary,
                               FenceKind::opaque_fd_binary, FenceKind::sync_file, FenceKind::host_timeline}) {
    if (kind != FenceKind::host_timeline && is_of_windows(kind) != windows) continue;  // no end has the other system's
    const bool optional = kind == FenceKind::metal_shared_event || kind == FenceKind::d3d12_fence;
    if (optional && !known(kind)) continue;
    std::string reason = why_not_fence(ends, policy, agreement, kind);
    const bool fits = reason.empty() && !chosen;
    if (reason.empty() && chosen) reason = "A better rung was chosen.";
    agreement.sync_rungs.push_back({std::string(to_string(kind)), fits, fits ? std::string() : std::move(reason)});
    if (!fits) continue;
    chosen = true;
    agreement.fence_kind = kind;
    agreement.sync_tier = tier_of(kind);
  }
  return chosen;
}

std::string all_reasons(const std::vector<Rung>& rungs) {
  std::string out;
  for (const Rung& rung : rungs) out += text(" [", rung.name, "]: ", rung.reason);
  return out;
}

}  // namespace

Result<Agreement> negotiate(const TextureDescriptor& descriptor, const Capabilities& exporter,
                            const Capabilities& importer, const NegotiationPolicy& policy) {
  if (auto valid = validate(descriptor); !valid) return fail(std::move(valid.error()).during("negotiating"));
  const Ends ends{descriptor, exporter, importer};
  Agreement agreement;
  choose_memory(ends, policy, agreement);
  if (agreement.handle_kind == HandleKind::none) {
    return fail(ErrorCode::unsupported, text("No way to share texture [", to_string(descriptor), "] fits both ends.",
                                             all_reasons(agreement.rungs)));
  }
  if (!choose_fence(ends, policy, agreement)) {
    return fail(ErrorCode::unsupported, text("No fence fits both ends.", all_reasons(agreement.sync_rungs)));
  }
  return agreement;
}

std::string to_string(const Agreement& agreement) {
  const std::string speed =
      agreement.bandwidth != 0 ? text(" at ", agreement.bandwidth / 1'000'000U, " MB/s") : std::string();
  std::string out = text("path ", to_string(agreement.path), speed, ", handle ", to_string(agreement.handle_kind),
                         ", sync ", to_string(agreement.sync_tier), " (", to_string(agreement.fence_kind), ")\n");
  for (const auto* rungs : {&agreement.rungs, &agreement.sync_rungs}) {
    for (const Rung& rung : *rungs) {
      out += text("  ", rung.chosen ? "* " : "- ", rung.name, rung.chosen ? "" : ": ", rung.reason, "\n");
    }
  }
  return out;
}

}  // namespace geyser
