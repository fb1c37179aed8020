#include <memory>

#include <geyser/d3d12.hpp>

#include "d3d12/gpu.hpp"
#include "d3d12/stand_in.hpp"
#include "support/end.hpp"

namespace geyser::test {

namespace {

// On the stand-in, with the test's own command lists.
class D3d12End final : public End {
 public:
  D3d12End() : End("d3d12") { world_.watch_others(); }
  Result<void> open() {
    device_ = make_stand_in_device(world_);
    auto manager = d3d12::wrap_device({device_.get(), nullptr, collector()});
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
    return {};
  }
  TextureShareManager& manager() override { return *manager_; }
  void close() override {
    manager_.reset();
    device_.reset();
    if (world_.alive != 0) complaints.push_back(std::to_string(world_.alive) + " objects are left");
    if (world_.lost_events != 0) complaints.emplace_back("a fence has set an event that was closed");
  }
  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) override {
    return test::fill(*manager_, texture, bytes);
  }
  Result<std::vector<std::byte>> read(SharedTexture& texture) override { return test::read(*manager_, texture); }

 private:
  World world_;
  Com<ID3D12Device> device_;
  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_d3d12_end() {
  auto end = std::make_unique<D3d12End>();
  if (auto opened = end->open(); !opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
