// WebGPU on Apple's systems, on doubles of Dawn (dawn_double.hpp) and of surfaces and events (surface_double.hpp): what
// Dawn is told, in which order, who holds what how long, and what is refused before it is asked.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include <geyser/webgpu.hpp>

#include "dawn_double.hpp"
#include "maker.hpp"
#include "support/descriptors.hpp"
#include "surface_double.hpp"

namespace geyser::test {
namespace {

using Calls = std::vector<std::string>;
using Manager = std::unique_ptr<TextureShareManager>;

int the_metal_device;

OwnedHandle right_of_the_surface(HandleKind kind);

class WebGpuMetal : public testing::Test {
 protected:
  void SetUp() override {
    file_ = make_file(HandleKind::io_surface);
    the_surface() = {object_of(file_.get()), 64, 32, 0, 0};
    queue_event_ = make_event(make_file(HandleKind::metal_shared_event));
    event_device() = nullptr;
    dawn() = {};
    dawn().backend = WGPUBackendType_Metal;
    dawn().features = {WGPUFeatureName_SharedTextureMemoryIOSurface, WGPUFeatureName_SharedFenceMTLSharedEvent,
                       WGPUFeatureName_DawnMultiPlanarFormats};
    // Retained, not duplicated.
    dawn().copy = [](void* object) {
      if (object == &the_surface()) {
        ++the_surface().references;
      } else {
        retain_event(*static_cast<Event*>(object));
      }
      return object;
    };
    dawn().drop = [](void* object) {
      if (object == &the_surface()) {
        --the_surface().references;
      } else {
        release_event(*static_cast<Event*>(object));
      }
    };
    dawn().queue_handle = queue_event_;
    dawn().metal_device = &the_metal_device;
    dawn().memory.size = {64, 32, 1};
    dawn().memory.format = WGPUTextureFormat_BGRA8Unorm;
    dawn().memory.usage = WGPUTextureUsage_CopySrc | WGPUTextureUsage_CopyDst | WGPUTextureUsage_TextureBinding |
                          WGPUTextureUsage_RenderAttachment | WGPUTextureUsage_StorageBinding;
    descriptor_.extent = {64, 32, 1};
    descriptor_.format = TextureFormat::bgra8_unorm;
    descriptor_.usage = TextureUsage::sampled | TextureUsage::transfer_destination;
    before_ = open_descriptors();
  }
  void TearDown() override {
    EXPECT_EQ(dawn().objects, 0);
    EXPECT_EQ(the_surface().references, 0);
    EXPECT_EQ(the_surface().uses, 0);
    EXPECT_EQ(events(), 1);
    EXPECT_EQ(open_descriptors(), before_);
    release_event(*queue_event_);
  }
  static Manager wrap(webgpu::WrapOptions options = {}) {
    static int device;
    options.device = reinterpret_cast<WGPUDevice>(&device);
    auto wrapped = webgpu::wrap_device(options);
    EXPECT_TRUE(wrapped) << wrapped.error().to_string();
    dawn().calls.clear();
    return wrapped ? *std::move(wrapped) : nullptr;
  }
  ApiTextureHandle parcel() const {
    ApiTextureHandle parcel;
    parcel.descriptor = descriptor_;
    parcel.layout.tiling = Tiling::linear;
    parcel.layout.allocation_size = 1 << 20;
    parcel.layout.plane_count = 1;
    parcel.layout.planes[0].stride = 1024;
    parcel.api = Api::metal;
    parcel.kind = HandleKind::io_surface;
    parcel.handle_count = 1;
    parcel.handles[0] = *OwnedHandle::duplicate(HandleKind::io_surface, file_.get());
    return parcel;
  }
  std::shared_ptr<Maker> maker(const TextureShareManager& manager) const {
    Capabilities capabilities;
    capabilities.api = Api::metal;
    capabilities.identity = manager.capabilities().identity;
    TextureCapability row;
    row.format = descriptor_.format;
    row.handle_kind = HandleKind::io_surface;
    row.tiling = Tiling::linear;
    row.exportable = true;
    row.usages = descriptor_.usage;
    row.dimensions = dimension_bit(TextureDimension::two_d);
    row.max_extent = {16384, 16384, 1};
    capabilities.textures.push_back(row);
    capabilities.fences = {{FenceKind::metal_shared_event, true, true, true},
                           {FenceKind::host_timeline, true, true, false}};
    auto made = std::make_shared<Maker>(std::move(capabilities));
    made->make_memory = right_of_the_surface;
    return made;
  }
  static std::map<TextureFormat, TextureCapability> shared_rows(const TextureShareManager& manager) {
    std::map<TextureFormat, TextureCapability> rows;
    for (const TextureCapability& row : manager.capabilities().textures) {
      if (row.handle_kind == HandleKind::io_surface) rows[row.format] = row;
    }
    return rows;
  }
  static AccessState written() {
    AccessState state;
    state.initialized = true;
    state.serial = 1;
    return state;
  }

  static OwnedHandle file_;
  Event* queue_event_ = nullptr;
  TextureDescriptor descriptor_;
  std::size_t before_ = 0;

  friend OwnedHandle right_of_the_surface(HandleKind kind);
};
OwnedHandle WebGpuMetal::file_;

OwnedHandle right_of_the_surface(HandleKind kind) { return *OwnedHandle::duplicate(kind, WebGpuMetal::file_.get()); }

TEST_F(WebGpuMetal, MakesADeviceWithWhatSharesSurfacesAndEvents) {
  const auto manager = webgpu::create_manager();
  ASSERT_TRUE(manager) << manager.error().to_string();
  EXPECT_EQ(dawn().asked_backends, std::vector{WGPUBackendType_Metal});
  for (const WGPUFeatureName feature :
       {WGPUFeatureName_SharedTextureMemoryIOSurface, WGPUFeatureName_SharedFenceMTLSharedEvent}) {
    EXPECT_EQ(std::count(dawn().enabled.begin(), dawn().enabled.end(), feature), 1) << feature;
  }
}

TEST_F(WebGpuMetal, TheMetalDeviceSaysWhoItIs) {
  EXPECT_EQ(wrap()->capabilities().identity.metal_registry_id, reinterpret_cast<std::uintptr_t>(&the_metal_device));
  int other = 0;
  webgpu::WrapOptions options;
  options.metal_device = &other;
  EXPECT_EQ(wrap(options)->capabilities().identity.metal_registry_id, reinterpret_cast<std::uintptr_t>(&other));
  dawn().metal_device = nullptr;
  const Manager unknown = wrap();
  EXPECT_EQ(unknown->capabilities().identity.metal_registry_id, 0U);
  EXPECT_FALSE(shared_rows(*unknown).empty());
}

TEST_F(WebGpuMetal, ComparesNamesWithNumbers) {
  webgpu::WrapOptions options;
  int device = 0;
  options.device = reinterpret_cast<WGPUDevice>(&device);
  dawn().feature_shift = 1;
  auto wrapped = webgpu::wrap_device(options);
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::version_mismatch);
  EXPECT_NE(wrapped.error().message().find("is [shared-texture-memory-io-surface] in the header"), std::string::npos);
  dawn().feature_shift = 0;
  dawn().odd_structure = "Something";
  wrapped = webgpu::wrap_device(options);
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::version_mismatch);
  EXPECT_NE(wrapped.error().message().find("is [SharedTextureMemoryIOSurfaceDescriptor] in the header"),
            std::string::npos);
}

TEST_F(WebGpuMetal, SharesTheFormatsWhoseNamesDawnKnows) {
  const Manager manager = wrap();
  const auto rows = shared_rows(*manager);
  EXPECT_EQ(rows.size(), 10U);
  ASSERT_EQ(rows.count(TextureFormat::nv12), 1U);
  EXPECT_EQ(rows.at(TextureFormat::nv12).memory_plane_count, 2U);
  EXPECT_FALSE(contains(rows.at(TextureFormat::nv12).usages, TextureUsage::color_attachment));
  EXPECT_EQ(rows.count(TextureFormat::rgb10a2_unorm), 0U);
  EXPECT_EQ(rows.count(TextureFormat::bgra8_srgb), 0U);
  for (const auto& [format, row] : rows) {
    EXPECT_TRUE(row.importable && !row.exportable && row.tiling == Tiling::linear) << to_string(format);
  }
  // Dawn ends no access without an event.
  dawn().features.erase(WGPUFeatureName_SharedFenceMTLSharedEvent);
  EXPECT_TRUE(shared_rows(*wrap()).empty());
}

TEST_F(WebGpuMetal, TheSurfaceIsInUseAsLongAsTheTextureLives) {
  const Manager manager = wrap();
  auto texture = manager->import_shared_texture(parcel());
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ(dawn().imported, &the_surface());
  EXPECT_TRUE(dawn().storage);
  EXPECT_EQ(the_surface().uses, 1);
  EXPECT_EQ(the_surface().references, 2) << "Geyser's and Dawn's";
  EXPECT_EQ(open_descriptors(), before_) << "the right is closed";
  texture->reset();
  EXPECT_EQ(the_surface().references, 0);
}

TEST_F(WebGpuMetal, AnotherSurfaceNeverReachesDawn) {
  const Manager manager = wrap();
  ApiTextureHandle wrong = parcel();
  wrong.descriptor.extent.width = 32;
  auto texture = manager->import_shared_texture(std::move(wrong));
  ASSERT_FALSE(texture);
  EXPECT_EQ(texture.error().code(), ErrorCode::incompatible_layout);
  ApiTextureHandle dead = parcel();
  dead.handles[0] = make_file(HandleKind::io_surface);
  texture = manager->import_shared_texture(std::move(dead));
  ASSERT_FALSE(texture);
  EXPECT_EQ(texture.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(dawn().calls, Calls());
}

TEST_F(WebGpuMetal, DawnsRefusalsKeepItsWords) {
  const Manager manager = wrap();
  dawn().refusal = "Unsupported IOSurface format (34323066).";
  auto texture = manager->import_shared_texture(parcel());
  ASSERT_FALSE(texture);
  EXPECT_NE(texture.error().message().find("Unsupported IOSurface format (34323066)."), std::string::npos);
  dawn().memory.format = WGPUTextureFormat_RGBA8Unorm;
  texture = manager->import_shared_texture(parcel());
  ASSERT_FALSE(texture);
  EXPECT_EQ(texture.error().code(), ErrorCode::incompatible_layout);
}

TEST_F(WebGpuMetal, AnAccessWaitsForValuesAndIsPassedOnWithDawns) {
  const Manager manager = wrap();
  const auto allocator = maker(*manager);
  ASSERT_TRUE(manager->use_allocator(allocator));
  auto texture = *manager->import_shared_texture(parcel());
  OwnedHandle theirs = make_file(HandleKind::metal_shared_event);
  const std::uint64_t their_object = object_of(theirs.get());
  const auto wait = *manager->import_fence({FenceKind::metal_shared_event, 77, 0, std::move(theirs)});
  EXPECT_EQ(event_device(), &the_metal_device);
  const auto signal = *manager->create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(texture->set_signal_fence(signal));
  AccessState state = written();
  ASSERT_TRUE(state.writer.add({wait, 9}));
  dawn().calls.clear();

  auto access = texture->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access) << access.error().to_string();
  ASSERT_EQ(dawn().waits.size(), 1U);
  EXPECT_EQ(static_cast<Event*>(dawn().waits[0].handle)->object, their_object);
  EXPECT_EQ(dawn().waits[0].value, 9U);
  const auto next = texture->end_access(*std::move(access));
  ASSERT_TRUE(next) << next.error().to_string();
  EXPECT_EQ(dawn().calls, (Calls{"begin", "submit", "end"}));
  EXPECT_EQ(allocator->relayed, (std::vector<Relayed>{{1, queue_event_->object, 41, HandleKind::metal_shared_event}}));
  ASSERT_EQ(next->readers.size(), 1U);
  EXPECT_EQ(next->readers.begin()->value, 1U);
  EXPECT_EQ(texture->statistics().host_waits, 0U);
}

TEST_F(WebGpuMetal, AnAllocatorIsOfTheSameMetalDevice) {
  const Manager manager = wrap();
  const auto allocator = maker(*manager);
  int other = 0;
  webgpu::WrapOptions options;
  options.metal_device = &other;
  const Manager elsewhere = wrap(options);
  const auto refused = elsewhere->use_allocator(allocator);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_device);
  ASSERT_TRUE(manager->use_allocator(allocator));
  auto texture = manager->create_texture(descriptor_, HandleKind::io_surface);
  ASSERT_TRUE(texture) << texture.error().to_string();
  const auto exported = manager->export_texture(**texture);
  ASSERT_TRUE(exported);
  EXPECT_EQ(object_of(exported->handles[0].get()), the_surface().object);
}

TEST_F(WebGpuMetal, WithoutItsMetalDeviceTheCpuWaits) {
  const auto allocator = maker(*wrap());
  dawn().metal_device = nullptr;
  const Manager manager = wrap();
  EXPECT_FALSE(manager->use_allocator(allocator));
  const auto refused = manager->create_fence(FenceKind::metal_shared_event);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  auto texture = *manager->import_shared_texture(parcel());
  dawn().calls.clear();
  auto access = texture->begin_access(AccessMode::write, written());
  ASSERT_TRUE(access);
  ASSERT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(dawn().calls, (Calls{"begin", "submit", "end", "wait for the queue"}));
}

}  // namespace
}  // namespace geyser::test
