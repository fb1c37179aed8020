// How two ends will share: a pure function of two capability sets. Touches no driver.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser {

// What happens to pixels between the two ends.
enum class SharePath : std::uint8_t {
  zero_copy = 0,  // both ends use the same memory
  gpu_copy = 1,   // one copy by a GPU for each hand-off
  host_copy = 2,  // one copy to or from mapped memory at each GPU end for each hand-off
};
[[nodiscard]] GEYSER_API std::string_view to_string(SharePath path) noexcept;

// One way that was considered, best first. Names are stable: "opaque_fd", "opaque_fd linear" (rows in the device's own
// memory), "dma_buf modifier", "dma_buf linear", "opaque_fd peer" (of another device, whose memory the importer's
// device copies), between Apple's APIs "io_surface", with Direct3D "d3d_nt" and "d3d_kmt", "host_memory linear"
// (devices use the memory in place), "host_memory" (they copy to and from it); for a subscriber of a stream also
// "publisher's ring". Those with "linear" and "peer" of opaque handles are listed where an end has such a thing.
struct Rung {
  std::string name;
  bool chosen = false;
  std::string reason;  // why it was passed over; empty when chosen
  friend bool operator==(const Rung&, const Rung&) = default;
};

// How many modifiers one agreement, or one policy, names at most.
inline constexpr std::size_t max_modifiers = 64;

struct NegotiationPolicy {
  bool allow_dma_buf = true;
  bool allow_opaque = true;
  bool allow_gpu_copy = true;
  bool allow_host_linear = true;  // on a GPU with memory of its own, every access to such a texture crosses the bus
  bool allow_host_copy = true;
  bool prefer_linear = false;  // "opaque_fd linear" before "opaque_fd": for who computes on rows (cuda::tensor)
  // When not `none`, the only fence kind that is acceptable.
  FenceKind force_fence = FenceKind::none;
  // dma-bufs of these are not offered; exclude() adds what an importer could not open. At most max_modifiers.
  std::vector<std::uint64_t> refused_modifiers;
  bool allow_io_surface = true;
  bool allow_direct3d = true;  // d3d_nt and d3d_kmt
  // Fences and textures whose handle is an object that no Channel carries (metal_shared_event, metal_shared_texture):
  // both ends are in one process, or the caller has an XPC connection between them.
  bool allow_objects = false;
};

struct Agreement {
  SharePath path = SharePath::zero_copy;
  HandleKind handle_kind = HandleKind::none;
  Tiling tiling = Tiling::opaque;
  std::vector<std::uint64_t> modifiers;  // candidates, best first and LINEAR last, with Tiling::drm_modifier
  std::uint32_t row_alignment = 0;       // with Tiling::linear
  bool dedicated = false;
  bool mutable_format = false;  // an end needs vulkan_mutable_format; with opaque handles
  SyncTier sync_tier = SyncTier::host_wait;
  FenceKind fence_kind = FenceKind::host_timeline;  // what both ends create and exchange
  std::vector<Rung> rungs;                          // every memory rung in order, with its reason
  std::vector<Rung> sync_rungs;                     // every fence kind in order, with its reason
  // Each plane of a multi-planar dma-buf gets a buffer of its own. negotiate() does not ask for it, since planes in one
  // buffer suit everybody; the caller may, where the exporter's and the importer's rows say that they can.
  bool disjoint = false;
  // With gpu_copy from another device: what PeerDevice says; 0: not measured, or another path.
  std::uint64_t bandwidth = 0;

  friend bool operator==(const Agreement&, const Agreement&) = default;
};

// The best way for `exporter` to give textures of `descriptor` to `importer`.
// Modifiers: those that both have for the format with equal memory planes and for every usage, in the exporter's order,
// since its driver makes the memory; when there are more than max_modifiers, half of them are the exporter's best and
// the rest the best of the importer's order. LINEAR is the last of them and also a rung of its own; INVALID, which
// names no layout, is none.
// Errors: invalid_argument (descriptor), unsupported (every rung has its reason in the sentence).
[[nodiscard]] GEYSER_API Result<Agreement> negotiate(const TextureDescriptor& descriptor, const Capabilities& exporter,
                                                     const Capabilities& importer,
                                                     const NegotiationPolicy& policy = {});

// After the importer could not open what `failed` says, or the exporter not make it: forbids that way in `policy`, so
// that negotiate() finds the next one down. Of dma-bufs all tiled modifiers of `failed` are one way, LINEAR the next.
// False: there is none below, and nothing has changed.
[[nodiscard]] GEYSER_API bool exclude(NegotiationPolicy& policy, const Agreement& failed);

// exclude() and negotiate() in one; `why`, what went wrong, becomes the reason of the rung that failed, and reasons of
// earlier failures are kept. Errors: unsupported (nothing is left: `why` is in the sentence).
[[nodiscard]] GEYSER_API Result<Agreement> renegotiate(const TextureDescriptor& descriptor,
                                                       const Capabilities& exporter, const Capabilities& importer,
                                                       NegotiationPolicy& policy, const Agreement& failed,
                                                       std::string_view why);

// Several lines for people: path, handle kind, tier, and each passed-over rung with its reason.
[[nodiscard]] GEYSER_API std::string to_string(const Agreement& agreement);

}  // namespace geyser
