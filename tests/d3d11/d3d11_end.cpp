#include <cstring>

#include <geyser/d3d11.hpp>

#include "d3d11/device.hpp"
#include "d3d11/staging.hpp"
#include "d3d11/texture.hpp"
#include "platform/shared_memory.hpp"
#include "support/end.hpp"

namespace geyser::test {

namespace {

// Pixels go through the copied path's own commands, which the pair host-d3d11 proves against plain bytes.
class D3d11End final : public End {
 public:
  D3d11End() : End("d3d11") {}
  Result<void> open() {
    d3d11::Options options;
    // What a device does without is no complaint; d3d11_test.cpp looks at it.
    options.diagnostics = [collect = collector()](const GeyserError& error) {
      if (error.to_string().find("which this device does without") == std::string::npos) collect(error);
    };
    device_ = d3d11_device();
    auto manager = device_ ? d3d11::wrap_device({device_.get(), options.diagnostics}) : d3d11::create_manager(options);
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
    return {};
  }
  TextureShareManager& manager() override { return *manager_; }
  void close() override {
    manager_.reset();
    device_.reset();
  }

  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) override {
    auto copy = stage(texture);
    if (!copy) return fail(std::move(copy.error()));
    std::memcpy(copy->memory.bytes().data(), bytes.data(), bytes.size());
    auto done = copy->staging.upload(resource_of(texture), limit);
    if (!done) return fail(std::move(done.error()));
    return {};
  }
  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    auto copy = stage(texture);
    if (!copy) return fail(std::move(copy.error()));
    if (auto done = copy->staging.download(resource_of(texture), limit); !done) return fail(std::move(done.error()));
    const auto bytes = copy->memory.bytes();
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  }

 private:
  static constexpr std::chrono::seconds limit{20};
  struct Copy {
    platform::MappedMemory memory;
    d3d11::Staging staging;
  };
  static ID3D11Resource& resource_of(SharedTexture& texture) {
    return *static_cast<d3d11::D3d11Texture&>(texture).resource().get();
  }
  static Result<Copy> stage(SharedTexture& texture) {
    const std::uint64_t size = host_size(texture.descriptor());
    auto handle = platform::create_shared_memory(size);
    if (!handle) return fail(std::move(handle.error()));
    auto memory = platform::map_shared_memory(handle->get(), size);
    if (!memory) return fail(std::move(memory.error()));
    auto staging = d3d11::Staging::create(static_cast<d3d11::D3d11Texture&>(texture).context(), texture.descriptor(),
                                          *std::move(handle));
    if (!staging) return fail(std::move(staging.error()));
    return Copy{*std::move(memory), *std::move(staging)};
  }

  dxgi::Com<ID3D11Device> device_;
  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_d3d11_end() {
  auto end = std::make_unique<D3d11End>();
  if (auto opened = end->open(); !opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
