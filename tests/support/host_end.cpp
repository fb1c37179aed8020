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
    if (texture.layout().tiling != Tiling::host) {
      return copy_rows(texture, [&](std::uint64_t packed, std::byte* there, std::size_t size) {
        std::memcpy(there, bytes.data() + packed, size);
      });
    }
    auto mapped = host::bytes(texture);
    if (!mapped) return fail(std::move(mapped.error()));
    if (mapped->empty()) return fail(ErrorCode::invalid_access, "The texture is not open.");
    std::memcpy(mapped->data(), bytes.data(), bytes.size());
    return {};
  }
  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    auto mapped = host::bytes(texture);
    if (!mapped) return fail(std::move(mapped.error()));
    if (texture.layout().tiling == Tiling::host) return std::vector<std::byte>(mapped->begin(), mapped->end());
    std::vector<std::byte> bytes(host_size(texture.descriptor()));
    auto copied = copy_rows(texture, [&](std::uint64_t packed, const std::byte* there, std::size_t size) {
      std::memcpy(bytes.data() + packed, there, size);
    });
    if (!copied) return fail(std::move(copied.error()));
    return bytes;
  }

 private:
  // Between the packing that tests compare and rows elsewhere.
  template <typename Copy>
  static Result<void> copy_rows(SharedTexture& texture, Copy copy) {
    for (std::uint32_t plane = 0; plane < format_info(texture.descriptor().format).plane_count; ++plane) {
      auto mapped = host::bytes(texture, plane);
      if (!mapped) return fail(std::move(mapped.error()));
      if (mapped->empty()) return fail(ErrorCode::invalid_access, "The texture is not open.");
      const HostSubresource packed = host_subresource(texture.descriptor(), plane, 0, 0);
      const HostSubresource there = host_subresource(texture.descriptor(), texture.layout(), plane, 0, 0);
      for (std::uint64_t row = 0; row < packed.rows; ++row) {
        copy(packed.offset + row * packed.row_stride, mapped->data() + there.offset + row * there.row_stride,
             packed.row_bytes);
      }
    }
    return {};
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
