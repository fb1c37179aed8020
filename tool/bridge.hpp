// Another way of programs to show each other pictures (Spout, Syphon), beside feeds: what there is, received as a feed,
// and a feed sent.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <geyser/manager.hpp>

#include "commands.hpp"
#include "feed_text.hpp"

namespace geyser::tool {

// Somebody's pictures. What the functions hold is what is open.
struct BridgeSource {
  std::string name;   // of the feed, unless told otherwise
  std::string again;  // what to open when it has become stale
  TextureDescriptor descriptor;
  // False: nothing new. Errors: timeout (next time), stale_state, others for good.
  std::function<Result<bool>(SharedTexture& to)> copy_frame;
};

struct BridgeTarget {
  // Errors: timeout (this frame is missed), others for good.
  std::function<Result<void>(SharedTexture& from)> send;
};

struct BridgeList {
  Json json = Json::array();
  std::vector<std::string> lines;
};

struct Bridge {
  const char* command = "";
  const char* about = "";
  const char* list_about = "";
  const char* receive_about = "";
  const char* send_about = "";
  const char* name = "";        // of an argument: "sender"
  const char* type = "";        // "SENDER"
  const char* name_about = "";  // where it receives
  const char* from_about = "";  // the name of a feed, by default
  const char* to_about = "";    // the name to send by
  const char* none = "";        // printed when there is nobody
  std::function<Result<BridgeList>()> list;
  std::function<Result<std::shared_ptr<TextureShareManager>>()> open_device;
  std::function<Result<BridgeSource>(TextureShareManager& manager, const std::string& name)> open;
  std::function<Result<BridgeTarget>(TextureShareManager& manager, const std::string& name,
                                     const TextureDescriptor& descriptor)>
      create;
};

void add_bridge(CLI::App& app, Context& context, Bridge bridge);

}  // namespace geyser::tool
