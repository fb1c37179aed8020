// Spout's senders and feeds.
#include <geyser/d3d11.hpp>
#include <geyser/spout.hpp>

#include <array>
#include <cstdio>

#include "bridge.hpp"

namespace geyser::tool {

namespace {

Result<BridgeList> list() {
  auto senders = spout::list_senders();
  if (!senders) return fail(std::move(senders.error()));
  BridgeList all;
  for (const spout::SenderInfo& info : *senders) {
    all.json.push_back({{"name", info.name},
                        {"width", info.width},
                        {"height", info.height},
                        {"format", info.format},
                        {"by_memory", info.by_memory},
                        {"active", info.active}});
    std::array<char, 320> line{};
    std::snprintf(line.data(), line.size(), "%s %-32s %ux%u%s", info.active ? "*" : " ", info.name.c_str(), info.width,
                  info.height, info.by_memory ? ", by memory" : "");
    all.lines.emplace_back(line.data());
  }
  return all;
}

Result<std::shared_ptr<TextureShareManager>> open_device() {
  auto manager = d3d11::create_manager();
  if (!manager) return fail(std::move(manager.error()));
  return std::shared_ptr<TextureShareManager>(*std::move(manager));
}

Result<BridgeSource> open(TextureShareManager& manager, const std::string& name) {
  auto opened = spout::Receiver::open(manager, name);
  if (!opened) return fail(std::move(opened.error()));
  const std::shared_ptr<spout::Receiver> receiver = *std::move(opened);
  const std::string& sender = receiver->sender().name;
  return BridgeSource{sender, sender, receiver->descriptor(),
                      [receiver](SharedTexture& to) { return receiver->copy_frame(to); }};
}

Result<BridgeTarget> create(TextureShareManager& manager, const std::string& name,
                            const TextureDescriptor& descriptor) {
  auto made = spout::Sender::create(manager, name, descriptor);
  if (!made) return fail(std::move(made.error()));
  const std::shared_ptr<spout::Sender> sender = *std::move(made);
  return BridgeTarget{[sender](SharedTexture& from) { return sender->send(from); }};
}

}  // namespace

void add_spout(CLI::App& app, Context& context) {
  Bridge bridge;
  bridge.command = "spout";
  bridge.about = "Spout's senders: list, receive as a feed, send a feed";
  bridge.list_about = "Show the senders of this session";
  bridge.receive_about = "Publish a sender's frames as a feed";
  bridge.send_about = "Send a feed's frames to Spout";
  bridge.name = "sender";
  bridge.type = "SENDER";
  bridge.name_about = "Name of the sender (default: the active one)";
  bridge.from_about = "Name of the feed (default: the sender's)";
  bridge.to_about = "Name of the sender (default: the feed's)";
  bridge.none = "No Spout senders.";
  bridge.list = list;
  bridge.open_device = open_device;
  bridge.open = open;
  bridge.create = create;
  add_bridge(app, context, std::move(bridge));
}

}  // namespace geyser::tool
