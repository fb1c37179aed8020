// A texture made by Vulkan and read by OpenGL, through a socket.
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <geyser/channel.hpp>
#include <geyser/opengl.hpp>
#include <geyser/vulkan.hpp>

using namespace geyser;
constexpr std::chrono::seconds patience{5};

// Nothing in Geyser throws: every call returns a Result. Here an error ends the program.
template <typename T>
T must(Result<T>&& result) {
  if (result) return static_cast<T>(*std::move(result));
  std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
  std::exit(1);
}
template <>
void must<void>(Result<void>&& result) {
  if (!result) must(Result<int>(fail(std::move(result.error()))));
}

void produce(Channel channel) {
  auto vulkan = must(vulkan::create_manager());
  auto hello = std::get<wire::Hello>(must(channel.receive_message(patience)));
  TextureDescriptor descriptor;
  descriptor.extent = {640, 480, 1};
  auto agreement = must(negotiate(descriptor, vulkan->capabilities(), hello.capabilities));
  std::printf("%s\n", to_string(agreement).c_str());
  auto texture = must(vulkan->create_texture(descriptor, agreement));
  auto fence = must(vulkan->create_fence(agreement.fence_kind));
  must(texture->set_signal_fence(fence));

  wire::Offer offer{agreement, {}, {}};
  offer.textures.push_back(must(vulkan->export_texture(*texture)));
  offer.fences.push_back(must(fence->export_handle()));
  must(channel.send(wire::Message(std::move(offer)), patience));

  auto access = must(texture->begin_access(AccessMode::discard, {}));
  // ... submit commands that write vulkan::native(*texture)->image ...
  AccessState state = must(texture->end_access(std::move(access)));
  must(channel.send_fences(state, patience));  // sync files, if that is what was agreed on
  must(channel.send(wire::to_frame(state, 0, 0), patience));
  must(channel.receive_frame(patience));  // the consumer is done
}

void consume(Channel channel) {
  auto opengl = must(opengl::create_manager());
  must(channel.send(wire::Message(wire::Hello{wire::protocol_version, "viewer", opengl->capabilities()}), patience));
  auto offer = std::get<wire::Offer>(must(channel.receive_message(patience)));
  auto texture = must(opengl->import_shared_texture(std::move(offer.textures[0])));
  std::vector fences{must(opengl->import_fence(std::move(offer.fences[0])))};

  wire::Frame frame = must(channel.receive_frame(fences, patience));
  auto access = must(texture->begin_access(AccessMode::read, must(wire::to_access_state(frame, fences))));
  // ... bind opengl::native(*texture)->name and draw ...
  AccessState state = must(texture->end_access(std::move(access)));
  must(channel.send(wire::to_frame(state, 0, 0), patience));
  std::printf("read a %s\n", to_string(texture->descriptor()).c_str());
}

int main() {
  auto [here, there] = must(Channel::make_pair());  // or Listener and Channel::connect between two programs
  std::thread consumer(consume, std::move(there));
  produce(std::move(here));
  consumer.join();
}
