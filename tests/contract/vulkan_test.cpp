// What only Vulkan has: the caller's own device, the caller's own image, and proof that validation is listening.
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <geyser/vulkan.hpp>

#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

// Entry points without those that export and import, as of a device that was made without the extensions that its
// caller says it has.
PFN_vkGetInstanceProcAddr whole = nullptr;
PFN_vkGetDeviceProcAddr whole_device = nullptr;

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL lacking_device(VkDevice device, const char* name) {
  return std::string(name).ends_with("FdKHR") ? nullptr : whole_device(device, name);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL lacking(VkInstance instance, const char* name) {
  const PFN_vkVoidFunction real = whole(instance, name);
  if (std::string(name) != "vkGetDeviceProcAddr") return real;
  whole_device = reinterpret_cast<PFN_vkGetDeviceProcAddr>(real);
  return reinterpret_cast<PFN_vkVoidFunction>(lacking_device);
}

// A driver that makes no more semaphores on a device, once it is spent.
bool spent = false;
PFN_vkCreateSemaphore create_semaphore = nullptr;

VKAPI_ATTR VkResult VKAPI_CALL create_semaphore_while(VkDevice device, const VkSemaphoreCreateInfo* info,
                                                      const VkAllocationCallbacks* callbacks, VkSemaphore* semaphore) {
  return spent ? VK_ERROR_INITIALIZATION_FAILED : create_semaphore(device, info, callbacks, semaphore);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL spending_device(VkDevice device, const char* name) {
  const PFN_vkVoidFunction real = whole_device(device, name);
  if (std::string(name) != "vkCreateSemaphore") return real;
  create_semaphore = reinterpret_cast<PFN_vkCreateSemaphore>(real);
  return reinterpret_cast<PFN_vkVoidFunction>(create_semaphore_while);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL spending(VkInstance instance, const char* name) {
  const PFN_vkVoidFunction real = whole(instance, name);
  if (std::string(name) != "vkGetDeviceProcAddr") return real;
  whole_device = reinterpret_cast<PFN_vkGetDeviceProcAddr>(real);
  return reinterpret_cast<PFN_vkVoidFunction>(spending_device);
}

class Vulkan : public testing::Test {
 protected:
  void SetUp() override {
    auto end = make_end("vulkan");
    ASSERT_TRUE(end) << end.error().to_string();
    end_ = *std::move(end);
    descriptor_.extent = {29, 13, 1};
  }
  void TearDown() override {
    for (const std::string& complaint : end_->complaints) ADD_FAILURE() << complaint;
  }
  // The end's device as a caller's: everything that device_requirements() asked for is enabled on it.
  Result<std::unique_ptr<TextureShareManager>> wrap(PFN_vkGetInstanceProcAddr get = nullptr) {
    const auto device = vulkan::native(end_->manager());
    const auto requirements =
        vulkan::device_requirements(device->instance, device->physical_device, device->get_instance_proc_addr);
    if (!requirements) return fail(GeyserError(requirements.error()));
    vulkan::WrapOptions options;
    options.get_instance_proc_addr = get != nullptr ? get : device->get_instance_proc_addr;
    options.instance = device->instance;
    options.physical_device = device->physical_device;
    options.device = device->device;
    options.queue = device->queue;
    options.queue_family = device->queue_family;
    options.enabled_extensions = requirements->extensions;
    options.timeline_semaphore_enabled = requirements->timeline_semaphore;
    options.lock_queue = [this] { ++locks_; };
    options.unlock_queue = [this] { ++unlocks_; };
    return vulkan::wrap_device(options);
  }
  // Written through `source`, read through a texture that the end imports from `parcel`.
  void expect_shared(TextureShareManager& manager, SharedTexture& source) {
    auto parcel = manager.export_texture(source);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    auto imported = end_->manager().import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(imported) << imported.error().to_string();
    const auto expected = make_pattern(descriptor_, 3);
    auto write = source.begin_access(AccessMode::discard, {});
    ASSERT_TRUE(write) << write.error().to_string();
    ASSERT_TRUE(end_->fill(source, expected));
    auto state = source.end_access(*std::move(write));
    ASSERT_TRUE(state) << state.error().to_string();
    auto read = (*imported)->begin_access(AccessMode::read, *state);
    ASSERT_TRUE(read) << read.error().to_string();
    auto actual = end_->read(**imported);
    ASSERT_TRUE(actual);
    EXPECT_EQ(difference(descriptor_, expected, *actual), "");
    EXPECT_TRUE((*imported)->end_access(*std::move(read)));
    EXPECT_EQ(source.statistics().bytes_copied + (*imported)->statistics().bytes_copied, 0U);
  }

  std::unique_ptr<End> end_;
  TextureDescriptor descriptor_;
  int locks_ = 0;
  int unlocks_ = 0;
};

// Without this, a suite without complaints could be a layer that nobody loaded.
TEST_F(Vulkan, AMistakeIsReportedByValidation) {
  const auto device = vulkan::native(end_->manager());
  const auto get = reinterpret_cast<PFN_vkGetDeviceProcAddr>(
      device->get_instance_proc_addr(device->instance, "vkGetDeviceProcAddr"));
  const auto create = reinterpret_cast<PFN_vkCreateFence>(get(device->device, "vkCreateFence"));
  const auto destroy = reinterpret_cast<PFN_vkDestroyFence>(get(device->device, "vkDestroyFence"));
  VkFenceCreateInfo info{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, nullptr, 0};
  info.flags = 0x40000000U;  // none of VkFenceCreateFlagBits
  VkFence fence = VK_NULL_HANDLE;
  create(device->device, &info, nullptr, &fence);
  destroy(device->device, fence, nullptr);
  ASSERT_FALSE(end_->complaints.empty());
  EXPECT_NE(end_->complaints[0].find("VUID-VkFenceCreateInfo-flags"), std::string::npos) << end_->complaints[0];
  end_->complaints.clear();
}

TEST_F(Vulkan, TheCallersDeviceIsWrapped) {
  auto wrapped = wrap();
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  EXPECT_EQ((*wrapped)->capabilities().identity, end_->manager().capabilities().identity);
  EXPECT_EQ((*wrapped)->capabilities().textures, end_->manager().capabilities().textures);
  auto texture = (*wrapped)->create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_TRUE(texture) << texture.error().to_string();
  expect_shared(**wrapped, **texture);
  EXPECT_GT(locks_, 0);
  EXPECT_EQ(locks_, unlocks_);
}

TEST_F(Vulkan, AWrappedDeviceNeedsEverything) {
  vulkan::WrapOptions options;
  EXPECT_EQ(vulkan::wrap_device(options).error().message(),
            "Instance, physical device, device and queue must all be given.");
}

TEST_F(Vulkan, AnExtensionWithoutItsEntryPointsIsNone) {
  whole = vulkan::native(end_->manager())->get_instance_proc_addr;
  auto wrapped = wrap(lacking);
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  for (const TextureCapability& row : (*wrapped)->capabilities().textures) {
    EXPECT_EQ(row.handle_kind, HandleKind::host_memory);
  }
  for (const FenceCapability& row : (*wrapped)->capabilities().fences) {
    EXPECT_EQ(row.kind, FenceKind::host_timeline);
  }
  EXPECT_EQ((*wrapped)->create_texture(descriptor_, HandleKind::opaque_fd).error().code(), ErrorCode::unsupported);
}

TEST_F(Vulkan, OfADeviceThatMakesNoMoreSemaphoresTheWayOutIsSaid) {
  whole = vulkan::native(end_->manager())->get_instance_proc_addr;
  spent = true;
  auto wrapped = wrap(spending);
  spent = false;
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::not_available);
  EXPECT_EQ(wrapped.error().alternatives(), std::vector<std::string>{"a new manager, on a device made anew"});
  EXPECT_TRUE(wrap(spending));
}

TEST_F(Vulkan, TheCallersImageIsAdopted) {
  auto owner = end_->manager().create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_TRUE(owner) << owner.error().to_string();
  const auto native = vulkan::native(**owner);
  const MemoryLayout& layout = (*owner)->layout();
  vulkan::AdoptInfo info;
  info.image = native->image;
  info.memory = native->memory;
  info.allocation_size = layout.allocation_size;
  info.memory_type = layout.memory_type;
  info.dedicated = layout.dedicated;
  info.usage = layout.vulkan_usage;
  info.create_flags = layout.vulkan_create_flags;
  auto adopted = vulkan::adopt_image(end_->manager(), descriptor_, info);
  ASSERT_TRUE(adopted) << adopted.error().to_string();
  EXPECT_EQ(vulkan::native(**adopted)->image, native->image);
  expect_shared(end_->manager(), **adopted);
  info.kind = HandleKind::dma_buf;
  EXPECT_EQ(vulkan::adopt_image(end_->manager(), descriptor_, info).error().code(), ErrorCode::unsupported);
  info.image = VK_NULL_HANDLE;
  EXPECT_EQ(vulkan::adopt_image(end_->manager(), descriptor_, info).error().code(), ErrorCode::invalid_argument);
}

TEST_F(Vulkan, AnotherDevicesParcelIsRefusedWithBothIdentities) {
  auto texture = end_->manager().create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_TRUE(texture);
  auto parcel = end_->manager().export_texture(**texture);
  ASSERT_TRUE(parcel);
  parcel->identity.device_uuid[0] = static_cast<std::uint8_t>(parcel->identity.device_uuid[0] ^ 1U);
  const std::string theirs = to_string(parcel->identity);
  auto imported = end_->manager().import_shared_texture(*std::move(parcel));
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code(), ErrorCode::incompatible_device);
  EXPECT_EQ(imported.error().message(), "The texture is on [" + theirs + "], but this manager is on [" +
                                            to_string(end_->manager().capabilities().identity) + "].");
  ASSERT_EQ(imported.error().alternatives().size(), 1U);
  EXPECT_EQ(imported.error().alternatives()[0], "handle kind [host_memory]");
}

// A program that only goes on handing off gets back what it has dropped.
TEST_F(Vulkan, DroppedMemoryIsFreedByLaterAccesses) {
  auto kept = end_->manager().create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_TRUE(kept);
  ASSERT_TRUE(end_->settle());
  const std::size_t before = open_descriptors();  // lavapipe keeps one for each exportable allocation
  auto dropped = end_->manager().create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_TRUE(dropped);
  const std::size_t with_both = open_descriptors();
  dropped->reset();
  AccessState state;
  for (int i = 0; i < 100 && (i < 2 || open_descriptors() != before); ++i) {
    auto access = (*kept)->begin_access(AccessMode::discard, state);
    ASSERT_TRUE(access);
    state = *(*kept)->end_access(*std::move(access));
  }
  EXPECT_EQ(open_descriptors(), before);
  if (with_both == before) std::printf("NOT SHOWN: this driver holds no descriptor for an allocation\n");
}

// The kernel knows how large the memory really is.
TEST_F(Vulkan, AShortAllocationIsRefused) {
  auto texture = end_->manager().create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_TRUE(texture);
  auto parcel = end_->manager().export_texture(**texture);
  ASSERT_TRUE(parcel);
  parcel->layout.allocation_size = 1;
  EXPECT_EQ(end_->manager().import_shared_texture(*std::move(parcel)).error().code(), ErrorCode::incompatible_layout);
}

// Duplicates of a descriptor share its file offset, also those in other processes. Mesa's software drivers read what
// memory a descriptor is of at that offset.
TEST(VulkanDevice, NobodyElseMovesTheOffsetOfWhatIsOpened) {
  auto end = make_end("vulkan");
  ASSERT_TRUE(end) << end.error().to_string();
  TextureDescriptor descriptor;
  descriptor.extent = {16, 16, 1};
  auto texture = (*end)->manager().create_texture(descriptor, HandleKind::opaque_fd);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto parcel = (*end)->manager().export_texture(**texture);
  ASSERT_TRUE(parcel);
  std::atomic<bool> done = false;
  std::vector<std::thread> disturbers;
  for (int k = 0; k < 4; ++k) {
    disturbers.emplace_back([&done, descriptor_number = static_cast<int>(parcel->handles[0].get())] {
      while (!done) ::lseek(descriptor_number, 4, SEEK_SET);
    });
  }
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    auto same = parcel->duplicate();
    if (!same || !(*end)->manager().import_shared_texture(*std::move(same))) ++refused;
  }
  done = true;
  for (std::thread& disturber : disturbers) disturber.join();
  EXPECT_EQ(refused, 0);
  for (const std::string& complaint : (*end)->complaints) ADD_FAILURE() << complaint;
}

}  // namespace
}  // namespace geyser::test
