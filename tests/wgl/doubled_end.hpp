// An OpenGL manager on a context of the test's over the driver's double, and what stands for others' memory and fences.
#pragma once

#include <windows.h>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <geyser/opengl.hpp>

#include "opengl/staging.hpp"
#include "opengl/texture.hpp"
#include "wgl/callers_context.hpp"
#include "wgl/driver_double.hpp"

namespace geyser::test {

// A section in the place of memory that another API has made, of a texture of Direct3D's, or of a fence.
class Section {
 public:
  explicit Section(std::uint64_t size, const wchar_t* name = nullptr)
      : size_(size),
        handle_(::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, static_cast<DWORD>(size), name)),
        view_(static_cast<std::byte*>(::MapViewOfFile(handle_, FILE_MAP_ALL_ACCESS, 0, 0, 0))) {}
  ~Section() {
    ::UnmapViewOfFile(view_);
    ::CloseHandle(handle_);
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  OwnedHandle handle(HandleKind kind) const {
    return *OwnedHandle::duplicate(kind, reinterpret_cast<NativeHandle>(handle_));
  }
  std::byte* pixels() const { return view_; }
  std::atomic<std::uint32_t>& mutex() const {
    return *reinterpret_cast<std::atomic<std::uint32_t>*>(view_ + size_ - DriverDouble::mutex_page);
  }
  std::atomic<std::uint64_t>& counter() const { return *reinterpret_cast<std::atomic<std::uint64_t>*>(view_); }

 private:
  std::uint64_t size_;
  HANDLE handle_;
  std::byte* view_;
};

// Its context is current between calls only while it is used.
class DoubledEnd {
 public:
  DoubledEnd() {
    use();
    opengl::WrapOptions options;
    options.procedure = &DriverDouble::find;
    options.diagnostics = [this](const GeyserError& error) { complaints.push_back(error.to_string()); };
    auto manager = opengl::wrap_current_context(options);
    EXPECT_TRUE(manager) << (manager ? "" : manager.error().to_string());
    if (manager) manager_ = *std::move(manager);
  }
  ~DoubledEnd() { use(); }
  void use() const { context_.make_current(); }
  // The context is current from then on.
  TextureShareManager& manager() const {
    use();
    return *manager_;
  }
  std::unique_ptr<SharedTexture> import(ApiTextureHandle&& parcel) const {
    auto texture = manager().import_shared_texture(std::move(parcel));
    EXPECT_TRUE(texture) << (texture ? "" : texture.error().to_string());
    return texture ? *std::move(texture) : nullptr;
  }
  GeyserError refusal(ApiTextureHandle&& parcel) const {
    auto texture = manager().import_shared_texture(std::move(parcel));
    EXPECT_FALSE(texture);
    return texture ? GeyserError(ErrorCode::busy, "it was opened") : texture.error();
  }
  std::shared_ptr<SharedFence> import(FenceHandle&& handle) const {
    auto fence = manager().import_fence(std::move(handle));
    EXPECT_TRUE(fence) << (fence ? "" : fence.error().to_string());
    return fence ? *fence : nullptr;
  }
  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) const {
    auto staging = stage(texture);
    if (!staging) return fail(std::move(staging.error()));
    auto done = staging->upload(bytes);
    if (!done) return fail(std::move(done.error()));
    return {};
  }
  Result<std::vector<std::byte>> read(SharedTexture& texture) const {
    auto staging = stage(texture);
    if (!staging) return fail(std::move(staging.error()));
    std::vector<std::byte> bytes(host_size(texture.descriptor()));
    auto done = staging->download(bytes);
    if (!done) return fail(std::move(done.error()));
    return bytes;
  }

  std::vector<std::string> complaints;

 private:
  Result<opengl::Staging> stage(SharedTexture& texture) const {
    use();
    return opengl::Staging::create(static_cast<opengl::GlTexture&>(texture).context(), texture.descriptor(),
                                   opengl::native(texture)->name);
  }
  CallersContext context_;
  std::unique_ptr<TextureShareManager> manager_;
};

// The double over what a context of the test's own has.
class DoubledDriver {
 public:
  DoubledDriver() {
    context_.make_current();
    auto system = opengl::wrap_current_context();
    EXPECT_TRUE(system) << (system ? "" : system.error().to_string());
    system_ = *std::move(system);
    driver.emplace([this](const char* name) { return opengl::get_procedure(*system_, name); });
    DeviceIdentity& identity = driver->identity;
    identity.has_uuids = identity.has_luid = true;
    identity.device_uuid[0] = 11;
    identity.driver_uuid[0] = 12;
    identity.luid[0] = 1;
    identity.node_mask = 1;
  }
  ~DoubledDriver() {
    driver.reset();
    context_.make_current();
  }
  std::optional<DriverDouble> driver;

 private:
  CallersContext context_;
  std::unique_ptr<TextureShareManager> system_;
};

}  // namespace geyser::test
