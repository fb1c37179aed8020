#include "feed_text.hpp"

#include <cstdio>

namespace geyser::tool {

Json to_json(const TextureDescriptor& d) {
  return {{"width", d.extent.width},
          {"height", d.extent.height},
          {"depth", d.extent.depth},
          {"dimension", to_string(d.dimension)},
          {"mip_levels", d.mip_levels},
          {"array_layers", d.array_layers},
          {"format", to_string(d.format)},
          {"origin", d.picture.origin == PictureOrigin::top_left ? "top_left" : "bottom_left"},
          {"alpha", d.picture.alpha == AlphaMode::opaque          ? "opaque"
                    : d.picture.alpha == AlphaMode::premultiplied ? "premultiplied"
                                                                  : "straight"},
          {"range", d.picture.range == ColorRange::full ? "full" : "limited"},
          {"color_primaries", d.picture.color_primaries},
          {"transfer_characteristics", d.picture.transfer_characteristics},
          {"matrix_coefficients", d.picture.matrix_coefficients}};
}

Json to_json(const stream::FeedInfo& feed) {
  char id[17];
  std::snprintf(id, sizeof(id), "%016llx", static_cast<unsigned long long>(feed.id));
  Json json = {{"name", feed.name},
               {"application", feed.application},
               {"id", id},
               {"process", feed.process_id},
               {"api", to_string(feed.api)},
               {"device", feed.device},
               {"ring_size", feed.ring_size},
               {"frame_rate", {feed.frame_rate.numerator, feed.frame_rate.denominator}},
               {"texture", to_json(feed.descriptor)}};
  if (feed.hdr.has_mastering_display) {
    json["mastering_display"] = {{"chromaticity", feed.hdr.chromaticity},
                                 {"max_luminance", feed.hdr.max_luminance},
                                 {"min_luminance", feed.hdr.min_luminance}};
  }
  if (feed.hdr.has_content_light) {
    json["content_light"] = {{"max", feed.hdr.max_content_light},
                             {"max_frame_average", feed.hdr.max_frame_average_light}};
  }
  return json;
}

Json to_json(const Agreement& agreement) {
  const auto rungs = [](const std::vector<Rung>& list) {
    Json json = Json::array();
    for (const Rung& rung : list)
      json.push_back({{"name", rung.name}, {"chosen", rung.chosen}, {"reason", rung.reason}});
    return json;
  };
  return {{"path", to_string(agreement.path)},
          {"handle_kind", to_string(agreement.handle_kind)},
          {"sync_tier", to_string(agreement.sync_tier)},
          {"fence_kind", to_string(agreement.fence_kind)},
          {"rungs", rungs(agreement.rungs)},
          {"sync_rungs", rungs(agreement.sync_rungs)}};
}

void print(const Json& json) { std::puts(json.dump(2, ' ', false, Json::error_handler_t::replace).c_str()); }

std::string rate_text(const stream::FrameRate& rate) {
  if (rate.numerator == 0 || rate.denominator == 0) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", static_cast<double>(rate.numerator) / rate.denominator);
  return text;
}

}  // namespace geyser::tool
