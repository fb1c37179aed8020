// Syphon's servers and feeds.
#include <geyser/metal.hpp>
#include <geyser/syphon.hpp>

#include "bridge.hpp"

namespace geyser::tool {

namespace {

Result<BridgeList> list() {
  auto servers = syphon::list_servers();
  if (!servers) return fail(std::move(servers.error()));
  BridgeList all;
  for (const syphon::ServerInfo& info : *servers) {
    all.json.push_back({{"name", info.name}, {"application", info.application}, {"uuid", info.uuid}});
    all.lines.push_back(info.application + "/" + info.name);
  }
  return all;
}

Result<std::shared_ptr<TextureShareManager>> open_device() {
  auto manager = metal::create_manager();
  if (!manager) return fail(std::move(manager.error()));
  return std::shared_ptr<TextureShareManager>(*std::move(manager));
}

Result<BridgeSource> open(TextureShareManager& manager, const std::string& name) {
  auto opened = syphon::Receiver::open(manager, name);
  if (!opened) return fail(std::move(opened.error()));
  const std::shared_ptr<syphon::Receiver> receiver = *std::move(opened);
  const syphon::ServerInfo& server = receiver->server();
  return BridgeSource{server.name.empty() ? server.application : server.name, server.uuid, receiver->descriptor(),
                      [receiver](SharedTexture& to) { return receiver->copy_frame(to); }};
}

Result<BridgeTarget> create(TextureShareManager& manager, const std::string& name,
                            const TextureDescriptor& descriptor) {
  auto made = syphon::Sender::create(manager, name, descriptor);
  if (!made) return fail(std::move(made.error()));
  const std::shared_ptr<syphon::Sender> sender = *std::move(made);
  return BridgeTarget{[sender](SharedTexture& from) { return sender->send(from); }};
}

}  // namespace

void add_syphon(CLI::App& app, Context& context) {
  Bridge bridge;
  bridge.command = "syphon";
  bridge.about = "Syphon's servers: list, receive as a feed, send a feed";
  bridge.list_about = "Show the servers of this session";
  bridge.receive_about = "Publish a server's frames as a feed";
  bridge.send_about = "Be a server of a feed's frames";
  bridge.name = "server";
  bridge.type = "SERVER";
  bridge.name_about = "Server, application or both with a slash (default: the first one)";
  bridge.from_about = "Name of the feed (default: the server's)";
  bridge.to_about = "Name of the server (default: the feed's)";
  bridge.none = "No Syphon servers.";
  bridge.list = list;
  bridge.open_device = open_device;
  bridge.open = open;
  bridge.create = create;
  add_bridge(app, context, std::move(bridge));
}

}  // namespace geyser::tool
