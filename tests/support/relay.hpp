// An API that signals only fences of its own, as Dawn does, and has an allocator: what becomes of SharedFence's relay
// in the allocator's API.
#pragma once

#include <memory>
#include <utility>

#include <geyser/manager.hpp>

namespace geyser::test {

class RelayFence final : public SharedFence {
 public:
  RelayFence(FenceKind kind, FenceId id) : SharedFence(kind, id, 0) {}
  Result<void> signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) {
    return relay_signal(value, std::move(after), after_value);
  }

 private:
  static tl::unexpected<GeyserError> none() { return fail(ErrorCode::unsupported, "The allocator's is asked."); }
  Result<std::uint64_t> do_completed_value() const override { return none(); }
  Result<void> do_wait(std::uint64_t, std::chrono::nanoseconds) const override { return none(); }
  Result<void> do_signal(std::uint64_t) override { return none(); }
  Result<FenceHandle> do_export() const override { return none(); }
};

class Relay final : public TextureShareManager {
 public:
  explicit Relay(const DeviceIdentity& identity) : TextureShareManager(capabilities_of(identity)) {}

 private:
  static Capabilities capabilities_of(const DeviceIdentity& identity) {
    Capabilities capabilities;
    capabilities.api = Api::webgpu;
    capabilities.identity = identity;
    return capabilities;
  }
  bool relays(FenceKind) const noexcept override { return true; }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    const FenceHandle owned = std::move(handle);
    return std::make_shared<RelayFence>(owned.kind, owned.id);
  }
  static tl::unexpected<GeyserError> none() { return fail(ErrorCode::unsupported, "It has fences only."); }
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor&, const Agreement&) override {
    return none();
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&&) override { return none(); }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind) override { return none(); }
  Result<void> do_copy(SharedTexture&, SharedTexture&) override { return none(); }
  bool owns(const SharedTexture&) const noexcept override { return false; }
};

}  // namespace geyser::test
