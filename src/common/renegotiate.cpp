// The next way down, after one that both ends had agreed on has failed.
#include <algorithm>
#include <utility>

#include <geyser/negotiate.hpp>

#include "common/text.hpp"

namespace geyser {

using detail::text;

bool exclude(NegotiationPolicy& policy, const Agreement& failed) {
  if (failed.handle_kind == HandleKind::host_memory) {
    if (failed.tiling == Tiling::host) return false;
    policy.allow_host_linear = false;
    return true;
  }
  if (failed.handle_kind == HandleKind::io_surface) {
    policy.allow_io_surface = false;
    return true;
  }
  if (failed.handle_kind == HandleKind::d3d_nt || failed.handle_kind == HandleKind::d3d_kmt) {
    policy.allow_direct3d = false;
    return true;
  }
  if (failed.handle_kind != HandleKind::dma_buf) {
    policy.allow_opaque = false;
    return true;
  }
  const auto is_tiled = [](std::uint64_t modifier) { return modifier != drm_modifier_linear; };
  const bool tiled = std::any_of(failed.modifiers.begin(), failed.modifiers.end(), is_tiled);
  auto& refused = policy.refused_modifiers;
  bool news = false;
  for (const std::uint64_t modifier : failed.modifiers) {
    if (is_tiled(modifier) != tiled || std::find(refused.begin(), refused.end(), modifier) != refused.end()) continue;
    refused.push_back(modifier);
    news = true;
  }
  // An agreement that no negotiate() made, or more refusals than anybody can be told of.
  if (!news || refused.size() > max_modifiers) {
    policy.allow_dma_buf = false;
    refused.clear();
  }
  return true;
}

Result<Agreement> renegotiate(const TextureDescriptor& descriptor, const Capabilities& exporter,
                              const Capabilities& importer, NegotiationPolicy& policy, const Agreement& failed,
                              std::string_view why) {
  const auto nothing_left = [&] {
    return fail(ErrorCode::unsupported, text("No way of sharing is left; the last failed with: ", why));
  };
  if (!exclude(policy, failed)) return nothing_left();
  auto next = negotiate(descriptor, exporter, importer, policy);
  if (!next) return nothing_left();
  for (Rung& rung : next->rungs) {
    const auto before =
        std::find_if(failed.rungs.begin(), failed.rungs.end(), [&](const Rung& old) { return old.name == rung.name; });
    if (before == failed.rungs.end() || rung.chosen) break;
    rung.reason = before->chosen ? text("It was tried and failed: ", why) : before->reason;
    if (before->chosen) break;
  }
  return next;
}

}  // namespace geyser
