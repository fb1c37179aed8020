// A shared texture in Direct3D 12.
#pragma once

#include <d3d12.h>

#include <memory>
#include <optional>
#include <vector>

#include <geyser/texture.hpp>

#include "d3d12/commands.hpp"
#include "d3d12/context.hpp"
#include "d3d12/staging.hpp"

namespace geyser::d3d12 {

class D3d12Texture final : public SharedTexture {
 public:
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Context>& context,
                                                       const TextureDescriptor& descriptor, HandleKind kind);
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Context>& context,
                                                       ApiTextureHandle&& parcel);
  static Result<std::unique_ptr<SharedTexture>> adopt(const std::shared_ptr<Context>& context,
                                                      const TextureDescriptor& descriptor, ID3D12Resource& resource);
  ~D3d12Texture() override;

  const std::shared_ptr<Context>& context() const noexcept { return context_; }
  ID3D12Resource* resource() const noexcept { return resource_.get(); }
  // Queues a copy of the whole of `from`; both are open.
  Result<void> copy_from(const D3d12Texture& from);

 private:
  D3d12Texture(Init init, std::shared_ptr<Context> context, Com<ID3D12Resource> resource);
  static Result<std::unique_ptr<SharedTexture>> on_host_memory(const std::shared_ptr<Context>& context,
                                                               const TextureDescriptor& descriptor, OwnedHandle memory);
  static std::unique_ptr<SharedTexture> shared(const std::shared_ptr<Context>& context,
                                               const TextureDescriptor& descriptor, const MemoryLayout& layout,
                                               Com<ID3D12Resource> resource);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  std::shared_ptr<Context> context_;
  Com<ID3D12Resource> resource_;
  std::optional<Staging> staging_;
  std::uint32_t holders_ = 0;
  std::uint64_t number_ = 0;  // unique on the device
  // Copies into this texture, by what they copy. A source that is gone is never asked for again: its number was its
  // own.
  struct Copy {
    std::uint64_t source = 0;
    Commands commands;
  };
  std::vector<Copy> copies_;
};

}  // namespace geyser::d3d12
