// Zero-copy shown: in another process the handle is the exporter's kernel object, what is written here is read there,
// and neither side has copied a byte.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <geyser/channel.hpp>

#include "platform/shared_memory.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

constexpr std::chrono::seconds patience{20};

struct Pair {
  const char* from;
  const char* to;
  HandleKind kind;
};

// Exit status of the importing process: which step failed; 0 is success.
int import_and_compare(Channel channel, const Pair& pair, const TextureDescriptor& descriptor) {
  auto end = make_end(pair.to);
  if (!end) return 10;
  std::array<platform::KernelIdentity, 1> expected{};
  std::vector<OwnedHandle> none;
  auto bytes = channel.receive(std::as_writable_bytes(std::span(expected)), none, patience);
  if (!bytes || *bytes != sizeof(expected)) return 11;
  auto message = channel.receive_message(patience);
  if (!message || !std::holds_alternative<wire::Offer>(*message)) return 12;
  auto& offer = std::get<wire::Offer>(*message);
  auto identity = platform::kernel_identity(offer.textures.at(0).handles[0].get());
  if (!identity || !(*identity == expected[0])) return 13;
  auto texture = (*end)->manager().import_shared_texture(std::move(offer.textures.at(0)));
  if (!texture) return 14;
  auto fence = (*end)->manager().import_fence(std::move(offer.fences.at(0)));
  if (!fence) return 15;
  auto frame = channel.receive_frame(patience);
  if (!frame) return 16;
  const std::array fences{*fence};
  auto state = wire::to_access_state(*frame, fences);
  if (!state) return 17;
  auto access = (*texture)->begin_access(AccessMode::read, *state);
  if (!access) return 18;
  auto actual = (*end)->read(**texture);
  if (!actual || !difference(descriptor, make_pattern(descriptor, 7), *actual).empty()) return 19;
  if (!(*texture)->end_access(*std::move(access))) return 20;
  if ((*texture)->statistics().bytes_copied != 0 || (*texture)->path() != SharePath::zero_copy) return 21;
  return (*end)->complaints.empty() ? 0 : 22;
}

class KernelObject : public testing::TestWithParam<Pair> {};

TEST_P(KernelObject, IsTheSameInAnotherProcess) {
  const Pair pair = GetParam();
  TextureDescriptor descriptor;
  descriptor.extent = {61, 35, 1};
  descriptor.mip_levels = 3;
  auto ends = Channel::make_pair();
  ASSERT_TRUE(ends) << ends.error().to_string();
  // Forked before any driver is loaded here: drivers do not survive a fork.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    {
      const Channel closed = std::move(ends->first);
    }
    _exit(import_and_compare(std::move(ends->second), pair, descriptor));
  }
  { const Channel closed = std::move(ends->second); }
  Channel channel = std::move(ends->first);
  auto end = make_end(pair.from);
  ASSERT_TRUE(end) << end.error().to_string();
  auto texture = (*end)->manager().create_texture(descriptor, pair.kind);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto fence = (*end)->manager().create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  ASSERT_TRUE((*texture)->set_signal_fence(*fence));
  auto parcel = (*end)->manager().export_texture(**texture);
  ASSERT_TRUE(parcel) << parcel.error().to_string();
  auto identity = platform::kernel_identity(parcel->handles[0].get());
  ASSERT_TRUE(identity);
  const std::array identities{*identity};
  ASSERT_TRUE(channel.send(std::as_bytes(std::span(identities)), {}, patience));
  wire::Offer offer;
  offer.agreement.handle_kind = pair.kind;
  offer.textures.push_back(*std::move(parcel));
  offer.fences.push_back(*(*fence)->export_handle());
  auto sent = channel.send(wire::Message(std::move(offer)), patience);
  ASSERT_TRUE(sent) << sent.error().to_string();
  auto access = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  ASSERT_TRUE((*end)->fill(**texture, make_pattern(descriptor, 7)));
  auto state = (*texture)->end_access(*std::move(access));
  ASSERT_TRUE(state) << state.error().to_string();
  ASSERT_TRUE(channel.send(wire::to_frame(*state, 0, 0), patience));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the step of import_and_compare that failed";
  EXPECT_EQ((*texture)->statistics().bytes_copied, 0U);
  for (const std::string& complaint : (*end)->complaints) ADD_FAILURE() << complaint;
}

std::vector<Pair> pairs() {
  std::vector<Pair> list{{"host", "host", HandleKind::host_memory}};
#ifdef GEYSER_TEST_VULKAN
  list.push_back({"vulkan", "vulkan", HandleKind::opaque_fd});
#ifdef GEYSER_TEST_OPENGL
  list.push_back({"vulkan", "opengl", HandleKind::opaque_fd});
  list.push_back({"vulkan", "opengl_es", HandleKind::opaque_fd});
#endif
#endif
  return list;
}

INSTANTIATE_TEST_SUITE_P(ZeroCopy, KernelObject, testing::ValuesIn(pairs()),
                         [](const auto& pair) { return std::string(pair.param.from) + "_to_" + pair.param.to; });

}  // namespace
}  // namespace geyser::test
