#include <cstdlib>

#include <geyser/webgpu.hpp>
#ifdef GEYSER_TEST_VULKAN
#include <geyser/vulkan.hpp>
#endif

#include "support/end.hpp"
#include "webgpu/staging.hpp"
#include "webgpu/texture.hpp"

namespace geyser::test {

namespace {

// Dawn on the driver of driver_manifest("webgpu"). Pixels go through the copied path's own commands, which the pair
// host-webgpu proves against plain bytes.
class WebGpuEnd final : public End {
 public:
  explicit WebGpuEnd(const std::string& name) : End(name) {}
  Result<void> open([[maybe_unused]] Validation validation) {
    const OnDriver driver(name());
    auto opened = make([&] {
#ifdef GEYSER_TEST_VULKAN
      vulkan::Options same_device;
      same_device.device.device_uuid = manager_->capabilities().identity.device_uuid;
      same_device.validation = validation == Validation::on;
      same_device.diagnostics = collector();
      auto vulkan = vulkan::create_manager(same_device);
      if (!vulkan) return Result<void>(fail(std::move(vulkan.error())));
      allocator_ = *std::move(vulkan);
      return manager_->use_allocator(allocator_);
#else
      return Result<void>();
#endif
    });
    return opened && is_rig("gpu") ? warm_up() : opened;
  }
  // NVIDIA's driver opens two descriptors with Dawn's first submission, and nine with the device that the first import
  // is tried out on: both live as long as the manager.
  Result<void> warm_up() {
    TextureDescriptor any;
    any.extent = {8, 8, 1};
    if (allocator_ != nullptr) {
      auto texture = manager_->create_texture(any, HandleKind::opaque_fd);
      if (!texture) return fail(std::move(texture.error()));
    }
    return settle();
  }
  TextureShareManager& manager() override { return *manager_; }
  Result<void> settle() override {
    auto device = webgpu::native(*manager_);
    if (!device) return fail(std::move(device.error()));
#define GEYSER_TEST_WGPU(name) \
  const auto name = reinterpret_cast<decltype(&::name)>(webgpu::get_procedure(*manager_, #name))
    GEYSER_TEST_WGPU(wgpuQueueOnSubmittedWorkDone);
    GEYSER_TEST_WGPU(wgpuInstanceWaitAny);
    GEYSER_TEST_WGPU(wgpuDeviceTick);
    GEYSER_TEST_WGPU(wgpuDeviceCreateBuffer);
    GEYSER_TEST_WGPU(wgpuBufferRelease);
    GEYSER_TEST_WGPU(wgpuQueueWriteBuffer);
    GEYSER_TEST_WGPU(wgpuQueueSubmit);
#undef GEYSER_TEST_WGPU
    const WGPUQueueWorkDoneCallbackInfo info{nullptr, WGPUCallbackMode_WaitAnyOnly,
                                             [](WGPUQueueWorkDoneStatus, WGPUStringView, void*, void*) {}, nullptr,
                                             nullptr};
    // Dawn keeps the last submissions' semaphores until one more is done, and looks at that in a tick.
    WGPUBufferDescriptor four_bytes = WGPU_BUFFER_DESCRIPTOR_INIT;
    four_bytes.usage = WGPUBufferUsage_CopyDst;
    four_bytes.size = 4;
    WGPUBuffer buffer = wgpuDeviceCreateBuffer(device->device, &four_bytes);
    for (int i = 0; i < 3; ++i) {
      wgpuQueueWriteBuffer(device->queue, buffer, 0, &i, 4);
      wgpuQueueSubmit(device->queue, 0, nullptr);
      WGPUFutureWaitInfo done{wgpuQueueOnSubmittedWorkDone(device->queue, info), WGPU_FALSE};
      constexpr std::uint64_t patience = 20'000'000'000;
      if (wgpuInstanceWaitAny(device->instance, 1, &done, patience) != WGPUWaitStatus_Success) {
        return fail(ErrorCode::timeout, "Dawn is not done.");
      }
      wgpuDeviceTick(device->device);
    }
    wgpuBufferRelease(buffer);
#ifdef GEYSER_TEST_VULKAN
    if (allocator_ != nullptr) return settle_vulkan(*allocator_);
#endif
    return {};
  }
  void close() override {
    manager_.reset();
    allocator_.reset();
  }

  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) override {
    auto staging = stage(texture);
    if (!staging) return fail(std::move(staging.error()));
    auto copied = staging->upload(bytes);
    if (!copied) return fail(std::move(copied.error()));
    return {};
  }

  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    auto staging = stage(texture);
    if (!staging) return fail(std::move(staging.error()));
    std::vector<std::byte> bytes(host_size(texture.descriptor()));
    auto copied = staging->download(bytes, std::chrono::seconds(20));
    if (!copied) return fail(std::move(copied.error()));
    return bytes;
  }

 private:
  template <typename Then>
  Result<void> make(Then then) {
    webgpu::Options options;
    options.diagnostics = collector();
    auto manager = webgpu::create_manager(options);
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
    return then();
  }
  static Result<webgpu::Staging> stage(SharedTexture& texture) {
    const auto& device = static_cast<webgpu::WebGpuTexture&>(texture).device();
    return webgpu::Staging::create(device, texture.descriptor(), webgpu::native(texture)->texture);
  }

  std::shared_ptr<TextureShareManager> allocator_;
  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_webgpu_end(const std::string& name, Validation validation) {
  auto end = std::make_unique<WebGpuEnd>(name);
  if (auto opened = end->open(validation); !opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
