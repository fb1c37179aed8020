// The same picture by the CPU.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <geyser/host.hpp>

#include "pass.hpp"

namespace demo {

namespace {

class HostPass final : public Pass {
 public:
  explicit HostPass(std::unique_ptr<geyser::TextureShareManager> manager) : manager_(std::move(manager)) {}
  geyser::TextureShareManager& manager() override { return *manager_; }
  geyser::TextureUsage target_usage() const override { return geyser::TextureUsage::none; }

  geyser::Result<void> run(geyser::SharedTexture& source, geyser::SharedTexture& target,
                           std::optional<float> phase) override {
    auto from = geyser::host::bytes(source);
    if (!from) return geyser::fail(std::move(from.error()));
    auto to = geyser::host::bytes(target);
    if (!to) return geyser::fail(std::move(to.error()));
    const geyser::Extent3D size = target.descriptor().extent;
    const auto read = geyser::host_subresource(source.descriptor(), source.layout(), 0, 0, 0);
    const auto write = geyser::host_subresource(target.descriptor(), target.layout(), 0, 0, 0);
    if (!phase) {
      for (std::uint64_t row = 0; row < write.rows; ++row) {
        std::memcpy(to->data() + row * write.row_stride, from->data() + row * read.row_stride, write.row_bytes);
      }
      return {};
    }
    const auto width = static_cast<float>(size.width);
    const auto height = static_cast<float>(size.height);
    const float aspect = width / height;
    const float angle = 0.35F * std::sin(*phase * 0.7F);
    const float zoom = 1.15F + 0.25F * std::sin(*phase);
    const float c = std::cos(angle) / zoom;
    const float s = std::sin(angle) / zoom;
    const float tint[3] = {0.85F + 0.15F * std::cos(*phase), 0.85F + 0.15F * std::cos(*phase + 2.1F),
                           0.85F + 0.15F * std::cos(*phase + 4.2F)};
    for (std::uint32_t y = 0; y < size.height; ++y) {
      for (std::uint32_t x = 0; x < size.width; ++x) {
        const float px = ((static_cast<float>(x) + 0.5F) / width - 0.5F) * aspect;
        const float py = (static_cast<float>(y) + 0.5F) / height - 0.5F;
        const float u = ((c * px - s * py) / aspect + 0.5F) * width;
        const float v = (s * px + c * py + 0.5F) * height;
        const auto sx = static_cast<std::uint64_t>(std::clamp(u, 0.0F, width - 1.0F));
        const auto sy = static_cast<std::uint64_t>(std::clamp(v, 0.0F, height - 1.0F));
        const std::byte* in = from->data() + sy * read.row_stride + sx * 4;
        std::byte* out = to->data() + y * write.row_stride + x * 4;
        for (int i = 0; i < 3; ++i) {
          out[i] = static_cast<std::byte>(static_cast<float>(std::to_integer<int>(in[i])) * tint[i] + 0.5F);
        }
        out[3] = std::byte{255};
      }
    }
    return {};
  }

 private:
  std::unique_ptr<geyser::TextureShareManager> manager_;
};

}  // namespace

geyser::Result<std::unique_ptr<Pass>> make_host_pass(geyser::DiagnosticHandler diagnostics) {
  auto manager = geyser::host::create_manager({std::move(diagnostics)});
  if (!manager) return geyser::fail(std::move(manager.error()));
  return std::make_unique<HostPass>(*std::move(manager));
}

}  // namespace demo
