// WebGPU's own: the library's version, wrapped devices, what Dawn refuses in its own words, waits and signals on the
// device, a lost device, descriptors.
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include <geyser/vulkan.hpp>
#include <geyser/webgpu.hpp>

#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "webgpu/device.hpp"
#include "webgpu/error.hpp"
#include "webgpu/texture.hpp"

namespace geyser::test {
namespace {

using Manager = std::shared_ptr<TextureShareManager>;

class WebGpu : public testing::Test {
 protected:
  void SetUp() override {
    // Where CI builds WebGPU it has a driver for it, too.
    if (driver_manifest("webgpu") == nullptr && std::getenv("CI") == nullptr) {
      GTEST_SKIP() << "no driver for WebGPU; ./dev drivers unpacks SwiftShader";
    }
    auto webgpu = make_end("webgpu");
    ASSERT_TRUE(webgpu) << webgpu.error().to_string();
    webgpu_ = *std::move(webgpu);
    descriptor_.extent = {45, 29, 1};
  }
  void TearDown() override {
    if (webgpu_ == nullptr) return;
    webgpu_->close();
    for (const std::string& complaint : webgpu_->complaints) ADD_FAILURE() << complaint;
  }
  // A Vulkan manager of its own on the device.
  Manager make_vulkan() {
    vulkan::Options options;
    options.device.device_uuid = webgpu_->manager().capabilities().identity.device_uuid;
    const OnDriver driver("webgpu");
    auto vulkan = vulkan::create_manager(options);
    EXPECT_TRUE(vulkan) << vulkan.error().to_string();
    return vulkan ? Manager(*std::move(vulkan)) : nullptr;
  }
  // Another one on the end's device, without an allocator.
  Manager wrap(webgpu::GetProcAddress get_proc_address = nullptr) {
    webgpu::WrapOptions options;
    options.device = webgpu::native(webgpu_->manager())->device;
    options.get_proc_address = get_proc_address;
    auto wrapped = webgpu::wrap_device(options);
    EXPECT_TRUE(wrapped) << wrapped.error().to_string();
    return wrapped ? Manager(*std::move(wrapped)) : nullptr;
  }
  template <typename Function>
  Function* procedure(const char* name) {
    return reinterpret_cast<Function*>(webgpu::get_procedure(webgpu_->manager(), name));
  }

  std::unique_ptr<End> webgpu_;
  TextureDescriptor descriptor_;
};

const FenceCapability* find(const Capabilities& capabilities, FenceKind kind) {
  for (const FenceCapability& row : capabilities.fences) {
    if (row.kind == kind) return &row;
  }
  return nullptr;
}

TEST_F(WebGpu, SaysWhatTheAllocatorAdds) {
  const Manager alone = wrap();
  ASSERT_NE(alone, nullptr);
  const Capabilities& without = alone->capabilities();
  EXPECT_EQ(without.identity, webgpu_->manager().capabilities().identity);
  EXPECT_TRUE(without.identity.has_uuids);
  EXPECT_EQ(find(without, FenceKind::opaque_fd_binary), nullptr);
  auto made = alone->create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::unsupported);
  EXPECT_NE(made.error().message().find("it cannot be exported"), std::string::npos) << made.error().to_string();

  const Manager vulkan = make_vulkan();
  ASSERT_TRUE(alone->use_allocator(vulkan));
  const FenceCapability* binary = find(without, FenceKind::opaque_fd_binary);
  EXPECT_EQ(binary != nullptr, find(vulkan->capabilities(), FenceKind::opaque_fd_binary) != nullptr);
  EXPECT_TRUE(binary == nullptr || (binary->exportable && binary->importable && binary->gpu_wait));
  auto texture = alone->create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
  EXPECT_EQ((*texture)->api(), Api::webgpu);
  auto parcel = alone->export_texture(**texture);
  ASSERT_TRUE(parcel) << parcel.error().to_string();
  EXPECT_NE(parcel->layout.vulkan_create_flags & vulkan_mutable_format, 0U);
}

TEST_F(WebGpu, WrapsOnlyWhatItCanUse) {
  EXPECT_EQ(webgpu::wrap_device({}).error().code(), ErrorCode::invalid_argument);
  auto features = webgpu::device_requirements(webgpu::native(webgpu_->manager())->adapter);
  ASSERT_TRUE(features);
  EXPECT_NE(std::find(features->begin(), features->end(), WGPUFeatureName_SharedTextureMemoryOpaqueFD),
            features->end());
  const Manager vulkan = make_vulkan();
  EXPECT_EQ(webgpu::native(*vulkan).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(webgpu::get_procedure(*vulkan, "wgpuCreateInstance"), nullptr);
}

TEST_F(WebGpu, NamesTheAdaptersThatDoNotFit) {
  webgpu::Options options;
  options.device.name_contains = "no such device";
  const OnDriver driver("webgpu");
  const auto made = webgpu::create_manager(options);
  options.device = {"", Uuid{1, 2, 3}, std::nullopt};
  const auto other = webgpu::create_manager(options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::not_available);
  EXPECT_NE(made.error().message().find("does not contain [no such device]"), std::string::npos);
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message().find("is not of UUID [01020300"), std::string::npos) << other.error().to_string();
}

// The library as one of another version: a function is missing, or structures have other numbers.
webgpu::GetProcAddress real_procedures = nullptr;
decltype(&::wgpuDeviceImportSharedFence) real_import = nullptr;

WGPUProc without_end_access(WGPUStringView name) {
  return webgpu::to_text(name) == "wgpuSharedTextureMemoryEndAccess" ? nullptr : real_procedures(name);
}

WGPUProc with_other_numbers(WGPUStringView name) {
  if (webgpu::to_text(name) != "wgpuDeviceImportSharedFence") return real_procedures(name);
  const decltype(&::wgpuDeviceImportSharedFence) shifted = [](WGPUDevice device,
                                                              const WGPUSharedFenceDescriptor* descriptor) {
    WGPUSharedFenceDescriptor copy = *descriptor;
    WGPUChainedStruct chain{nullptr, static_cast<WGPUSType>(copy.nextInChain->sType + 1)};
    copy.nextInChain = &chain;
    return real_import(device, &copy);
  };
  return reinterpret_cast<WGPUProc>(shifted);
}

TEST_F(WebGpu, NoticesALibraryOfAnotherVersion) {
  real_procedures = procedure<WGPUProc(WGPUStringView)>("wgpuGetProcAddress");
  real_import = procedure<WGPUSharedFence(WGPUDevice, const WGPUSharedFenceDescriptor*)>("wgpuDeviceImportSharedFence");
  ASSERT_NE(real_procedures, nullptr);
  ASSERT_NE(real_import, nullptr);
  webgpu::WrapOptions options;
  options.device = webgpu::native(webgpu_->manager())->device;
  options.get_proc_address = real_procedures;
  EXPECT_TRUE(webgpu::wrap_device(options));
  options.get_proc_address = without_end_access;
  auto wrapped = webgpu::wrap_device(options);
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::version_mismatch);
  EXPECT_NE(wrapped.error().message().find("[wgpuSharedTextureMemoryEndAccess]"), std::string::npos);
  options.get_proc_address = with_other_numbers;
  wrapped = webgpu::wrap_device(options);
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::version_mismatch);
  EXPECT_NE(wrapped.error().message().find("is [SharedTextureMemoryOpaqueFDDescriptor]"), std::string::npos)
      << wrapped.error().to_string();
}

TEST_F(WebGpu, TakesUuidsFromTheCaller) {
  webgpu::WrapOptions options;
  options.device = webgpu::native(webgpu_->manager())->device;
  options.get_proc_address = procedure<WGPUProc(WGPUStringView)>("wgpuGetProcAddress");
  auto unknown = webgpu::wrap_device(options);
  ASSERT_TRUE(unknown);
  EXPECT_FALSE((*unknown)->capabilities().identity.has_uuids) << "nobody says which library that is";
  EXPECT_EQ((*unknown)->use_allocator(make_vulkan()).error().code(), ErrorCode::incompatible_device);
  const DeviceIdentity& identity = webgpu_->manager().capabilities().identity;
  options.uuids = {identity.device_uuid, identity.driver_uuid};
  auto known = webgpu::wrap_device(options);
  ASSERT_TRUE(known);
  EXPECT_TRUE((*known)->use_allocator(make_vulkan()));
}

TEST_F(WebGpu, RefusesInDawnsWordsOrTheDrivers) {
  const Manager vulkan = make_vulkan();
  // Made without a word on who will open it: WebGPU needs images that can be viewed in other formats.
  auto texture = vulkan->create_texture(descriptor_, HandleKind::opaque_fd);
  ASSERT_TRUE(texture);
  EXPECT_TRUE(settle_vulkan(*vulkan));
  const std::size_t before = open_descriptors();
  {
    auto imported = webgpu_->manager().import_shared_texture(*vulkan->export_texture(**texture));
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().code(), ErrorCode::unsupported);
    EXPECT_EQ(imported.error().native().name, "WGPUErrorType_Validation");
    EXPECT_NE(imported.error().message().find("VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT"), std::string::npos)
        << imported.error().to_string();
  }
  const auto agreement = negotiate(descriptor_, vulkan->capabilities(), webgpu_->manager().capabilities());
  ASSERT_TRUE(agreement);
  EXPECT_TRUE(agreement->mutable_format);
  texture = vulkan->create_texture(descriptor_, *agreement);
  auto parcel = vulkan->export_texture(**texture);
  ASSERT_TRUE(parcel);
  parcel->layout.allocation_size = 64;
  auto imported = webgpu_->manager().import_shared_texture(*std::move(parcel));
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code(), ErrorCode::incompatible_layout);
  EXPECT_NE(imported.error().message().find("bytes for the image, but the memory has [64]"), std::string::npos)
      << imported.error().to_string();
  // What only the driver could find out costs Dawn its device: it is tried out before.
  parcel = vulkan->export_texture(**texture);
  ASSERT_TRUE(parcel);
  parcel->layout.memory_type = 31;
  imported = webgpu_->manager().import_shared_texture(*std::move(parcel));
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code(), ErrorCode::incompatible_layout);
  EXPECT_NE(imported.error().message().find("The image can be in memory types ["), std::string::npos)
      << imported.error().to_string();
  EXPECT_TRUE(webgpu_->manager().import_shared_texture(*vulkan->export_texture(**texture))) << "the device is lost";
  texture->reset();
  EXPECT_TRUE(settle_vulkan(*vulkan));
  EXPECT_TRUE(webgpu_->settle());
  EXPECT_LE(open_descriptors(), before);
}

// Both ends of a texture, with a fence for each direction made by Vulkan.
struct Pair {
  std::unique_ptr<SharedTexture> vulkan;
  std::unique_ptr<SharedTexture> webgpu;
};

Pair make_pair(TextureShareManager& vulkan, TextureShareManager& webgpu, const TextureDescriptor& descriptor) {
  Pair pair;
  const auto agreement = negotiate(descriptor, vulkan.capabilities(), webgpu.capabilities());
  EXPECT_TRUE(agreement);
  pair.vulkan = *vulkan.create_texture(descriptor, *agreement);
  auto imported = webgpu.import_shared_texture(*vulkan.export_texture(*pair.vulkan));
  EXPECT_TRUE(imported) << imported.error().to_string();
  if (imported) pair.webgpu = *std::move(imported);
  return pair;
}

std::shared_ptr<SharedFence> open_fence(TextureShareManager& manager, const SharedFence& fence) {
  auto opened = manager.import_fence(*fence.export_handle());
  EXPECT_TRUE(opened) << opened.error().to_string();
  return opened ? *std::move(opened) : nullptr;
}

// The signal comes 60 ms after everything has been queued, first through Dawn's wait, then through Dawn's own
// semaphore and the allocator. Whoever does not wait sees the picture before.
TEST_F(WebGpu, WaitsAndSignalsOnTheDevice) {
  if (find(webgpu_->manager().capabilities(), FenceKind::opaque_fd_binary) == nullptr) {
    GTEST_SKIP() << "the driver's semaphores do not cross";
  }
  const Manager vulkan = make_vulkan();
  const Manager signaller = make_vulkan();
  Pair pair = make_pair(*vulkan, webgpu_->manager(), descriptor_);
  ASSERT_NE(pair.webgpu, nullptr);
  const auto late = *signaller->create_fence(FenceKind::opaque_fd_binary);
  const auto late_there = open_fence(webgpu_->manager(), *late);
  const auto done = *vulkan->create_fence(FenceKind::opaque_fd_binary);
  const auto done_there = open_fence(webgpu_->manager(), *done);
  ASSERT_TRUE(pair.webgpu->set_signal_fence(done_there));

  AccessState promised;
  promised.serial = 1;
  ASSERT_TRUE(promised.writer.add({late_there, 1}));
  const auto begun = std::chrono::steady_clock::now();
  auto write = pair.webgpu->begin_access(AccessMode::discard, promised);
  ASSERT_TRUE(write) << write.error().to_string();
  const auto expected = make_pattern(descriptor_, 7);
  ASSERT_TRUE(webgpu_->fill(*pair.webgpu, expected));
  auto written = pair.webgpu->end_access(*std::move(write));
  ASSERT_TRUE(written) << written.error().to_string();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(60)) << "nobody waits on the CPU";
  EXPECT_EQ(pair.webgpu->statistics().host_waits, 0U);
  EXPECT_EQ(pair.webgpu->statistics().gpu_waits, 1U);
  std::thread signal([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_TRUE(late->signal(1));
  });
  auto reader = make_end("swiftshader");
  ASSERT_TRUE(reader);
  auto read = pair.vulkan->begin_access(AccessMode::read, *written);
  ASSERT_TRUE(read) << read.error().to_string();
  auto actual = (*reader)->read(*pair.vulkan);
  const auto read_after = std::chrono::steady_clock::now() - begun;
  signal.join();
  ASSERT_TRUE(actual) << actual.error().to_string();
  EXPECT_GE(read_after, std::chrono::milliseconds(60)) << "the picture was there before its turn";
  EXPECT_EQ(difference(descriptor_, expected, *actual), "");
  EXPECT_TRUE(pair.vulkan->end_access(*std::move(read)));
}

// The same where the CPU signals: it may not before the device is done.
TEST_F(WebGpu, WaitsForTheDeviceBeforeTheCpuSignals) {
  if (find(webgpu_->manager().capabilities(), FenceKind::opaque_fd_binary) == nullptr) {
    GTEST_SKIP() << "the driver's semaphores do not cross";
  }
  const Manager vulkan = make_vulkan();
  const Manager signaller = make_vulkan();
  Pair pair = make_pair(*vulkan, webgpu_->manager(), descriptor_);
  ASSERT_NE(pair.webgpu, nullptr);
  const auto late = *signaller->create_fence(FenceKind::opaque_fd_binary);
  const auto done = *webgpu_->manager().create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(pair.webgpu->set_signal_fence(done));
  AccessState promised;
  promised.serial = 1;
  ASSERT_TRUE(promised.writer.add({open_fence(webgpu_->manager(), *late), 1}));
  const auto begun = std::chrono::steady_clock::now();
  std::thread signal([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_TRUE(late->signal(1));
  });
  auto write = pair.webgpu->begin_access(AccessMode::discard, promised);
  EXPECT_TRUE(write) << write.error().to_string();
  const auto written = pair.webgpu->end_access(*std::move(write));
  const auto took = std::chrono::steady_clock::now() - begun;
  signal.join();
  ASSERT_TRUE(written) << written.error().to_string();
  EXPECT_GE(took, std::chrono::milliseconds(60));
  EXPECT_EQ(*done->completed_value(), 1U);
  EXPECT_EQ(pair.webgpu->statistics().host_waits, 1U);
}

// What Dawn is told when an access begins. Drivers in software keep contents whatever layout they are said to be in.
struct Begun {
  std::int32_t old_layout = -1;
  std::int32_t new_layout = -1;
  WGPUBool initialized = 2;
  std::size_t fences = 99;
} begun;
decltype(&::wgpuSharedTextureMemoryBeginAccess) real_begin = nullptr;

WGPUProc watching_begin(WGPUStringView name) {
  if (webgpu::to_text(name) != "wgpuSharedTextureMemoryBeginAccess") return real_procedures(name);
  const decltype(&::wgpuSharedTextureMemoryBeginAccess) watching =
      [](WGPUSharedTextureMemory memory, WGPUTexture texture,
         const WGPUSharedTextureMemoryBeginAccessDescriptor* descriptor) {
        const auto* layout =
            reinterpret_cast<const WGPUSharedTextureMemoryVkImageLayoutBeginState*>(descriptor->nextInChain);
        begun = {layout->oldLayout, layout->newLayout, descriptor->initialized, descriptor->fenceCount};
        return real_begin(memory, texture, descriptor);
      };
  return reinterpret_cast<WGPUProc>(watching);
}

TEST_F(WebGpu, BeginsInThePublishedLayoutWithWhatIsThere) {
  real_procedures = procedure<WGPUProc(WGPUStringView)>("wgpuGetProcAddress");
  real_begin =
      procedure<WGPUStatus(WGPUSharedTextureMemory, WGPUTexture, const WGPUSharedTextureMemoryBeginAccessDescriptor*)>(
          "wgpuSharedTextureMemoryBeginAccess");
  const DeviceIdentity& identity = webgpu_->manager().capabilities().identity;
  webgpu::WrapOptions options;
  options.device = webgpu::native(webgpu_->manager())->device;
  options.get_proc_address = watching_begin;
  options.uuids = {identity.device_uuid, identity.driver_uuid};
  auto watched = webgpu::wrap_device(options);
  ASSERT_TRUE(watched) << watched.error().to_string();
  const Manager vulkan = make_vulkan();
  ASSERT_TRUE((*watched)->use_allocator(vulkan));
  Pair pair = make_pair(*vulkan, **watched, descriptor_);
  ASSERT_NE(pair.webgpu, nullptr);
  AccessState state;
  for (const AccessMode mode : {AccessMode::discard, AccessMode::read, AccessMode::write, AccessMode::discard}) {
    auto access = pair.webgpu->begin_access(mode, state);
    ASSERT_TRUE(access) << access.error().to_string();
    EXPECT_EQ(begun.old_layout, VK_IMAGE_LAYOUT_GENERAL);
    EXPECT_EQ(begun.new_layout, VK_IMAGE_LAYOUT_GENERAL);
    EXPECT_EQ(begun.initialized != WGPU_FALSE, mode != AccessMode::discard);
    EXPECT_EQ(begun.fences, 0U);
    auto ended = pair.webgpu->end_access(*std::move(access));
    ASSERT_TRUE(ended) << ended.error().to_string();
    state = *ended;
  }
}

TEST_F(WebGpu, SharesCompressedPicturesOfWholeBlocks) {
  const Manager vulkan = make_vulkan();
  auto filler = make_end("swiftshader");  // works on the texture's own device
  ASSERT_TRUE(filler) << filler.error().to_string();
  descriptor_.format = TextureFormat::bc7_unorm;
  descriptor_.extent = {24, 20, 1};
  Pair pair = make_pair(*vulkan, webgpu_->manager(), descriptor_);
  ASSERT_NE(pair.webgpu, nullptr);
  EXPECT_EQ(pair.webgpu->path(), SharePath::zero_copy);
  auto write = pair.vulkan->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  const auto expected = make_pattern(descriptor_, 5);
  ASSERT_TRUE((*filler)->fill(*pair.vulkan, expected));
  auto read = pair.webgpu->begin_access(AccessMode::read, *pair.vulkan->end_access(*std::move(write)));
  ASSERT_TRUE(read) << read.error().to_string();
  auto actual = webgpu_->read(*pair.webgpu);
  ASSERT_TRUE(actual) << actual.error().to_string();
  EXPECT_EQ(difference(descriptor_, expected, *actual), "");
  auto state = pair.webgpu->end_access(*std::move(read));
  ASSERT_TRUE(state) << state.error().to_string();
}

TEST_F(WebGpu, SeveralReadersShareOneAccessOfDawn) {
  const Manager vulkan = make_vulkan();
  Pair pair = make_pair(*vulkan, webgpu_->manager(), descriptor_);
  ASSERT_NE(pair.webgpu, nullptr);
  auto write = pair.webgpu->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  const auto expected = make_pattern(descriptor_, 3);
  ASSERT_TRUE(webgpu_->fill(*pair.webgpu, expected));
  const auto state = *pair.webgpu->end_access(*std::move(write));
  auto first = pair.webgpu->begin_access(AccessMode::read, state);
  auto second = pair.webgpu->begin_access(AccessMode::read, state);
  ASSERT_TRUE(first);
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_TRUE(pair.webgpu->end_access(*std::move(first)));
  auto actual = webgpu_->read(*pair.webgpu);
  ASSERT_TRUE(actual) << actual.error().to_string();
  EXPECT_EQ(difference(descriptor_, expected, *actual), "");
  EXPECT_TRUE(pair.webgpu->end_access(*std::move(second)));
}

TEST_F(WebGpu, LosesItsDeviceWithAnError) {
  const Manager vulkan = make_vulkan();
  Pair pair = make_pair(*vulkan, webgpu_->manager(), descriptor_);
  ASSERT_NE(pair.webgpu, nullptr);
  auto copied = webgpu_->manager().create_texture(descriptor_, HandleKind::host_memory);
  ASSERT_TRUE(copied);
  auto open = pair.webgpu->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(open);
  auto* lose = procedure<void(WGPUDevice, WGPUDeviceLostReason, WGPUStringView)>("wgpuDeviceForceLoss");
  ASSERT_NE(lose, nullptr);
  lose(webgpu::native(webgpu_->manager())->device, WGPUDeviceLostReason_Unknown, {"a test", WGPU_STRLEN});
  const auto ended = pair.webgpu->end_access(*std::move(open));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::device_lost) << ended.error().to_string();
  for (SharedTexture* texture : {pair.webgpu.get(), copied->get()}) {
    AccessState later;
    later.serial = 9;
    auto access = texture->begin_access(AccessMode::discard, later);
    if (access) {
      const auto lost = texture->end_access(*std::move(access));
      ASSERT_FALSE(lost);
      EXPECT_EQ(lost.error().code(), ErrorCode::device_lost) << lost.error().to_string();
    } else {
      EXPECT_EQ(access.error().code(), ErrorCode::device_lost) << access.error().to_string();
    }
  }
}

TEST_F(WebGpu, ImportsLeaveNoDescriptorOpen) {
  const Manager vulkan = make_vulkan();
  const auto agreement = *negotiate(descriptor_, vulkan->capabilities(), webgpu_->manager().capabilities());
  const auto texture = *vulkan->create_texture(descriptor_, agreement);
  const bool semaphores = find(webgpu_->manager().capabilities(), FenceKind::opaque_fd_binary) != nullptr;
  const auto fence = *vulkan->create_fence(semaphores ? FenceKind::opaque_fd_binary : FenceKind::host_timeline);
  const auto once = [&] {
    auto imported = webgpu_->manager().import_shared_texture(*vulkan->export_texture(*texture));
    ASSERT_TRUE(imported) << imported.error().to_string();
    ASSERT_TRUE((*imported)->set_signal_fence(open_fence(webgpu_->manager(), *fence)));
    auto access = (*imported)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(access) << access.error().to_string();
    ASSERT_TRUE((*imported)->end_access(*std::move(access)));
  };
  const auto& device =
      *static_cast<webgpu::WebGpuTexture&>(**webgpu_->manager().create_texture(descriptor_, HandleKind::host_memory))
           .device();
  for (int i = 0; i < 10; ++i) once();
  ASSERT_TRUE(device.wait_idle(std::chrono::seconds(10)));
  ASSERT_TRUE(webgpu_->settle());
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    once();
    if (HasFatalFailure()) return;
  }
  ASSERT_TRUE(device.wait_idle(std::chrono::seconds(10)));
  ASSERT_TRUE(webgpu_->settle());
  EXPECT_LE(open_descriptors(), before + 2) << "a few may be under way";
}

}  // namespace
}  // namespace geyser::test
