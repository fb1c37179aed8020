// Feeds and agreements as text and as JSON.
#pragma once

#include <string>

#include <geyser/negotiate.hpp>
#include <geyser/stream/feed.hpp>
#include <nlohmann/json.hpp>

namespace geyser::tool {

// Keys keep the order in which they were written.
using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const TextureDescriptor& descriptor);
[[nodiscard]] Json to_json(const stream::FeedInfo& feed);
[[nodiscard]] Json to_json(const Agreement& agreement);
void print(const Json& json);
// "60", "29.97", "-" when unknown
[[nodiscard]] std::string rate_text(const stream::FrameRate& rate);

}  // namespace geyser::tool
