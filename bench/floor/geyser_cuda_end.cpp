#include <geyser/cuda.hpp>

#include "bare_cuda.hpp"
#include "geyser_end.hpp"

namespace bench {

namespace {

std::shared_ptr<geyser::TextureShareManager> open(const Scene& scene, Allocator allocator) {
  auto made = geyser::cuda::create_manager();
  if (!made && made.error().code() == geyser::ErrorCode::not_available) throw Unavailable(made.error().to_string());
  std::shared_ptr<geyser::TextureShareManager> manager = must(std::move(made));
  if (allocator == Allocator::none) return manager;
  geyser::vulkan::Options options;
  options.device.index = scene.device_index;
  const auto used = manager->use_allocator(must(geyser::vulkan::create_manager(options)));
  if (!used) throw Unavailable(used.error().to_string());
  return manager;
}

class CudaEnd final : public GeyserEnd {
 public:
  CudaEnd(const Scene& scene, Allocator allocator)
      : manager_(open(scene, allocator)),
        native_(must(geyser::cuda::native(*manager_))),
        cuda_(load()),
        work_(cuda_, native_.stream, scene) {}
  const std::shared_ptr<geyser::TextureShareManager>& manager() const override { return manager_; }
  std::uint32_t work(geyser::SharedTexture& texture) override {
    const std::uint32_t place = turns_++ % remembered;
    work_.read(must(geyser::cuda::native(texture)).array, place);
    work_.mark(place);
    return place;
  }
  std::uint32_t stamp(std::uint32_t) override { throw std::logic_error("CUDA only reads"); }
  std::uint32_t finish(std::uint32_t place) override { return work_.await(place); }

 private:
  BareCuda load() const {
    BareCuda cuda = BareCuda::load();
    check(cuda.cuCtxPushCurrent_v2(native_.context), "cuCtxPushCurrent");
    return cuda;
  }
  std::shared_ptr<geyser::TextureShareManager> manager_;
  geyser::cuda::NativeDevice native_;
  BareCuda cuda_;
  CudaWork work_;
  std::uint32_t turns_ = 0;
};

}  // namespace

std::unique_ptr<GeyserEnd> make_cuda_end(const Scene& scene, Allocator allocator) {
  return std::make_unique<CudaEnd>(scene, allocator);
}

}  // namespace bench
