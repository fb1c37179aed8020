// The barriers of each access, as submitted: layouts, queue families and access masks by the Vulkan specification's
// rules for transfers to and from external queues (7.7.4). Both ends of a hand-off have to say the same.
#include <gtest/gtest.h>

#include <geyser/vulkan.hpp>

#include "support/current_mesa.hpp"
#include "support/watched_vulkan.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/manager.hpp"

namespace geyser::test {
namespace {

struct Sharing {
  const char* end;  // of what is no dma-buf
  HandleKind kind;
  std::uint32_t outside;
  const char* name;
  const char* without = "";  // a device extension that the caller has not enabled
};

class Barriers : public testing::TestWithParam<Sharing> {
 protected:
  void SetUp() override {
    const char* name = GetParam().kind == HandleKind::dma_buf ? current_mesa() : GetParam().end;
    if (name == nullptr) {
      std::printf("NOT RUN: Mesa 25 is not there; ./dev drivers unpacks it on Debian 12\n");
      GTEST_SKIP();
    }
    auto end = make_end(name);
    ASSERT_TRUE(end) << end.error().to_string();
    end_ = *std::move(end);
    const auto device = vulkan::native(end_->manager());
    const auto requirements =
        vulkan::device_requirements(device->instance, device->physical_device, device->get_instance_proc_addr);
    vulkan::WrapOptions options;
    options.get_instance_proc_addr = watch_vulkan(device->get_instance_proc_addr);
    options.instance = device->instance;
    options.physical_device = device->physical_device;
    options.device = device->device;
    options.queue = device->queue;
    options.queue_family = family_ = device->queue_family;
    options.enabled_extensions = requirements->extensions;
    std::erase(options.enabled_extensions, GetParam().without);
    options.timeline_semaphore_enabled = requirements->timeline_semaphore;
    auto wrapped = vulkan::wrap_device(options);
    ASSERT_TRUE(wrapped) << wrapped.error().to_string();
    manager_ = *std::move(wrapped);
    TextureDescriptor descriptor;
    descriptor.extent = {16, 16, 1};
    auto texture = manager_->create_texture(descriptor, GetParam().kind);
    ASSERT_TRUE(texture) << texture.error().to_string();
    texture_ = *std::move(texture);
  }
  void TearDown() override {
    texture_.reset();
    manager_.reset();
    if (end_ == nullptr) return;
    for (const std::string& complaint : end_->complaints) ADD_FAILURE() << complaint;
  }

  std::vector<VkImageMemoryBarrier> access(SharedTexture& texture, AccessMode mode) {
    auto token = texture.begin_access(mode, state_);
    EXPECT_TRUE(token) << token.error().to_string();
    if (!token) return {};
    auto state = texture.end_access(*std::move(token));
    EXPECT_TRUE(state) << state.error().to_string();
    if (state) state_ = *state;
    return take_submitted_barriers(vulkan::native(texture)->image);
  }
  void expect_acquire(const VkImageMemoryBarrier& barrier) const {
    EXPECT_EQ(barrier.srcQueueFamilyIndex, GetParam().outside);
    EXPECT_EQ(barrier.dstQueueFamilyIndex, family_);
    EXPECT_EQ(barrier.oldLayout, VK_IMAGE_LAYOUT_GENERAL);
    EXPECT_EQ(barrier.newLayout, VK_IMAGE_LAYOUT_GENERAL);
    EXPECT_EQ(barrier.srcAccessMask, 0U) << "an acquire makes nothing available";
    EXPECT_NE(barrier.dstAccessMask, 0U);
  }
  void expect_discard(const VkImageMemoryBarrier& barrier) const {
    EXPECT_EQ(barrier.srcQueueFamilyIndex, barrier.dstQueueFamilyIndex) << "nothing is taken over";
    EXPECT_EQ(barrier.oldLayout, VK_IMAGE_LAYOUT_UNDEFINED);
    EXPECT_EQ(barrier.newLayout, VK_IMAGE_LAYOUT_GENERAL);
  }
  void expect_release(const VkImageMemoryBarrier& barrier) const {
    EXPECT_EQ(barrier.srcQueueFamilyIndex, family_);
    EXPECT_EQ(barrier.dstQueueFamilyIndex, GetParam().outside);
    EXPECT_EQ(barrier.oldLayout, VK_IMAGE_LAYOUT_GENERAL);
    EXPECT_EQ(barrier.newLayout, VK_IMAGE_LAYOUT_GENERAL);
    EXPECT_NE(barrier.srcAccessMask, 0U);
    EXPECT_EQ(barrier.dstAccessMask, 0U) << "a release makes nothing visible";
  }

  std::unique_ptr<End> end_;
  std::unique_ptr<TextureShareManager> manager_;
  std::unique_ptr<SharedTexture> texture_;
  AccessState state_;
  std::uint32_t family_ = 0;
};

TEST_P(Barriers, AFirstWriteDiscardsAndReleases) {
  for (const AccessMode mode : {AccessMode::write, AccessMode::discard}) {
    const auto barriers = access(*texture_, mode);
    ASSERT_EQ(barriers.size(), 2U);
    // The first write finds undefined contents, whatever its mode; the second one discards.
    expect_discard(barriers[0]);
    expect_release(barriers[1]);
  }
}

TEST_P(Barriers, ReadsAndLaterWritesTakeOverAndGiveBack) {
  ASSERT_EQ(access(*texture_, AccessMode::discard).size(), 2U);
  for (const AccessMode mode : {AccessMode::read, AccessMode::write, AccessMode::read_write}) {
    const auto barriers = access(*texture_, mode);
    ASSERT_EQ(barriers.size(), 2U) << to_string(mode);
    expect_acquire(barriers[0]);
    expect_release(barriers[1]);
  }
}

TEST_P(Barriers, TheImportersMatchTheExporters) {
  ASSERT_EQ(access(*texture_, AccessMode::discard).size(), 2U);
  auto imported = manager_->import_shared_texture(*manager_->export_texture(*texture_));
  ASSERT_TRUE(imported) << imported.error().to_string();
  const auto barriers = access(**imported, AccessMode::read);
  ASSERT_EQ(barriers.size(), 2U);
  expect_acquire(barriers[0]);
  expect_release(barriers[1]);
}

TEST_P(Barriers, TwoReadersTakeOverOnce) {
  ASSERT_EQ(access(*texture_, AccessMode::discard).size(), 2U);
  auto first = texture_->begin_access(AccessMode::read, state_);
  auto second = texture_->begin_access(AccessMode::read, state_);
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(take_submitted_barriers(vulkan::native(*texture_)->image).size(), 1U);
  ASSERT_TRUE(texture_->end_access(*std::move(first)));
  EXPECT_TRUE(take_submitted_barriers(vulkan::native(*texture_)->image).empty()) << "one reader is still there";
  ASSERT_TRUE(texture_->end_access(*std::move(second)));
  EXPECT_EQ(take_submitted_barriers(vulkan::native(*texture_)->image).size(), 1U);
}

TEST_P(Barriers, SubmitAccessIsTheSame) {
  ASSERT_EQ(access(*texture_, AccessMode::discard).size(), 2U);
  auto state = vulkan::submit_access(*texture_, AccessMode::read, state_, {});
  ASSERT_TRUE(state) << state.error().to_string();
  const auto barriers = take_submitted_barriers(vulkan::native(*texture_)->image);
  ASSERT_EQ(barriers.size(), 2U);
  expect_acquire(barriers[0]);
  expect_release(barriers[1]);
}

// Acquire and release inside the caller's command buffer: Geyser submits none of its own, except where the image has
// not been released by anybody yet.
TEST_P(Barriers, ARecordedAccessIsTheSame) {
  const VkImage image = vulkan::native(*texture_)->image;
  const auto& device = static_cast<vulkan::VulkanManager&>(*manager_).device();
  const auto record = [&](AccessMode mode) {
    auto commands = vulkan::Commands::record(device, [&](VkCommandBuffer buffer) {
      EXPECT_TRUE(vulkan::record_acquire(*texture_, mode, buffer));
      EXPECT_TRUE(vulkan::record_release(*texture_, buffer));
    });
    EXPECT_TRUE(commands);
    return *std::move(commands);
  };
  const auto submit = [&](AccessMode mode, const vulkan::Commands& commands) {
    const VkCommandBuffer buffer = commands.buffer();
    auto state = vulkan::submit_recorded_access(*texture_, mode, state_, {&buffer, 1});
    EXPECT_TRUE(state) << state.error().to_string();
    if (state) state_ = *std::move(state);
    return take_submitted_barriers(image);
  };
  const vulkan::Commands keeping = record(AccessMode::write);
  const vulkan::Commands discarding = record(AccessMode::discard);
  // A first write that keeps: the image is brought to where its acquire expects it.
  auto barriers = submit(AccessMode::write, keeping);
  ASSERT_EQ(barriers.size(), 4U);
  expect_discard(barriers[0]);
  expect_release(barriers[1]);
  expect_acquire(barriers[2]);
  expect_release(barriers[3]);
  barriers = submit(AccessMode::read, keeping);
  ASSERT_EQ(barriers.size(), 2U);
  expect_acquire(barriers[0]);
  expect_release(barriers[1]);
  barriers = submit(AccessMode::discard, discarding);
  ASSERT_EQ(barriers.size(), 2U);
  expect_discard(barriers[0]);
  expect_release(barriers[1]);
  // Others go on from there.
  barriers = access(*texture_, AccessMode::read);
  ASSERT_EQ(barriers.size(), 2U);
  expect_acquire(barriers[0]);
}

TEST_P(Barriers, ARecordedAccessExcludesOthers) {
  ASSERT_EQ(access(*texture_, AccessMode::discard).size(), 2U);
  const VkCommandBuffer none = VK_NULL_HANDLE;
  auto open = texture_->begin_access(AccessMode::read, state_);
  ASSERT_TRUE(open);
  EXPECT_EQ(vulkan::submit_recorded_access(*texture_, AccessMode::read, state_, {&none, 1}).error().code(),
            ErrorCode::busy);
  EXPECT_TRUE(texture_->end_access(*std::move(open)));
  EXPECT_EQ(vulkan::submit_recorded_access(*texture_, AccessMode::read, state_, {}).error().code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(vulkan::record_acquire(*texture_, AccessMode::read, none).error().message(), "The command buffer is null.");
  EXPECT_EQ(vulkan::record_release(*texture_, none).error().code(), ErrorCode::invalid_argument);
}

// Waits, acquire, the caller's commands, release and signal in one submission.
class DeferredAccess : public Barriers {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Barriers::SetUp());
    if (IsSkipped()) return;
    ASSERT_EQ(access(*texture_, AccessMode::discard).size(), 2U);
    before_ = submissions();
  }
  const std::shared_ptr<vulkan::Device>& device() const {
    return static_cast<vulkan::VulkanManager&>(*manager_).device();
  }
  // A command buffer of the caller's, told by a barrier from no access to none.
  vulkan::Commands marker() const {
    auto commands = vulkan::Commands::record(device(), [&](VkCommandBuffer buffer) {
      const VkImageMemoryBarrier barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                         nullptr,
                                         0,
                                         0,
                                         VK_IMAGE_LAYOUT_GENERAL,
                                         VK_IMAGE_LAYOUT_GENERAL,
                                         VK_QUEUE_FAMILY_IGNORED,
                                         VK_QUEUE_FAMILY_IGNORED,
                                         image(),
                                         {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
      device()->functions().vkCmdPipelineBarrier(buffer, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                                                 VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, nullptr, 0, nullptr, 1,
                                                 &barrier);
    });
    EXPECT_TRUE(commands);
    return *std::move(commands);
  }
  // One that lives as long as the test.
  const vulkan::Commands& marker_again() {
    markers_.push_back(std::make_unique<vulkan::Commands>(marker()));
    return *markers_.back();
  }
  static bool is_marker(const VkImageMemoryBarrier& barrier) {
    return barrier.srcQueueFamilyIndex == VK_QUEUE_FAMILY_IGNORED && barrier.srcAccessMask == 0 &&
           barrier.dstAccessMask == 0;
  }
  VkImage image() const { return vulkan::native(*texture_)->image; }
  TextureAccess begin(AccessMode mode, AccessTiming timing = AccessTiming::deferred) {
    auto access = texture_->begin_access(mode, state_, timing);
    EXPECT_TRUE(access) << access.error().to_string();
    return *std::move(access);
  }
  Result<void> add(const vulkan::Commands& commands) {
    const VkCommandBuffer buffer = commands.buffer();
    return vulkan::add_commands(*texture_, {&buffer, 1});
  }
  Result<void> add_recorded(const vulkan::Commands& commands) {
    const VkCommandBuffer buffer = commands.buffer();
    return vulkan::add_recorded_commands(*texture_, {&buffer, 1});
  }
  void end(TextureAccess&& access) {
    auto state = texture_->end_access(std::move(access));
    ASSERT_TRUE(state) << state.error().to_string();
    state_ = *std::move(state);
  }

  std::size_t before_ = 0;
  std::vector<std::unique_ptr<vulkan::Commands>> markers_;
};

TEST_P(DeferredAccess, IsOneSubmission) {
  const vulkan::Commands first = marker();
  const vulkan::Commands second = marker();
  TextureAccess access = begin(AccessMode::write);
  EXPECT_TRUE(add(first));
  EXPECT_TRUE(add(second));
  EXPECT_EQ(submissions(), before_) << "nothing is to be submitted before end_access";
  ASSERT_NO_FATAL_FAILURE(end(std::move(access)));
  EXPECT_EQ(submissions(), before_ + 1);
  const auto barriers = take_submitted_barriers(image());
  ASSERT_EQ(barriers.size(), 4U);
  expect_acquire(barriers[0]);
  EXPECT_TRUE(is_marker(barriers[1]) && is_marker(barriers[2]));
  expect_release(barriers[3]);
}

TEST_P(DeferredAccess, WithoutCommandsOfTheCallersIsWhole) {
  ASSERT_NO_FATAL_FAILURE(end(begin(AccessMode::discard)));
  EXPECT_EQ(submissions(), before_ + 1);
  const auto barriers = take_submitted_barriers(image());
  ASSERT_EQ(barriers.size(), 2U);
  expect_discard(barriers[0]);
  expect_release(barriers[1]);
}

TEST_P(DeferredAccess, OfCommandsThatHoldTheBarriersHasNoOther) {
  const auto recorded = vulkan::Commands::record(device(), [&](VkCommandBuffer buffer) {
    EXPECT_TRUE(vulkan::record_acquire(*texture_, AccessMode::read, buffer));
    EXPECT_TRUE(vulkan::record_release(*texture_, buffer));
  });
  ASSERT_TRUE(recorded);
  TextureAccess access = begin(AccessMode::read);
  EXPECT_TRUE(add_recorded(*recorded));
  ASSERT_NO_FATAL_FAILURE(end(std::move(access)));
  EXPECT_EQ(submissions(), before_ + 1);
  auto barriers = take_submitted_barriers(image());
  ASSERT_EQ(barriers.size(), 2U);
  expect_acquire(barriers[0]);
  expect_release(barriers[1]);
  // The next one is Geyser's again.
  access = begin(AccessMode::read);
  ASSERT_NO_FATAL_FAILURE(end(std::move(access)));
  barriers = take_submitted_barriers(image());
  ASSERT_EQ(barriers.size(), 2U);
}

TEST_P(DeferredAccess, IsSubmittedWhenAnotherReaderComes) {
  const vulkan::Commands mine = marker();
  TextureAccess first = begin(AccessMode::read);
  EXPECT_TRUE(add(mine));
  TextureAccess second = begin(AccessMode::read, AccessTiming::immediate);
  auto barriers = take_submitted_barriers(image());
  ASSERT_EQ(barriers.size(), 2U);
  expect_acquire(barriers[0]);
  EXPECT_TRUE(is_marker(barriers[1]));
  EXPECT_EQ(add_recorded(mine).error().code(), ErrorCode::busy);
  EXPECT_TRUE(add(mine)) << "also an access that was begun at once takes commands";
  ASSERT_NO_FATAL_FAILURE(end(std::move(second)));
  ASSERT_NO_FATAL_FAILURE(end(std::move(first)));
  barriers = take_submitted_barriers(image());
  ASSERT_EQ(barriers.size(), 2U);
  EXPECT_TRUE(is_marker(barriers[0]));
  expect_release(barriers[1]);
}

TEST_P(DeferredAccess, IsSubmittedBeforeACopy) {
  TextureDescriptor descriptor = texture_->descriptor();
  auto made = manager_->create_texture(descriptor, GetParam().kind);
  ASSERT_TRUE(made) << made.error().to_string();
  const std::unique_ptr<SharedTexture> other = *std::move(made);
  TextureAccess from = begin(AccessMode::read);
  auto to = other->begin_access(AccessMode::discard, {}, AccessTiming::deferred);
  ASSERT_TRUE(to);
  EXPECT_EQ(submissions(), before_);
  EXPECT_TRUE(manager_->copy_texture(*texture_, *other));
  const auto barriers = take_submitted_barriers(image());
  ASSERT_EQ(barriers.size(), 1U);
  expect_acquire(barriers[0]);
  EXPECT_EQ(submissions(), before_ + 3) << "two acquires and the copy";
  EXPECT_TRUE(other->end_access(*std::move(to)));
  ASSERT_NO_FATAL_FAILURE(end(std::move(from)));
}

TEST_P(DeferredAccess, MistakesAreNamed) {
  const vulkan::Commands mine = marker();
  EXPECT_EQ(add(mine).error().code(), ErrorCode::invalid_access) << "no access is open";
  TextureAccess access = begin(AccessMode::read, AccessTiming::immediate);
  EXPECT_EQ(add_recorded(mine).error().code(), ErrorCode::invalid_access) << "it is acquired already";
  EXPECT_EQ(vulkan::add_recorded_commands(*texture_, {}).error().code(), ErrorCode::invalid_argument);
  const std::vector<VkCommandBuffer> most(vulkan::max_access_commands, mine.buffer());
  EXPECT_EQ(take_submitted_barriers(image()).size(), 1U);
  for (std::size_t i = 0; i + 1 < most.size(); ++i) EXPECT_TRUE(add(marker_again()));
  EXPECT_EQ(vulkan::add_commands(*texture_, most).error().code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(add(marker_again()));
  EXPECT_EQ(add(mine).error().code(), ErrorCode::invalid_argument) << "one too many";
  ASSERT_NO_FATAL_FAILURE(end(std::move(access)));
  EXPECT_EQ(take_submitted_barriers(image()).size(), vulkan::max_access_commands + 1);
}

// By the caller's fence and semaphore, and by no other submission.
TEST_P(DeferredAccess, TheSubmissionOfTheCallersCommandsIsTold) {
  const auto native = *vulkan::native(*manager_);
  const auto load = [&]<class Function>(Function& function, const char* name) {
    function = reinterpret_cast<Function>(native.get_instance_proc_addr(native.instance, name));
    ASSERT_NE(function, nullptr) << name;
  };
  PFN_vkCreateFence create = nullptr;
  PFN_vkDestroyFence destroy = nullptr;
  PFN_vkWaitForFences wait = nullptr;
  PFN_vkResetFences reset = nullptr;
  PFN_vkGetFenceStatus status = nullptr;
  PFN_vkQueueWaitIdle drain = nullptr;
  ASSERT_NO_FATAL_FAILURE(load(create, "vkCreateFence"));
  ASSERT_NO_FATAL_FAILURE(load(destroy, "vkDestroyFence"));
  ASSERT_NO_FATAL_FAILURE(load(wait, "vkWaitForFences"));
  ASSERT_NO_FATAL_FAILURE(load(reset, "vkResetFences"));
  ASSERT_NO_FATAL_FAILURE(load(status, "vkGetFenceStatus"));
  ASSERT_NO_FATAL_FAILURE(load(drain, "vkQueueWaitIdle"));
  const VkFenceCreateInfo info{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, nullptr, 0};
  std::array<VkFence, 2> fences{};
  for (VkFence& fence : fences) ASSERT_EQ(create(native.device, &info, nullptr, &fence), VK_SUCCESS);
  const VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, nullptr,
                                       VK_SEMAPHORE_TYPE_TIMELINE, 0};
  const VkSemaphoreCreateInfo of_type{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type, 0};
  VkSemaphore timeline = VK_NULL_HANDLE;
  ASSERT_EQ(device()->functions().vkCreateSemaphore(native.device, &of_type, nullptr, &timeline), VK_SUCCESS);
  std::uint64_t value = 0;
  const auto counter = [&] {
    std::uint64_t now = 0;
    EXPECT_EQ(device()->functions().vkGetSemaphoreCounterValue(native.device, timeline, &now), VK_SUCCESS);
    return now;
  };
  const auto is_signalled = [&](VkFence fence) {
    return wait(native.device, 1, &fence, VK_TRUE, 5'000'000'000) == VK_SUCCESS &&
           reset(native.device, 1, &fence) == VK_SUCCESS;
  };
  const auto is_idle = [&](VkFence fence) { return status(native.device, fence) == VK_NOT_READY; };
  const vulkan::Commands mine = marker();
  const VkCommandBuffer buffer = mine.buffer();
  for (const AccessTiming timing : {AccessTiming::deferred, AccessTiming::immediate}) {
    TextureAccess access = begin(AccessMode::write, timing);
    ASSERT_TRUE(vulkan::add_commands(*texture_, {&buffer, 1}, {fences[0], timeline, ++value}));
    EXPECT_EQ(vulkan::add_commands(*texture_, {}, {fences[1]}).error().code(), ErrorCode::invalid_argument)
        << "a submission has one completion";
    ASSERT_EQ(drain(native.queue), VK_SUCCESS);
    EXPECT_TRUE(is_idle(fences[0])) << "signalled before end_access";
    EXPECT_EQ(counter(), value - 1) << "signalled before end_access";
    ASSERT_NO_FATAL_FAILURE(end(std::move(access)));
    EXPECT_TRUE(is_signalled(fences[0]));
    EXPECT_EQ(counter(), value);
  }
  ASSERT_NO_FATAL_FAILURE(end(begin(AccessMode::read)));
  auto state = vulkan::submit_access(*texture_, AccessMode::read, state_, {&buffer, 1}, {fences[1]});
  ASSERT_TRUE(state) << state.error().to_string();
  state_ = *std::move(state);
  EXPECT_TRUE(is_signalled(fences[1]));
  EXPECT_TRUE(is_idle(fences[0])) << "a later access signalled it";
  EXPECT_EQ(counter(), value) << "a later access signalled it";
  for (const VkFence fence : fences) destroy(native.device, fence, nullptr);
  device()->functions().vkDestroySemaphore(native.device, timeline, nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    All, DeferredAccess,
    testing::Values(Sharing{"vulkan", HandleKind::opaque_fd, VK_QUEUE_FAMILY_EXTERNAL, "opaque_fd"},
                    Sharing{"mesa25", HandleKind::dma_buf, VK_QUEUE_FAMILY_FOREIGN_EXT, "dma_buf"}),
    [](const auto& sharing) { return std::string(sharing.param.name); });

INSTANTIATE_TEST_SUITE_P(
    All, Barriers,
    testing::Values(Sharing{"vulkan", HandleKind::opaque_fd, VK_QUEUE_FAMILY_EXTERNAL, "opaque_fd"},
                    Sharing{"", HandleKind::dma_buf, VK_QUEUE_FAMILY_FOREIGN_EXT, "dma_buf"},
                    Sharing{"", HandleKind::dma_buf, VK_QUEUE_FAMILY_EXTERNAL, "dma_buf_without_foreign",
                            VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME}),
    [](const auto& sharing) { return std::string(sharing.param.name); });

}  // namespace
}  // namespace geyser::test
