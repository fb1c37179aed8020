// An MTLTexture and two MTLSharedEvents between Vulkan in this process and Metal in another. On a Mac an
// NSXPCConnection of the programs' own carries their handles; here a descriptor of what is behind each does.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "moltenvk_fixture.hpp"

extern char** environ;

namespace geyser::test {
namespace {

constexpr HandleKind kind = HandleKind::metal_shared_texture;
// Where the child finds the texture, the parent's event and its own.
constexpr int texture_descriptor = 100, parents_event = 101, childs_event = 102;
constexpr std::uint32_t question = 7, answer = 8;  // patterns

TextureDescriptor layered() {
  TextureDescriptor d;
  d.format = TextureFormat::rgba16_float;
  d.dimension = TextureDimension::two_d_array;
  d.extent = {37, 21, 1};
  d.mip_levels = 3;
  d.array_layers = 4;
  return d;
}

OwnedHandle received(HandleKind of, int descriptor) {
  void* object = of == kind ? apple_double::new_texture_handle(descriptor) : apple_double::new_event_handle(descriptor);
  ::close(descriptor);
  if (object == nullptr) return {};
  auto handle = metal::adopt_object(of, object);
  apple_double::release(object);
  return handle ? *std::move(handle) : OwnedHandle();
}

std::shared_ptr<SharedFence> received_event(TextureShareManager& manager, FenceId id, int descriptor) {
  auto fence = manager.import_fence(
      {FenceKind::metal_shared_event, id, 0, received(HandleKind::metal_shared_event, descriptor)});
  EXPECT_TRUE(fence) << fence.error().to_string();
  return fence ? *fence : nullptr;
}

SyncPoints after(const std::shared_ptr<SharedFence>& fence, std::uint64_t value) {
  SyncPoints points;
  EXPECT_TRUE(points.add({fence, value}));
  return points;
}

// Run by the test below, in a process of its own: the other end.
TEST(MoltenVkChild, DISABLED_Answers) {
  auto metal = make_metal_end();
  ASSERT_TRUE(metal) << metal.error().to_string();
  TextureShareManager& manager = (*metal)->manager();
  ApiTextureHandle parcel;
  parcel.descriptor = layered();
  parcel.layout.allocation_size = host_size(parcel.descriptor);
  parcel.layout.plane_count = 1;
  parcel.identity = manager.capabilities().identity;
  parcel.api = Api::vulkan;
  parcel.kind = kind;
  parcel.handles[0] = received(kind, texture_descriptor);
  parcel.handle_count = 1;
  auto texture = manager.import_shared_texture(std::move(parcel));
  ASSERT_TRUE(texture) << texture.error().to_string();
  const auto theirs = received_event(manager, 1, parents_event);
  const auto mine = received_event(manager, 2, childs_event);
  ASSERT_NE(theirs, nullptr);
  ASSERT_NE(mine, nullptr);
  ASSERT_TRUE((*texture)->set_signal_fence(mine));
  AccessState state;
  state.writer = after(theirs, 1);
  state.serial = 1;
  state.initialized = true;
  auto access = (*texture)->begin_access(AccessMode::read_write, state);
  ASSERT_TRUE(access) << access.error().to_string();
  auto read = (*metal)->read(**texture);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(difference(layered(), make_pattern(layered(), question), *read), "");
  ASSERT_TRUE((*metal)->fill(**texture, make_pattern(layered(), answer)));
  ASSERT_TRUE((*texture)->end_access(*std::move(access)));
  EXPECT_EQ((*texture)->statistics().host_waits, 0U);
  EXPECT_EQ((*texture)->statistics().gpu_waits, 1U);
}

TEST_F(MoltenVk, ATextureAndEventsGoToAnotherProcess) {
  auto texture = vulkan_->create_texture(layered(), kind);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto mine = vulkan_->create_fence(FenceKind::metal_shared_event);
  auto theirs = vulkan_->create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(mine);
  ASSERT_TRUE(theirs);
  ASSERT_TRUE((*texture)->set_signal_fence(*mine));
  auto parcel = vulkan_->export_texture(**texture);
  ASSERT_TRUE(parcel) << parcel.error().to_string();
  auto my_event = (*mine)->export_handle();
  auto their_event = (*theirs)->export_handle();
  ASSERT_TRUE(my_event);
  ASSERT_TRUE(their_event);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  std::array<int, 3> descriptors{};
  const std::array<std::pair<const OwnedHandle*, int>, 3> sent{{{&parcel->handles[0], texture_descriptor},
                                                                {&my_event->handle, parents_event},
                                                                {&their_event->handle, childs_event}}};
  for (std::size_t i = 0; i < sent.size(); ++i) {
    descriptors[i] = apple_double::descriptor_of(*metal::object_of(*sent[i].first));
    ASSERT_GE(descriptors[i], 0);
    ::posix_spawn_file_actions_adddup2(&actions, descriptors[i], sent[i].second);
  }
  std::string program = "test_moltenvk", filter = "--gtest_filter=MoltenVkChild.DISABLED_Answers",
              all = "--gtest_also_run_disabled_tests";
  std::array<char*, 4> arguments{program.data(), filter.data(), all.data(), nullptr};
  pid_t child = -1;
  const int spawned = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  for (const int descriptor : descriptors) ::close(descriptor);
  ASSERT_EQ(spawned, 0);
  // The child's queue waits for this, or finds it done.
  AccessState state;
  fill_by_vulkan(**texture, state, make_pattern(layered(), question));
  ASSERT_EQ(state.writer, after(*mine, 1));
  state.writer = after(*theirs, 1);
  state.serial = 2;
  const auto read = read_by_vulkan(**texture, state);
  EXPECT_EQ(difference(layered(), make_pattern(layered(), answer), read), "");
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace geyser::test
