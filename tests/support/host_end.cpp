#include <cstring>

#include <geyser/host.hpp>

#include "support/end.hpp"

namespace geyser::test {

namespace {

class HostEnd final : public End {
 public:
  HostEnd() : End("host") {}
  Result<void> open() {
    auto manager = host::create_manager({collector()});
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
    return {};
  }
  TextureShareManager& manager() override { return *manager_; }
  void close() override { manager_.reset(); }
  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) override {
    auto mapped = host::bytes(texture);
    if (!mapped) return fail(std::move(mapped.error()));
    if (mapped->empty()) return fail(ErrorCode::invalid_access, "The texture is not open.");
    if (texture.layout().tiling == Tiling::linear) {
      copy_rows(texture, [&](std::uint64_t packed, std::uint64_t linear, std::size_t size) {
        std::memcpy(mapped->data() + linear, bytes.data() + packed, size);
      });
      return {};
    }
    std::memcpy(mapped->data(), bytes.data(), bytes.size());
    return {};
  }
  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    auto mapped = host::bytes(texture);
    if (!mapped) return fail(std::move(mapped.error()));
    if (texture.layout().tiling != Tiling::linear) return std::vector<std::byte>(mapped->begin(), mapped->end());
    std::vector<std::byte> bytes(host_size(texture.descriptor()));
    copy_rows(texture, [&](std::uint64_t packed, std::uint64_t linear, std::size_t size) {
      std::memcpy(bytes.data() + packed, mapped->data() + linear, size);
    });
    return bytes;
  }

 private:
  // Between the packing that tests compare and rows elsewhere.
  template <typename Copy>
  static void copy_rows(const SharedTexture& texture, Copy copy) {
    const HostSubresource packed = host_subresource(texture.descriptor(), 0, 0, 0);
    const HostSubresource there = host_subresource(texture.descriptor(), texture.layout(), 0, 0, 0);
    for (std::uint64_t row = 0; row < packed.rows; ++row) {
      copy(packed.offset + row * packed.row_stride, there.offset + row * there.row_stride, packed.row_bytes);
    }
  }

  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_host_end() {
  auto end = std::make_unique<HostEnd>();
  if (auto opened = end->open(); !opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
