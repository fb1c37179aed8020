// Another API's manager, which makes what Dawn opens: memory and fences that are files without contents, told apart by
// their inodes. What its device would do is written down.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>

#include <memory>
#include <utility>
#include <vector>

#include <geyser/manager.hpp>

namespace geyser::test {

inline OwnedHandle make_file(HandleKind kind) { return OwnedHandle::adopt(kind, memfd_create("object", MFD_CLOEXEC)); }

// Which object a handle is of; 0: of none.
inline std::uint64_t object_of(NativeHandle handle) {
  struct stat status {};
  return fstat(static_cast<int>(handle), &status) == 0 ? status.st_ino : 0;
}

struct Relayed {
  std::uint64_t value = 0, after_object = 0, after_value = 0;
  HandleKind after_kind = HandleKind::none;
  friend bool operator==(const Relayed&, const Relayed&) = default;
};

class MakerFence final : public SharedFence {
 public:
  MakerFence(FenceKind kind, FenceId id, OwnedHandle handle, std::vector<Relayed>& relayed)
      : SharedFence(kind, id, 0), handle_(std::move(handle)), relayed_(relayed) {}

 private:
  Result<void> do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) override {
    const OwnedHandle owned = std::move(after);
    relayed_.push_back({value, object_of(owned.get()), after_value, owned.kind()});
    return {};
  }
  Result<std::uint64_t> do_completed_value() const override { return 0; }
  Result<void> do_wait(std::uint64_t, std::chrono::nanoseconds) const override { return {}; }
  Result<void> do_signal(std::uint64_t) override { return {}; }
  Result<FenceHandle> do_export() const override {
    auto copy = handle_.duplicate();
    if (!copy) return fail(std::move(copy.error()));
    return FenceHandle{kind(), id(), 0, *std::move(copy)};
  }
  OwnedHandle handle_;
  std::vector<Relayed>& relayed_;
};

class MakerTexture final : public SharedTexture {
 public:
  MakerTexture(Init init, DeviceIdentity identity, OwnedHandle handle)
      : SharedTexture(std::move(init)), identity_(std::move(identity)), handle_(std::move(handle)) {}
  static Init describe(Api api, const TextureDescriptor& descriptor, HandleKind kind, Tiling tiling) {
    Init init;
    init.api = api;
    init.descriptor = descriptor;
    init.handle_kind = kind;
    init.layout.tiling = tiling;
    init.layout.allocation_size = 1 << 20;
    init.layout.plane_count = 1;
    init.layout.planes[0].stride = tiling == Tiling::linear ? 1024 : 0;
    return init;
  }

 private:
  Result<void> do_begin(AccessMode, const AccessState&, const SyncPoints&) override { return {}; }
  Result<void> do_end(AccessMode, SharedFence*, std::uint64_t) override { return {}; }
  bool accepts_signal_fence(const SharedFence&) const override { return true; }
  Result<ApiTextureHandle> do_export(HandleKind kind) override {
    auto copy = handle_.duplicate();
    if (!copy) return fail(std::move(copy.error()));
    ApiTextureHandle parcel;
    parcel.descriptor = descriptor();
    parcel.layout = layout();
    parcel.identity = identity_;
    parcel.api = api();
    parcel.kind = kind;
    parcel.handle_count = 1;
    parcel.handles[0] = *std::move(copy);
    return parcel;
  }
  DeviceIdentity identity_;
  OwnedHandle handle_;
};

class Maker final : public TextureShareManager {
 public:
  explicit Maker(Capabilities capabilities) : TextureShareManager(std::move(capabilities)) {}
  std::vector<Relayed> relayed;
  OwnedHandle (*make_memory)(HandleKind) = make_file;

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override {
    const TextureCapability& row = capabilities().textures.front();
    return std::make_unique<MakerTexture>(
        MakerTexture::describe(capabilities().api, descriptor, agreement.handle_kind, row.tiling),
        capabilities().identity, make_memory(agreement.handle_kind));
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    const HandleKind handle = kind == FenceKind::d3d12_fence ? HandleKind::d3d_nt : HandleKind::metal_shared_event;
    return std::make_shared<MakerFence>(kind, 0, make_file(handle), relayed);
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    return std::make_shared<MakerFence>(handle.kind, handle.id, std::move(handle.handle), relayed);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&&) override {
    return fail(ErrorCode::unsupported, "It makes textures only.");
  }
  Result<void> do_copy(SharedTexture&, SharedTexture&) override { return {}; }
  bool owns(const SharedTexture&) const noexcept override { return true; }
};

}  // namespace geyser::test
