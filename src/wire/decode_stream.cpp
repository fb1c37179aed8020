// Streams: Subscribe, Pool, Feed.
#include "wire/decoders.hpp"

#include "common/text.hpp"

namespace geyser::wire {

using detail::text;

namespace {

stream::HdrMetadata read_hdr(Fields& fields, const fb::Hdr* in) {
  stream::HdrMetadata out;
  if (!fields.has(in, "feed.hdr")) return out;
  out.has_mastering_display = in->has_mastering_display();
  const fb::Chromaticity* points[4] = {in->red(), in->green(), in->blue(), in->white()};
  for (std::size_t i = 0; i < 4; ++i) {
    if (fields.has(points[i], "feed.hdr.chromaticity")) out.chromaticity[i] = {points[i]->x(), points[i]->y()};
  }
  out.max_luminance = in->max_luminance();
  out.min_luminance = in->min_luminance();
  out.has_content_light = in->has_content_light();
  out.max_content_light = in->max_content_light();
  out.max_frame_average_light = in->max_frame_average_light();
  return out;
}

stream::FeedInfo read_feed_info(Fields& fields, const fb::FeedInfo* in) {
  stream::FeedInfo out;
  if (!fields.has(in, "feed")) return out;
  out.name = fields.string(in->name(), stream::max_feed_name_bytes, "feed.name");
  if (out.name.empty()) fields.complain("feed.name", "is empty");
  out.application = fields.string(in->application(), stream::max_feed_name_bytes, "feed.application");
  out.id = in->id();
  out.process_id = in->process_id();
  out.listed = in->listed();
  out.api = fields.enumerator<Api>(in->api(), 0, static_cast<std::uint64_t>(Api::gbm), "feed.api");
  out.device = fields.string(in->device(), max_name_bytes, "feed.device");
  out.descriptor = read_descriptor(fields, in->descriptor());
  if (fields.good()) {
    if (auto valid = validate(out.descriptor); !valid) {
      fields.complain("feed.descriptor", text("is not valid: ", valid.error().message()), valid.error().code());
    }
  }
  out.ring_size =
      fields.enumerator<std::uint32_t>(in->ring_size(), stream::min_ring_size, stream::max_ring_size, "feed.ring_size");
  out.frame_rate = {in->frame_rate_numerator(), in->frame_rate_denominator()};
  if (out.frame_rate.denominator == 0) fields.complain("feed.frame_rate", "has denominator [0]");
  out.hdr = read_hdr(fields, in->hdr());
  return out;
}

OwnedHandle read_page(Fields& fields, std::uint32_t index, const char* field) {
  OwnedHandle handle = fields.take(index, field);
  if (handle.has_value() && handle.kind() != HandleKind::host_memory) {
    fields.complain(field, text("is of kind [", to_string(handle.kind()), "], not [host_memory]"));
  }
  return handle;
}

}  // namespace

Subscribe read_subscribe(Fields& fields, const fb::Subscribe* in) {
  Subscribe out;
  if (!fields.has(in, "body")) return out;
  out.hello = read_hello(fields, in->hello());
  const fb::Policy* policy = in->policy();
  if (!fields.has(policy, "subscribe.policy")) return out;
  out.policy.allow_dma_buf = policy->allow_dma_buf();
  out.policy.allow_opaque = policy->allow_opaque();
  out.policy.allow_gpu_copy = policy->allow_gpu_copy();
  out.policy.allow_host_linear = policy->allow_host_linear();
  out.policy.allow_host_copy = policy->allow_host_copy();
  out.policy.prefer_linear = policy->prefer_linear();
  out.policy.allow_io_surface = !policy->forbid_io_surface();
  out.policy.force_fence =
      fields.enumerator<FenceKind>(policy->force_fence(), 0, fence_kind_count - 1, "policy.force_fence");
  out.policy.refused_modifiers = read_modifiers(fields, policy->refused_modifiers(), "policy.refused_modifiers");
  out.every_frame = in->every_frame();
  out.max_leases = fields.enumerator<std::uint32_t>(in->max_leases(), 1, stream::max_ring_size, "subscribe.max_leases");
  return out;
}

Pool read_pool(Fields& fields, const fb::Pool* in) {
  Pool out;
  if (!fields.has(in, "body")) return out;
  out.generation = in->generation();
  out.feed = read_feed_info(fields, in->feed());
  out.offer = read_offer(fields, in->offer());
  out.ring_page = read_page(fields, in->ring_page(), "pool.ring_page");
  out.lease_page = read_page(fields, in->lease_page(), "pool.lease_page");
  return out;
}

Feed read_feed(Fields& fields, const fb::Feed* in) {
  Feed out;
  if (fields.has(in, "body")) out.info = read_feed_info(fields, in->info());
  return out;
}

}  // namespace geyser::wire
