#include <geyser/cuda.hpp>
#ifdef GEYSER_TEST_VULKAN
#include <geyser/vulkan.hpp>
#endif

#include "cuda/loader.hpp"
#include "cuda/texture.hpp"
#include "support/end.hpp"

namespace geyser::test {

namespace {

class CudaEnd final : public End {
 public:
  CudaEnd() : End("cuda") {}
  Result<void> open([[maybe_unused]] Validation validation) {
    cuda::Options options;
    options.diagnostics = collector();
    options.device_uuid = chosen_gpu();
    options.other_devices = OnSecondGpu::exists();
    auto manager = cuda::create_manager(options);
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
#ifdef GEYSER_TEST_VULKAN
    // Where the same GPU is a Vulkan device, it makes what CUDA exports.
    vulkan::Options same_device;
    same_device.device.device_uuid = manager_->capabilities().identity.device_uuid;
    same_device.validation = validation == Validation::on;
    same_device.diagnostics = collector();
    if (auto vulkan = vulkan::create_manager(same_device)) {
      allocator_ = *std::move(vulkan);
      return manager_->use_allocator(allocator_);
    }
#endif
    return {};
  }
  TextureShareManager& manager() override { return *manager_; }
  Result<void> settle() override {
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
    std::vector<std::byte> packed(bytes.begin(), bytes.end());
    return copy(texture, packed, cuda::Toward::device);
  }
  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    std::vector<std::byte> packed(host_size(texture.descriptor()));
    if (auto done = copy(texture, packed, cuda::Toward::host); !done) return fail(std::move(done.error()));
    return packed;
  }

 private:
  static Result<void> copy(SharedTexture& texture, std::vector<std::byte>& packed, cuda::Toward toward) {
    auto& mine = static_cast<cuda::CudaTexture&>(texture);
    auto current = cuda::Current::open(*mine.context());
    if (!current) return fail(std::move(current.error()));
    auto queued = mine.queue_packed(packed.data(), toward);
    if (!queued) return fail(std::move(queued.error()));
    return mine.context()->finish(std::chrono::seconds(20));
  }

  std::shared_ptr<TextureShareManager> allocator_;
  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

bool has_cuda() {
  static const bool has = [] {
    auto library = cuda::open_cuda();
    if (!library) return false;
    auto functions = cuda::load_functions(*library);
    int count = 0;
    return functions && functions->cuInit(0) == cuda::driver::success &&
           functions->cuDeviceGetCount(&count) == cuda::driver::success && count > 0;
  }();
  return has;
}

Result<std::unique_ptr<End>> make_cuda_end(Validation validation) {
  auto end = std::make_unique<CudaEnd>();
  if (auto opened = end->open(validation); !opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
