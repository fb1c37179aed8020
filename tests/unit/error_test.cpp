// Sentences to the letter: they are what a user reads first.
#include <gtest/gtest.h>

#include <geyser/geyser.hpp>
#include <geyser/host.hpp>

#include "platform/shared_memory.hpp"

namespace geyser::test {
namespace {

TEST(Error, PrintsEverythingInOneLine) {
  const auto error = GeyserError(ErrorCode::out_of_memory, "vkAllocateMemory failed.",
                                 {NativeDomain::vulkan, -2, "VK_ERROR_OUT_OF_DEVICE_MEMORY"})
                         .during("importing memory plane 0")
                         .during("importing texture [preview]")
                         .suggest("handle kind [host_memory]")
                         .suggest("a smaller extent");
  EXPECT_EQ(error.to_string(),
            "out_of_memory: vkAllocateMemory failed. (vulkan VK_ERROR_OUT_OF_DEVICE_MEMORY, -2) while importing memory "
            "plane 0, while importing texture [preview]; would work: handle kind [host_memory], a smaller extent");
}

TEST(Error, EveryCodeHasItsName) {
  for (unsigned code = 1; code <= static_cast<unsigned>(ErrorCode::operating_system); ++code) {
    EXPECT_NE(to_string(static_cast<ErrorCode>(code)), "unknown") << code;
  }
  EXPECT_EQ(to_string(static_cast<ErrorCode>(0)), "unknown");
  EXPECT_EQ(to_string(static_cast<ErrorCode>(999)), "unknown");
}

struct Sentence {
  const char* expected;
  Result<void> (*make)();
};

template <typename T>
Result<void> without_value(Result<T> result) {
  if (result) return {};
  return fail(std::move(result.error()));
}

TextureDescriptor small() {
  TextureDescriptor d;
  d.extent = {8, 4, 1};
  return d;
}
std::unique_ptr<TextureShareManager> host_manager() { return *host::create_manager(); }

const Sentence sentences[] = {
    {"Field [extent.width] is [0], outside [1] to [65536].",
     [] {
       auto d = small();
       d.extent.width = 0;
       return validate(d);
     }},
    {"Field [extent.depth] is [2], outside [1] to [1].",
     [] {
       auto d = small();
       d.extent.depth = 2;
       return validate(d);
     }},
    {"Field [array_layers] is [5], outside [6] to [6].",
     [] {
       auto d = small();
       d.dimension = TextureDimension::cube;
       d.array_layers = 5;
       return validate(d);
     }},
    {"Shared memory of [0] bytes cannot be made.", [] { return without_value(platform::create_shared_memory(0)); }},
    {"The contents are undefined: nobody has written them.",
     [] {
       auto manager = host_manager();
       auto texture = *manager->create_texture(small(), HandleKind::host_memory);
       return without_value(texture->begin_access(AccessMode::read, {}));
     }},
    {"The access is not open.",
     [] {
       auto manager = host_manager();
       auto texture = *manager->create_texture(small(), HandleKind::host_memory);
       return without_value(texture->end_access({}));
     }},
    {"Access [write] is excluded by an open [write].",
     [] {
       auto manager = host_manager();
       auto texture = *manager->create_texture(small(), HandleKind::host_memory);
       auto open = texture->begin_access(AccessMode::write, {});
       auto second = without_value(texture->begin_access(AccessMode::write, {}));
       (void)texture->end_access(*std::move(open));
       return second;
     }},
    {"A fence of kind [opaque_fd_timeline] cannot be exported by API [host] on this device.",
     [] { return without_value(host_manager()->create_fence(FenceKind::opaque_fd_timeline)); }},
    {"Fence value [2] is not larger than the current value [2].",
     [] {
       auto fence = *host_manager()->create_fence(FenceKind::host_timeline);
       (void)fence->signal(2);
       return fence->signal(2);
     }},
    {"API [host] on [host memory] cannot share format [rgba8_unorm] as [opaque_fd]: the device has no such sharing.",
     [] { return without_value(host_manager()->create_texture(small(), HandleKind::opaque_fd)); }},
    {"Handle [0] is [empty], but the parcel says [host_memory].",
     [] {
       auto manager = host_manager();
       auto texture = *manager->create_texture(small(), HandleKind::host_memory);
       auto parcel = *manager->export_texture(*texture);
       parcel.handles[0].reset();
       return without_value(manager->import_shared_texture(std::move(parcel)));
     }},
    {"Field [value] of a fence is [18446744073709551615], at most [4611686018427387904] is believed.",
     [] {
       auto manager = host_manager();
       auto handle = *(*manager->create_fence(FenceKind::host_timeline))->export_handle();
       handle.value = ~0ULL;
       return without_value(manager->import_fence(std::move(handle)));
     }},
    {"The parcel has [0] handles, outside [1] to [4].",
     [] {
       auto manager = host_manager();
       auto texture = *manager->create_texture(small(), HandleKind::host_memory);
       auto parcel = *manager->export_texture(*texture);
       parcel.handle_count = 0;
       return without_value(manager->import_shared_texture(std::move(parcel)));
     }},
};

TEST(Error, SentencesAreTheseToTheLetter) {
  for (const Sentence& sentence : sentences) {
    const auto result = sentence.make();
    ASSERT_FALSE(result) << sentence.expected;
    EXPECT_EQ(result.error().message(), sentence.expected);
  }
}

}  // namespace
}  // namespace geyser::test
