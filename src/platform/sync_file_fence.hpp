// FenceKind::sync_file: a sync file is one signal, so this fence is the row of those that one end has made. Every
// backend uses it: one that has a sync file for what it submitted puts it here, one that is to wait gets it here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/fence.hpp>
#include <geyser/handle.hpp>

#include "platform/kernel_fence.hpp"

namespace geyser::platform {

class GEYSER_API SyncFileFence final : public KernelFence {
 public:
  SyncFileFence(FenceId id, std::uint64_t last_value);

  [[nodiscard]] Result<void> put(std::uint64_t value, OwnedHandle sync_file) override;
  // invalid_argument: it has not arrived here, and comes by update().
  [[nodiscard]] Result<OwnedHandle> get(std::uint64_t value) const override;

 private:
  // Older ones give way: a later signal of one end stands for its earlier ones.
  static constexpr std::size_t kept = 8;
  struct Point {
    std::uint64_t value = 0;
    OwnedHandle sync_file;
  };

  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override { return put(value, {}); }
  Result<FenceHandle> do_export() const override;
  Result<void> do_update(FenceHandle&& newer) override;
  void complete(std::uint64_t value) const noexcept;  // with mutex_ held

  mutable std::mutex mutex_;
  mutable std::array<Point, kept> points_;  // oldest first
  mutable std::size_t count_ = 0;
  mutable std::uint64_t completed_;
  std::uint64_t last_;
};

[[nodiscard]] GEYSER_API std::shared_ptr<SharedFence> create_sync_file_fence();
// Consumes the handle; an empty one: `value` is signalled.
[[nodiscard]] GEYSER_API Result<std::shared_ptr<SharedFence>> import_sync_file_fence(FenceHandle&& handle);

}  // namespace geyser::platform
