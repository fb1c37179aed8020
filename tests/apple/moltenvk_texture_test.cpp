// Vulkan over a double of MoltenVK: MTLTextures between it and Metal's double, of shapes that no surface has.
#include <vulkan/vulkan_core.h>
// It needs the types of the above.
#include <vulkan/vulkan_metal.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "moltenvk_fixture.hpp"

namespace geyser::test {
namespace {

constexpr HandleKind kind = HandleKind::metal_shared_texture;

TextureDescriptor shape(TextureFormat format, TextureDimension dimension, Extent3D extent, std::uint32_t mips,
                        std::uint32_t layers) {
  TextureDescriptor d;
  d.format = format;
  d.dimension = dimension;
  d.extent = extent;
  d.mip_levels = mips;
  d.array_layers = layers;
  return d;
}

TextureDescriptor layers_of(TextureFormat format) {
  return shape(format, TextureDimension::two_d_array, {37, 21, 1}, 3, 5);
}

// Sizes that no level divides evenly, so that one that is elsewhere is seen.
std::vector<TextureDescriptor> shapes() {
  using D = TextureDimension;
  using F = TextureFormat;
  return {
      shape(F::rgba8_unorm, D::two_d, {37, 21, 1}, 6, 1),
      shape(F::rgba8_srgb, D::two_d, {64, 64, 1}, 7, 1),
      layers_of(F::rgba16_float),
      layers_of(F::rgb10a2_unorm),
      shape(F::r8_uint, D::two_d_array, {5, 3, 1}, 1, 1),
      shape(F::r32_float, D::three_d, {19, 11, 6}, 4, 1),
      shape(F::bc7_unorm, D::two_d_array, {36, 20, 1}, 3, 2),
      shape(F::astc_8x5_unorm, D::two_d, {40, 25, 1}, 1, 1),
      shape(F::d32_float, D::two_d, {33, 17, 1}, 1, 1),
  };
}

bool has_row(const Capabilities& capabilities, TextureFormat format) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(),
                     [&](const auto& row) { return row.format == format && row.handle_kind == kind; });
}

TEST_F(MoltenVk, MetalReadsTexturesThatVulkanHasWritten) {
  for (const TextureDescriptor& d : shapes()) {
    if (!has_row(vulkan_->capabilities(), d.format)) {  // the driver behind has no ASTC
      EXPECT_EQ(d.format, TextureFormat::astc_8x5_unorm);
      continue;
    }
    reads_what_vulkan_has_written(*metal_, d, kind);
  }
}

TEST_F(MoltenVk, VulkanReadsTexturesThatMetalHasWritten) {
  for (const TextureDescriptor& d : shapes()) {
    if (has_row(vulkan_->capabilities(), d.format)) vulkan_reads_what_is_written(*metal_, d, kind);
  }
}

TEST_F(MoltenVk, SharesTexturesOfEveryFormatThatBothHave) {
  int shared = 0;
  for (const FormatInfo& info : all_formats()) {
    if (!has_row(vulkan_->capabilities(), info.format) || !has_row(metal_->manager().capabilities(), info.format))
      continue;
    const TextureDescriptor d = shape(info.format, TextureDimension::two_d, {48, 40, 1}, 2, 1);
    vulkan_reads_what_is_written(*metal_, d, kind);
    reads_what_vulkan_has_written(*metal_, d, kind);
    ++shared;
  }
  EXPECT_GE(shared, 61);  // Debian 12's lavapipe has neither ETC2 nor ASTC
}

TEST_F(MoltenVk, AgreesWithMetalOnTexturesWhereNoSurfaceIs) {
  NegotiationPolicy objects;
  objects.allow_objects = true;
  const TextureDescriptor d = layers_of(TextureFormat::rgba8_unorm);
  const Capabilities& vulkan = vulkan_->capabilities();
  const Capabilities& metal = metal_->manager().capabilities();
  for (const auto& [from, to] : {std::pair(&vulkan, &metal), std::pair(&metal, &vulkan)}) {
    auto agreement = negotiate(d, *from, *to, objects);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->handle_kind, kind) << to_string(*agreement);
    EXPECT_EQ(agreement->path, SharePath::zero_copy);
    // A caller that has no way for objects gets what a channel carries.
    agreement = negotiate(d, *from, *to);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->handle_kind, HandleKind::host_memory);
  }
  const auto reason = [&](const TextureDescriptor& of, const Capabilities& to) {
    const auto agreement = negotiate(of, vulkan, to, objects);
    EXPECT_TRUE(agreement) << agreement.error().to_string();
    if (!agreement) return std::string();
    EXPECT_NE(agreement->handle_kind, kind);
    const auto rung = std::find_if(agreement->rungs.begin(), agreement->rungs.end(),
                                   [](const Rung& one) { return one.name == "metal_shared_texture"; });
    return rung != agreement->rungs.end() ? rung->reason : std::string("no such rung");
  };
  // MoltenVK takes a cube's texture for one layer.
  EXPECT_NE(reason(shape(TextureFormat::rgba8_unorm, TextureDimension::cube, {16, 16, 1}, 1, 6), metal)
                .find("dimension [cube] is missing"),
            std::string::npos);
  metal::Options options;
  options.registry_id = apple_double::external;
  auto other = metal::create_manager(options);
  ASSERT_TRUE(other);
  EXPECT_EQ(reason(d, (*other)->capabilities()),
            "An MTLTexture needs one Metal device, but the ends' registry ids are [4294970044] and [4294970863].");
}

// As a program makes its own: not to be handed on, and for sampling alone.
TEST_F(MoltenVk, OpensTexturesThatAProgramMadeWithMetal) {
  const TextureDescriptor d = layers_of(TextureFormat::rgba8_unorm);
  apple_double::TextureMemory wanted;
  wanted.type = 3;
  wanted.pixel_format = 70;
  wanted.usage = 1;
  wanted.width = 37;
  wanted.height = 21;
  wanted.depth = 1;
  wanted.levels = 3;
  wanted.slices = 5;
  void* native = apple_double::new_private_texture(wanted);
  ASSERT_NE(native, nullptr);
  TextureShareManager& metal = metal_->manager();
  {
    auto texture = metal::adopt_texture(metal, native, d);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ(metal::native(**texture)->textures[0], native);
    auto opened = open(metal, **texture, *vulkan_);
    ASSERT_NE(opened, nullptr);
    constexpr VkImageUsageFlags more = VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
    EXPECT_EQ(vulkan::native(*opened)->usage & more, 0U);
    EXPECT_NE(vulkan::native(*opened)->usage & VK_IMAGE_USAGE_SAMPLED_BIT, 0U);
    AccessState state;
    const auto bytes = make_pattern(d, 21);
    fill_by_vulkan(*opened, state, bytes);
    auto access = (*texture)->begin_access(AccessMode::read, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto read = metal_->read(**texture);
    ASSERT_TRUE(read);
    EXPECT_EQ(difference(d, bytes, *read), "");
    ASSERT_TRUE((*texture)->end_access(*std::move(access)));
  }
  const auto refusal = [&](TextureShareManager& manager, void* texture, const TextureDescriptor& as) {
    auto adopted = metal::adopt_texture(manager, texture, as);
    EXPECT_FALSE(adopted);
    return adopted ? ErrorCode::busy : adopted.error().code();
  };
  TextureDescriptor other = d;
  other.mip_levels = 2;
  EXPECT_EQ(refusal(metal, native, other), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal(metal, native, describe(TextureFormat::nv12)), ErrorCode::unsupported);
  EXPECT_EQ(refusal(metal, nullptr, d), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(*vulkan_, native, d), ErrorCode::invalid_argument);
  metal::Options options;
  options.registry_id = apple_double::external;
  auto elsewhere = metal::create_manager(options);
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(refusal(**elsewhere, native, d), ErrorCode::incompatible_device);
  apple_double::release(native);
}

// An image of the caller's, whose texture the driver made.
TEST_F(MoltenVk, OpensImagesThatAProgramMadeWithVulkanInMetal) {
  const auto device = vulkan::native(*vulkan_);
  ASSERT_TRUE(device);
  const auto function = [&](const char* name) { return device->get_instance_proc_addr(device->instance, name); };
#define FUNCTION(name) const auto name = reinterpret_cast<PFN_##name>(function(#name))
  FUNCTION(vkCreateImage);
  FUNCTION(vkDestroyImage);
  FUNCTION(vkGetImageMemoryRequirements);
  FUNCTION(vkAllocateMemory);
  FUNCTION(vkFreeMemory);
  FUNCTION(vkBindImageMemory);
  const VkExportMetalObjectCreateInfoEXT exported{VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECT_CREATE_INFO_EXT, nullptr,
                                                  VK_EXPORT_METAL_OBJECT_TYPE_METAL_TEXTURE_BIT_EXT};
  vulkan::AdoptInfo adopted;
  adopted.kind = kind;
  adopted.usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
                  VK_IMAGE_USAGE_TRANSFER_DST_BIT;
  const VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                               &exported,
                               0,
                               VK_IMAGE_TYPE_2D,
                               VK_FORMAT_R8G8B8A8_UNORM,
                               {37, 21, 1},
                               3,
                               5,
                               VK_SAMPLE_COUNT_1_BIT,
                               VK_IMAGE_TILING_OPTIMAL,
                               adopted.usage,
                               VK_SHARING_MODE_EXCLUSIVE,
                               0,
                               nullptr,
                               VK_IMAGE_LAYOUT_UNDEFINED};
  ASSERT_EQ(vkCreateImage(device->device, &info, nullptr, &adopted.image), VK_SUCCESS);
  VkMemoryRequirements needs{};
  vkGetImageMemoryRequirements(device->device, adopted.image, &needs);
  while ((needs.memoryTypeBits >> adopted.memory_type & 1U) == 0) ++adopted.memory_type;
  adopted.allocation_size = needs.size;
  const VkMemoryAllocateInfo allocation{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, nullptr, needs.size,
                                        adopted.memory_type};
  ASSERT_EQ(vkAllocateMemory(device->device, &allocation, nullptr, &adopted.memory), VK_SUCCESS);
  ASSERT_EQ(vkBindImageMemory(device->device, adopted.image, adopted.memory, 0), VK_SUCCESS);
  const TextureDescriptor d = layers_of(TextureFormat::rgba8_unorm);
  {
    auto texture = vulkan::adopt_image(*vulkan_, d, adopted);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto opened = open(*vulkan_, **texture, metal_->manager());
    ASSERT_NE(opened, nullptr);
    AccessState state;
    const auto bytes = make_pattern(d, 33);
    fill_by_vulkan(**texture, state, bytes);
    auto access = opened->begin_access(AccessMode::read, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto read = metal_->read(*opened);
    ASSERT_TRUE(read);
    EXPECT_EQ(difference(d, bytes, *read), "");
    ASSERT_TRUE(opened->end_access(*std::move(access)));
    TextureDescriptor other = d;
    other.array_layers = 4;
    auto lied = vulkan::adopt_image(*vulkan_, other, adopted);
    ASSERT_FALSE(lied);
    EXPECT_EQ(lied.error().code(), ErrorCode::incompatible_layout) << lied.error().to_string();
  }
  vkDestroyImage(device->device, adopted.image, nullptr);
  vkFreeMemory(device->device, adopted.memory, nullptr);
#undef FUNCTION
}

TEST_F(MoltenVk, RefusesTexturesThatAreNotWhatTheParcelSays) {
  auto texture = metal_->manager().create_texture(layers_of(TextureFormat::rgba8_unorm), kind);
  ASSERT_TRUE(texture) << texture.error().to_string();
  const auto refusal = [&](auto spoil) {
    auto parcel = metal_->manager().export_texture(**texture);
    EXPECT_TRUE(parcel);
    spoil(*parcel);
    auto opened = vulkan_->import_shared_texture(*std::move(parcel));
    EXPECT_FALSE(opened);
    return opened ? GeyserError(ErrorCode::busy, "it was opened") : std::move(opened.error());
  };
  using P = ApiTextureHandle;
  const GeyserError longer = refusal([](P& p) { p.descriptor.mip_levels = 4; });
  EXPECT_EQ(longer.code(), ErrorCode::incompatible_layout);
  EXPECT_NE(longer.message().find("[37x21x1] of MTLPixelFormat [70] and MTLTextureType [3] with [3] levels and [5]"),
            std::string::npos)
      << longer.to_string();
  EXPECT_EQ(refusal([](P& p) { p.descriptor.array_layers = 6; }).code(), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](P& p) { p.descriptor.extent.width = 36; }).code(), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](P& p) { p.descriptor.format = TextureFormat::rgba8_uint; }).code(),
            ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](P& p) { p.identity.metal_registry_id = apple_double::external; }).code(),
            ErrorCode::incompatible_device);
  EXPECT_EQ(refusal([&](P& p) {
              auto fence = metal_->manager().create_fence(FenceKind::metal_shared_event);
              ASSERT_TRUE(fence);
              auto event = (*fence)->export_handle();
              ASSERT_TRUE(event);
              p.handles[0] = *metal::adopt_object(kind, *metal::object_of(event->handle));
            }).code(),
            ErrorCode::invalid_handle);
}

// Of another device than the parcel says.
TEST_F(MoltenVk, RefusesTexturesOfOtherDevices) {
  metal::Options options;
  options.registry_id = apple_double::external;
  auto other = metal::create_manager(options);
  ASSERT_TRUE(other);
  auto texture = (*other)->create_texture(layers_of(TextureFormat::rgba8_unorm), kind);
  ASSERT_TRUE(texture) << texture.error().to_string();
  for (const bool lies : {false, true}) {
    auto parcel = (*other)->export_texture(**texture);
    ASSERT_TRUE(parcel);
    if (lies) parcel->identity = metal_->manager().capabilities().identity;
    auto opened = vulkan_->import_shared_texture(*std::move(parcel));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), lies ? ErrorCode::invalid_handle : ErrorCode::incompatible_device)
        << opened.error().to_string();
  }
}

}  // namespace
}  // namespace geyser::test
