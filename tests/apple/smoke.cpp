// The smallest proof on a Mac: one texture on an IOSurface, exported and opened again by a second manager of the same
// device, with what both say of it. Exit status 0 when it works.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <CoreFoundation/CoreFoundation.h>
#include <xpc/xpc.h>

#include <geyser/cgl.hpp>
#include <geyser/channel.hpp>
#include <geyser/core_video.hpp>
#include <geyser/geyser.hpp>
#include <geyser/host.hpp>
#include <geyser/metal.hpp>
#include <geyser/stream/directory.hpp>
#include <geyser/stream/publisher.hpp>
#include <geyser/syphon.hpp>
#ifdef GEYSER_SMOKE_OPENGL
#include <geyser/opengl.hpp>
#endif
#ifdef GEYSER_SMOKE_VULKAN
#include <geyser/vulkan.hpp>
#endif
#include <geyser/wire.hpp>
#include <geyser/xpc.hpp>

#include "platform/apple/mach_channel.hpp"
#include "platform/event.hpp"
#include "platform/poller.hpp"
#include "platform/runtime_directory.hpp"
#include "platform/shared_memory.hpp"
#include "platform/timer.hpp"

namespace {

int refuse(const geyser::GeyserError& error) {
  std::fprintf(stderr, "%s\n", error.to_string().c_str());
  return 1;
}

// A right to memory goes over a channel of ports and comes out as the same memory; the queue of events tells of it.
geyser::Result<void> exchange() {
  using namespace geyser;
  using platform::Deadline;
  auto ends = platform::MachChannel::pair();
  if (!ends) return fail(std::move(ends.error()));
  auto event = platform::Event::create();
  if (!event) return fail(std::move(event.error()));
  auto timer = platform::Timer::create();
  if (!timer) return fail(std::move(timer.error()));
  auto poller = platform::Poller::create();
  if (!poller) return fail(std::move(poller.error()));
  if (auto added = poller->add(ends->second.native(), 1); !added) return added;
  auto memory = platform::create_read_only_shared_memory(4096);
  if (!memory) return fail(std::move(memory.error()));
  memory->memory.bytes()[7] = std::byte{42};
  std::vector<OwnedHandle> handles;
  handles.push_back(std::move(memory->handle));
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  const Deadline deadline = Deadline::after(std::chrono::seconds(5));
  if (auto sent = ends->first.send(bytes, handles, deadline); !sent) return sent;
  std::array<std::uint64_t, 4> keys{};
  auto woken = poller->wait(keys, std::chrono::seconds(5));
  if (!woken) return fail(std::move(woken.error()));
  std::array<std::byte, 16> buffer{};
  std::vector<OwnedHandle> received;
  auto size = ends->second.receive(buffer, &received, deadline);
  if (!size) return fail(std::move(size.error()));
  if (*woken != 1 || *size != bytes.size() || received.size() != 1) {
    return fail(ErrorCode::protocol, "Another message came than was sent.");
  }
  auto mapped = platform::map_shared_memory_for_reading(received[0].get(), 4096);
  if (!mapped) return fail(std::move(mapped.error()));
  if (mapped->bytes()[7] != std::byte{42}) return fail(ErrorCode::protocol, "The memory is other memory.");
  if (platform::map_shared_memory(received[0].get(), 4096)) {
    return fail(ErrorCode::protocol, "Memory for reading can be written.");
  }
  auto service = platform::MachService::create("dev.geyser.smoke");
  if (!service) return fail(std::move(service.error()));
  auto nobody = platform::MachChannel::connect("dev.geyser.nobody", deadline);
  return nobody ? Result<void>(fail(ErrorCode::protocol, "Nobody has answered.")) : Result<void>();
}

// Two ends meet at a path, and a feed is found and lost by its name.
geyser::Result<void> meet() {
  using namespace geyser;
  constexpr std::chrono::seconds patience{5};
  const char* temporary = std::getenv("TMPDIR");
  const std::string directory = std::string(temporary != nullptr ? temporary : "/tmp") + "/geyser-smoke";
  if (auto made = platform::prepare_directory(directory); !made) return made;
  {
    auto listener = Listener::create(directory + "/socket");
    if (!listener) return fail(std::move(listener.error()));
    auto client = Channel::connect(directory + "/socket", patience);
    if (!client) return fail(std::move(client.error()));
    auto server = listener->accept(patience);
    if (!server) return fail(std::move(server.error()));
    if (auto sent = client->send(wire::Frame{}, patience); !sent) return sent;
    if (auto received = server->receive_frame(patience); !received) return fail(std::move(received.error()));
  }
  auto manager = host::create_manager();
  if (!manager) return fail(std::move(manager.error()));
  std::shared_ptr<TextureShareManager> shared = *std::move(manager);
  stream::PublisherOptions options;
  options.name = "smoke";
  options.runtime_directory = directory;
  TextureDescriptor descriptor;
  descriptor.extent = {64, 64, 1};
  auto directory_of_feeds = stream::Directory::open(directory);
  if (!directory_of_feeds) return fail(std::move(directory_of_feeds.error()));
  auto publisher = stream::Publisher::create(shared, descriptor, std::move(options));
  if (!publisher) return fail(std::move(publisher.error()));
  auto feeds = directory_of_feeds->list();
  if (!feeds) return fail(std::move(feeds.error()));
  return feeds->size() == 1 ? Result<void>() : Result<void>(fail(ErrorCode::not_available, "The feed is not listed."));
}

// A texture as a pixel buffer and as an XPC object, and back; whoever shows pictures by Syphon.
geyser::Result<void> pass(geyser::TextureShareManager& manager, geyser::SharedTexture& texture,
                          const geyser::Agreement& agreement) {
  using namespace geyser;
  auto buffer = metal::create_pixel_buffer(texture);
  if (!buffer) return fail(std::move(buffer.error()));
  auto adopted = metal::adopt_pixel_buffer(manager, *buffer);
  CFRelease(*buffer);
  // Without a context nothing is attached.
  if (cgl::attach_plane(nullptr, metal::native(texture)->io_surface, texture.descriptor())) {
    return fail(ErrorCode::invalid_argument, "A null context has a texture.");
  }
  if (!adopted) return fail(std::move(adopted.error()));
  auto parcel = manager.export_texture(texture);
  if (!parcel) return fail(std::move(parcel.error()));
  wire::Offer offer;
  offer.agreement = agreement;
  offer.textures.push_back(*std::move(parcel));
  auto object = xpc::encode(wire::Message(std::move(offer)));
  if (!object) return fail(std::move(object.error()));
  auto message = xpc::decode(*object);
  xpc_release(*object);
  if (!message) return fail(std::move(message.error()));
  auto servers = syphon::list_servers();
  if (!servers) return fail(std::move(servers.error()));
  for (const syphon::ServerInfo& info : *servers) std::printf("Syphon: %s\n", info.name.c_str());
  return {};
}

#ifdef GEYSER_SMOKE_OPENGL
// A surface of OpenGL's, opened by Metal.
geyser::Result<void> meet_opengl(geyser::TextureShareManager& metal, const geyser::TextureDescriptor& descriptor) {
  using namespace geyser;
  auto opengl = opengl::create_manager();
  if (!opengl && opengl.error().code() == ErrorCode::not_available) {
    std::printf("OpenGL: %s\n", opengl.error().to_string().c_str());
    return {};
  }
  if (!opengl) return fail(std::move(opengl.error()));
  auto agreement = negotiate(descriptor, (*opengl)->capabilities(), metal.capabilities());
  if (!agreement) return fail(std::move(agreement.error()));
  auto texture = (*opengl)->create_texture(descriptor, *agreement);
  if (!texture) return fail(std::move(texture.error()));
  auto parcel = (*opengl)->export_texture(**texture);
  if (!parcel) return fail(std::move(parcel.error()));
  auto opened = metal.import_shared_texture(*std::move(parcel));
  if (!opened) return fail(std::move(opened.error()));
  std::printf("OpenGL and Metal: %s", to_string(*agreement).c_str());
  return {};
}
#endif

#ifdef GEYSER_SMOKE_VULKAN
// A texture with layers and mips: of Vulkan's, opened by Metal, and of Metal's, opened by Vulkan.
geyser::Result<void> hand_textures_on(geyser::TextureShareManager& vulkan, geyser::TextureShareManager& metal) {
  using namespace geyser;
  TextureDescriptor descriptor;
  descriptor.dimension = TextureDimension::two_d_array;
  descriptor.extent = {64, 32, 1};
  descriptor.array_layers = 3;
  descriptor.mip_levels = 4;
  for (TextureShareManager* maker : {&vulkan, &metal}) {
    TextureShareManager& other = maker == &metal ? vulkan : metal;
    auto texture = maker->create_texture(descriptor, HandleKind::metal_shared_texture);
    if (!texture) return fail(std::move(texture.error()));
    auto parcel = maker->export_texture(**texture);
    if (!parcel) return fail(std::move(parcel.error()));
    auto opened = other.import_shared_texture(*std::move(parcel));
    if (!opened) return fail(std::move(opened.error()));
    // A program's own is not told from one of Geyser's.
    if (maker != &metal) continue;
    auto adopted = metal::adopt_texture(metal, metal::native(**texture)->textures[0], descriptor);
    if (!adopted) return fail(std::move(adopted.error()));
  }
  return {};
}

// A surface of Vulkan's on MoltenVK, opened by Metal, with an event of each for the other.
geyser::Result<void> meet_vulkan(geyser::TextureShareManager& metal, const geyser::TextureDescriptor& descriptor) {
  using namespace geyser;
  auto vulkan = vulkan::create_manager();
  if (!vulkan && vulkan.error().code() == ErrorCode::not_available) {
    std::printf("Vulkan: %s\n", vulkan.error().to_string().c_str());
    return {};
  }
  if (!vulkan) return fail(std::move(vulkan.error()));
  NegotiationPolicy policy;
  policy.allow_objects = true;
  auto agreement = negotiate(descriptor, (*vulkan)->capabilities(), metal.capabilities(), policy);
  if (!agreement) return fail(std::move(agreement.error()));
  auto texture = (*vulkan)->create_texture(descriptor, *agreement);
  if (!texture) return fail(std::move(texture.error()));
  auto parcel = (*vulkan)->export_texture(**texture);
  if (!parcel) return fail(std::move(parcel.error()));
  auto opened = metal.import_shared_texture(*std::move(parcel));
  if (!opened) return fail(std::move(opened.error()));
  for (TextureShareManager* maker : {vulkan->get(), &metal}) {
    TextureShareManager& other = maker == &metal ? **vulkan : metal;
    auto fence = maker->create_fence(agreement->fence_kind);
    if (!fence) return fail(std::move(fence.error()));
    auto handle = (*fence)->export_handle();
    if (!handle) return fail(std::move(handle.error()));
    auto theirs = other.import_fence(*std::move(handle));
    if (!theirs) return fail(std::move(theirs.error()));
    if (auto signalled = (*fence)->signal(1); !signalled) return signalled;
    if (auto waited = (*theirs)->wait(1, std::chrono::seconds(5)); !waited) return waited;
  }
  std::printf("Vulkan and Metal: %s", to_string(*agreement).c_str());
  return hand_textures_on(**vulkan, metal);
}
#endif

}  // namespace

int main() {
  using namespace geyser;
  if (auto exchanged = exchange(); !exchanged) return refuse(exchanged.error());
  if (auto met = meet(); !met) return refuse(met.error());
  auto host = host::create_manager();
  if (!host) return refuse(host.error());
  auto from = metal::create_manager();
  if (!from) return refuse(from.error());
  auto to = metal::create_manager();
  if (!to) return refuse(to.error());
  TextureDescriptor descriptor;
  descriptor.extent = {640, 480, 1};
  descriptor.format = TextureFormat::bgra8_unorm;
  descriptor.label = "smoke";
  auto agreement = negotiate(descriptor, (*from)->capabilities(), (*to)->capabilities());
  if (!agreement) return refuse(agreement.error());
  auto texture = (*from)->create_texture(descriptor, *agreement);
  if (!texture) return refuse(texture.error());
#ifdef GEYSER_SMOKE_OPENGL
  if (auto met = meet_opengl(**from, descriptor); !met) return refuse(met.error());
#endif
#ifdef GEYSER_SMOKE_VULKAN
  if (auto met = meet_vulkan(**from, descriptor); !met) return refuse(met.error());
#endif
  if (auto passed = pass(**from, **texture, *agreement); !passed) return refuse(passed.error());
  auto parcel = (*from)->export_texture(**texture);
  if (!parcel) return refuse(parcel.error());
  auto opened = (*to)->import_shared_texture(*std::move(parcel));
  if (!opened) return refuse(opened.error());
  auto written = wire::encode(wire::Message(wire::Hello{wire::protocol_version, "smoke", (*from)->capabilities()}));
  if (!written) return refuse(written.error());
  std::printf("%s on %s\n%s", to_string((*opened)->descriptor()).c_str(),
              (*from)->capabilities().identity.device_name.c_str(), to_string(*agreement).c_str());
  return 0;
}
