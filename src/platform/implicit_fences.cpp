// The public calls of geyser/dma_buf.hpp.
#include <geyser/dma_buf.hpp>

#include <utility>

#include "common/text.hpp"
#include "platform/dma_buf.hpp"
#include "platform/sync_file.hpp"

namespace geyser {

using detail::text;
namespace {

Result<void> check(const ApiTextureHandle& parcel) {
  if (parcel.kind == HandleKind::dma_buf && parcel.handle_count != 0 && parcel.handle_count <= parcel.handles.size()) {
    return {};
  }
  return fail(ErrorCode::invalid_handle, text("A parcel of [", parcel.handle_count, "] handles of kind [",
                                              to_string(parcel.kind), "] has no dma-buf."));
}

}  // namespace

Result<OwnedHandle> export_sync_file(const OwnedHandle& dma_buf, AccessMode mode) {
  return platform::export_implicit_fences(dma_buf.get(), mode);
}

Result<OwnedHandle> export_sync_file(const ApiTextureHandle& parcel, AccessMode mode) {
  if (auto good = check(parcel); !good) return fail(std::move(good.error()));
  OwnedHandle all;
  for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
    auto one = export_sync_file(parcel.handles[i], mode);
    if (!one) return fail(std::move(one.error()).during(text("exporting the fences of handle [", i, "]")));
    auto both = merge_sync_files(all, *one);
    if (!both) return fail(std::move(both.error()).during(text("exporting the fences of handle [", i, "]")));
    all = *std::move(both);
  }
  return all;
}

Result<void> import_sync_file(const OwnedHandle& dma_buf, const OwnedHandle& sync_file, AccessMode mode) {
  if (!sync_file.has_value()) return {};
  return platform::import_implicit_fence(dma_buf.get(), sync_file.get(), mode);
}

Result<void> import_sync_file(const ApiTextureHandle& parcel, const OwnedHandle& sync_file, AccessMode mode) {
  if (auto good = check(parcel); !good) return good;
  for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
    if (auto done = import_sync_file(parcel.handles[i], sync_file, mode); !done) {
      return fail(std::move(done.error()).during(text("importing a fence into handle [", i, "]")));
    }
  }
  return {};
}

Result<OwnedHandle> merge_sync_files(const OwnedHandle& a, const OwnedHandle& b) {
  return platform::merge_sync_files(a.get(), b.get());
}

Result<void> wait_sync_file(const OwnedHandle& sync_file, std::chrono::nanoseconds timeout) {
  if (!sync_file.has_value()) return {};
  if (auto known = platform::sync_file_status(sync_file.get()); !known) return fail(std::move(known.error()));
  if (auto done = platform::wait_sync_file(sync_file.get(), timeout); !done) return done;
  const auto status = platform::sync_file_status(sync_file.get());
  if (!status || *status != platform::SyncFileStatus::failed) return {};
  return fail(ErrorCode::device_lost,
              text("The sync file of descriptor [", sync_file.get(), "] stands for work that failed."));
}

}  // namespace geyser
