// A texture that is memory and nothing else: accesses wait and signal on the CPU, and its handles are given out.
#pragma once

#include <memory>

#include <geyser/texture.hpp>

namespace geyser::gbm {

class GbmTexture final : public SharedTexture {
 public:
  static std::unique_ptr<SharedTexture> create(ApiTextureHandle&& memory, DiagnosticHandler diagnostics);

 private:
  GbmTexture(Init init, ApiTextureHandle memory);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  ApiTextureHandle memory_;
};

}  // namespace geyser::gbm
