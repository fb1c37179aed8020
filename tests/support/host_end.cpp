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
    if (mapped->size() < bytes.size()) return fail(ErrorCode::invalid_access, "The texture is not open.");
    std::memcpy(mapped->data(), bytes.data(), bytes.size());
    return {};
  }
  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    auto mapped = host::bytes(texture);
    if (!mapped) return fail(std::move(mapped.error()));
    return std::vector<std::byte>(mapped->begin(), mapped->end());
  }

 private:
  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_host_end() {
  auto end = std::make_unique<HostEnd>();
  if (auto opened = end->open(); !opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
