// What the tests of this directory share: the stand-in, reset for each test, and objects as Vulkan would export them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <geyser/cuda.hpp>

#include "cuda/external_handle.hpp"
#include "cuda/loader.hpp"
#include "platform/shared_memory.hpp"
#include "support/cuda_stand_in.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {

class CudaRig : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(std::getenv("GEYSER_CUDA_LIBRARY"), nullptr) << "run by ctest, or name the stand-in";
    auto library = cuda::open_cuda();
    ASSERT_TRUE(library) << library.error().to_string();
    library_ = *std::move(library);
    const auto get = reinterpret_cast<const CudaStandIn* (*)()>(library_.symbol(cuda_stand_in_symbol));
    ASSERT_NE(get, nullptr) << "GEYSER_CUDA_LIBRARY is not the stand-in";
    stand_in_ = get();
    stand_in_->reset();
    objects_before_ = stand_in_->live_objects();
    descriptors_before_ = open_descriptors();
  }
  // Whatever a test did, everything is given back, and nobody has misused the driver.
  void TearDown() override {
    if (stand_in_ == nullptr) return;
    EXPECT_EQ(stand_in_->live_objects(), objects_before_);
    EXPECT_EQ(stand_in_->owned_descriptors(), 0);
    EXPECT_EQ(open_descriptors(), descriptors_before_);
    EXPECT_STREQ(stand_in_->complaints(), "");
    for (const std::string& report : reports_) ADD_FAILURE() << report;
  }

  std::unique_ptr<TextureShareManager> make(cuda::Options options = {}) {
    options.diagnostics = [this](const GeyserError& error) { reports_.push_back(error.to_string()); };
    auto manager = cuda::create_manager(options);
    EXPECT_TRUE(manager) << (manager ? "" : manager.error().to_string());
    return manager ? *std::move(manager) : nullptr;
  }
  static TextureDescriptor small() {
    TextureDescriptor descriptor;
    descriptor.extent = {16, 8, 1};
    return descriptor;
  }
  // An opaque texture of rgba8 as the stand-in lays it out, in memory that the test sees, too.
  struct Exported {
    ApiTextureHandle parcel;
    platform::MappedMemory memory;
  };
  Exported export_memory(const TextureShareManager& for_manager, const TextureDescriptor& descriptor,
                         std::uint64_t size) {
    Exported made;
    auto handle = platform::create_shared_memory(size);
    EXPECT_TRUE(handle);
    auto memory = platform::map_shared_memory(handle->get(), size);
    EXPECT_TRUE(memory);
    made.memory = *std::move(memory);
    made.parcel.descriptor = descriptor;
    made.parcel.identity = for_manager.capabilities().identity;
    made.parcel.identity.driver_uuid.fill(7);  // Vulkan knows it
    made.parcel.api = Api::vulkan;
    made.parcel.kind = cuda::external_memory_kinds().front();  // this system's
    made.parcel.handle_count = 1;
    made.parcel.handles[0] = OwnedHandle::adopt(made.parcel.kind, handle->detach());
    made.parcel.layout.allocation_size = size;
    made.parcel.layout.plane_count = 1;
    return made;
  }
  // A semaphore: its counter is the memory's first eight bytes.
  struct Semaphore {
    FenceHandle handle;
    platform::MappedMemory memory;
    std::uint64_t value() const {
      std::uint64_t now = 0;
      std::memcpy(&now, memory.bytes().data(), sizeof now);
      return now;
    }
    void set(std::uint64_t now) const { std::memcpy(memory.bytes().data(), &now, sizeof now); }
  };
  static Semaphore export_semaphore(FenceKind kind) {
    Semaphore made;
    auto handle = platform::create_shared_memory(sizeof(std::uint64_t));
    EXPECT_TRUE(handle);
    auto memory = platform::map_shared_memory(handle->get(), sizeof(std::uint64_t));
    EXPECT_TRUE(memory);
    made.memory = *std::move(memory);
    made.handle.kind = kind;
    made.handle.id = 4711 + static_cast<FenceId>(kind);
    made.handle.handle = OwnedHandle::adopt(cuda::external_memory_kinds().front(), handle->detach());
    return made;
  }
  bool called(const std::string& name) const {
    return std::string("\n").append(stand_in_->trace()).find("\n" + name + "\n") != std::string::npos;
  }
  // How often.
  int calls(const std::string& name) const {
    const std::string trace = std::string("\n").append(stand_in_->trace());
    int count = 0;
    for (auto at = trace.find("\n" + name + "\n"); at != std::string::npos;
         at = trace.find("\n" + name + "\n", at + 1)) {
      ++count;
    }
    return count;
  }

  platform::DynamicLibrary library_;
  const CudaStandIn* stand_in_ = nullptr;
  int objects_before_ = 0;
  std::size_t descriptors_before_ = 0;
  std::vector<std::string> reports_;
};

}  // namespace geyser::test
