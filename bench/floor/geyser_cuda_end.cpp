#include <geyser/cuda.hpp>

#include "bare_cuda.hpp"
#include "geyser_end.hpp"

namespace bench {

namespace {

std::shared_ptr<geyser::TextureShareManager> open() {
  auto manager = geyser::cuda::create_manager();
  if (!manager && manager.error().code() == geyser::ErrorCode::not_available) {
    throw Unavailable(manager.error().to_string());
  }
  return must(std::move(manager));
}

class CudaEnd final : public GeyserEnd {
 public:
  explicit CudaEnd(const Scene& scene)
      : manager_(open()),
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

std::unique_ptr<GeyserEnd> make_cuda_end(const Scene& scene) { return std::make_unique<CudaEnd>(scene); }

}  // namespace bench
