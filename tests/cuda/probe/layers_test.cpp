// Where the layers of a Vulkan image are to CUDA. Every layer and level has a value of its own, then noise; each way of
// opening the image says what it sees where, and the memory's plain bytes say where the two have put them. A layer is
// then opened alone, by its offset. At last the same by Geyser's own means, in the shapes of the contract suites.
#include <cstdio>
#include <map>
#include <set>

#include "cuda/probe/bench.hpp"
#include "cuda/texture.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "support/shapes.hpp"

namespace geyser::test {
namespace {

namespace driver = cuda::driver;

struct Format {
  const char* name;
  VkFormat vulkan;
  driver::ArrayFormat array;
  unsigned channels;
  std::uint32_t block;
  std::uint32_t block_bytes;
};
constexpr Format rgba8{"rgba8", VK_FORMAT_R8G8B8A8_UNORM, driver::ArrayFormat::unorm_int8x4, 4, 1, 4};
constexpr Format rgba8_plain{"rgba8 as uint8", VK_FORMAT_R8G8B8A8_UNORM, driver::ArrayFormat::unsigned_int8, 4, 1, 4};
constexpr Format r16f{"r16f", VK_FORMAT_R16_SFLOAT, driver::ArrayFormat::half, 1, 1, 2};
constexpr Format rgba32f{"rgba32f", VK_FORMAT_R32G32B32A32_SFLOAT, driver::ArrayFormat::floating, 4, 1, 16};
constexpr Format bc7{"bc7", VK_FORMAT_BC7_UNORM_BLOCK, driver::ArrayFormat::bc7_unorm, 4, 4, 16};

constexpr VkImageUsageFlags copies = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
constexpr VkImageUsageFlags all_usages =
    copies | VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;

struct Way {
  const char* what;
  Format format = rgba8;
  std::uint32_t width = 64;
  std::uint32_t height = 64;
  std::uint32_t layers = 4;
  std::uint32_t levels = 1;
  bool dedicated = false;
  VkImageUsageFlags usage = copies | VK_IMAGE_USAGE_SAMPLED_BIT;
  VkImageCreateFlags create = 0;
  unsigned flags = driver::array_layered;
  bool right = true;  // on driver 580,
  bool known = true;  // where that has been seen
};
// One thing at a time is another than in the first.
const Way ways[] = {
    {.what = "one layer (control)", .layers = 1, .flags = 0},
    {.what = "base"},
    {.what = "dedicated", .dedicated = true},
    {.what = "2 layers", .layers = 2},
    {.what = "6 layers", .layers = 6},
    {.what = "8 layers", .layers = 8},
    {.what = "3 levels", .levels = 3},
    {.what = "7 levels, all", .levels = 7},
    {.what = "surface", .flags = driver::array_layered | driver::array_surface},
    {.what = "all usages, attachment",
     .usage = all_usages,
     .flags = driver::array_layered | driver::array_color_attachment},
    {.what = "all usages, attachment, surface, dedicated",
     .dedicated = true,
     .usage = all_usages,
     .flags = driver::array_layered | driver::array_color_attachment | driver::array_surface},
    {.what = "cube-compatible", .layers = 6, .create = VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT},
    {.what = "cube", .layers = 6, .create = VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT, .flags = driver::array_cubemap},
    {.what = "cube, dedicated",
     .layers = 6,
     .dedicated = true,
     .create = VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT,
     .flags = driver::array_cubemap},
    {.what = "as a volume", .flags = 0, .right = false},
    {.what = "odd size", .width = 37, .height = 23},
    {.what = "odd size, 3 levels", .width = 37, .height = 23, .levels = 3},
    {.what = "256x256", .width = 256, .height = 256},
    {.what = "512x128", .width = 512, .height = 128},
    {.what = "1024x1024", .width = 1024, .height = 1024},
    {.what = "plain name", .format = rgba8_plain},
    {.what = "r16f", .format = r16f},
    {.what = "rgba32f", .format = rgba32f},
    {.what = "bc7", .format = bc7},
    {.what = "5 layers, 3 levels, 19x27", .width = 19, .height = 27, .layers = 5, .levels = 3, .right = false},
    {.what = "5 layers, 3 levels, 19x27, all usages, attachment, surface",
     .width = 19,
     .height = 27,
     .layers = 5,
     .levels = 3,
     .usage = all_usages,
     .flags = driver::array_layered | driver::array_color_attachment | driver::array_surface,
     .right = false},
    {.what = "cube 24x24, 4 levels, all usages, attachment, surface",
     .width = 24,
     .height = 24,
     .layers = 6,
     .levels = 4,
     .usage = all_usages,
     .create = VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT,
     .flags = driver::array_cubemap | driver::array_color_attachment | driver::array_surface,
     .right = false},
    {.what = "19x27, 1 level", .width = 19, .height = 27, .layers = 5, .known = false},
    {.what = "24x24, 1 level", .width = 24, .height = 24, .layers = 6, .known = false},
    {.what = "32x32, 3 levels", .width = 32, .height = 32, .layers = 6, .levels = 3, .known = false},
    {.what = "20x20, 3 levels", .width = 20, .height = 20, .layers = 6, .levels = 3, .known = false},
    {.what = "mutable format", .create = VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT},
};

std::string list(const std::set<int>& values) {
  std::string out;
  for (const int value : values) out += (out.empty() ? "" : ",") + std::to_string(value);
  return "{" + out + "}";
}

class CudaLayersProbe : public ProbeBench {
 protected:
  // Level `level` of `array` from layer `z` on.
  std::vector<std::byte> bytes_of(driver::MipmappedArray array, const Way& way, std::uint32_t z, std::uint32_t level) {
    driver::Array one = nullptr;
    if (cu_.cuMipmappedArrayGetLevel(&one, array, level) != 0) return {};
    const Rows rows = rows_of(way, level);
    std::vector<std::byte> bytes(rows.bytes * rows.count);
    driver::Memcpy3d copy;
    copy.source_type = driver::MemoryType::array;
    copy.source_array = one;
    copy.source_z = z;
    copy.target_type = driver::MemoryType::host;
    copy.target_host = bytes.data();
    copy.target_pitch = rows.bytes;
    finish_copy(copy, rows);
    return bytes;
  }
  std::set<int> values(driver::MipmappedArray array, const Way& way, std::uint32_t z, std::uint32_t level) {
    std::set<int> seen;
    for (const std::byte byte : bytes_of(array, way, z, level)) seen.insert(static_cast<int>(byte));
    return seen;
  }
  // After fill(noisy): how many bytes of all layers are not where they were written.
  std::size_t wrong_bytes(driver::MipmappedArray array, const Way& way) {
    std::size_t all = 0;
    for (std::uint32_t layer = 0; layer < way.layers; ++layer) {
      for (std::uint32_t level = 0; level < way.levels; ++level) {
        const std::vector<std::byte> bytes = bytes_of(array, way, layer, level);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) wrong += bytes[i] != noise_of(layer, level, i) ? 1U : 0U;
        if (wrong != 0)
          std::printf("    layer %u level %u: %zu of %zu bytes of noise wrong\n", layer, level, wrong, bytes.size());
        all += wrong;
      }
    }
    return all;
  }
  void write(driver::MipmappedArray array, const Way& way, std::uint32_t z, std::uint32_t level, std::byte value) {
    driver::Array one = nullptr;
    ASSERT_EQ(cu_.cuMipmappedArrayGetLevel(&one, array, level), 0);
    const Rows rows = rows_of(way, level);
    std::vector<std::byte> bytes(rows.bytes * rows.count, value);
    driver::Memcpy3d copy;
    copy.source_type = driver::MemoryType::host;
    copy.source_host = bytes.data();
    copy.source_pitch = rows.bytes;
    copy.target_type = driver::MemoryType::array;
    copy.target_array = one;
    copy.target_z = z;
    finish_copy(copy, rows);
  }
  driver::MipmappedArray map(driver::ExternalMemory memory, const Way& way, std::uint64_t offset, bool alone,
                             int& result) {
    driver::ExternalMemoryArray mapping;
    mapping.offset = offset;
    mapping.array = {way.width,        way.height,          alone || way.layers == 1 ? 0 : std::size_t{way.layers},
                     way.format.array, way.format.channels, way.flags};
    if (alone) mapping.array.flags &= ~(driver::array_layered | driver::array_cubemap);
    mapping.levels = way.levels;
    driver::MipmappedArray array = nullptr;
    result = cu_.cuExternalMemoryGetMappedMipmappedArray(&array, memory, &mapping);
    return result == 0 ? array : nullptr;
  }
  // Where each value is among the memory's bytes: first, last, how many.
  struct Span {
    std::size_t first = 0, last = 0, count = 0;
  };
  static std::map<int, Span> spans(const std::vector<std::byte>& bytes) {
    std::map<int, Span> out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] == std::byte{0}) continue;
      auto [at, is_new] = out.try_emplace(static_cast<int>(bytes[i]), Span{i, i, 0});
      at->second.last = i;
      ++at->second.count;
    }
    return out;
  }
  static void print(const char* who, const std::map<int, Span>& all, int first_value) {
    for (const auto& [value, span] : all) {
      const int n = value - first_value;
      if (n < 0 || n >= 64) continue;
      std::printf("    %s layer %d level %d: bytes 0x%zx to 0x%zx, %zu of them\n", who, n / 8, n % 8, span.first,
                  span.last, span.count);
    }
  }

  struct Rows {
    std::size_t bytes, count;
  };
  static Rows rows_of(const Way& way, std::uint32_t level) {
    const auto blocks = [&](std::uint32_t edge) {
      return (std::max(edge >> level, 1U) + way.format.block - 1) / way.format.block;
    };
    return {std::size_t{blocks(way.width)} * way.format.block_bytes, blocks(way.height)};
  }
  void finish_copy(driver::Memcpy3d& copy, const Rows& rows) {
    copy.width_bytes = rows.bytes;
    copy.height = rows.count;
    copy.depth = 1;
    if (const int result = cu_.cuMemcpy3DAsync_v2(&copy, native_.stream); result != 0) {
      std::printf("    cuMemcpy3DAsync: %s\n", name_of(result).c_str());
      return;
    }
    finish();
  }
  int wrong_layers(driver::MipmappedArray array, const Way& way) {
    int wrong = 0;
    for (std::uint32_t layer = 0; layer < way.layers; ++layer) {
      for (std::uint32_t level = 0; level < way.levels; ++level) {
        const std::set<int> seen = values(array, way, layer, level);
        if (seen == std::set<int>{static_cast<int>(value_of(layer, level))}) continue;
        ++wrong;
        std::printf("    layer %u level %u has %s, not %d\n", layer, level, list(seen).c_str(),
                    static_cast<int>(value_of(layer, level)));
      }
    }
    return wrong;
  }
  // Whose first row a layer's first row is.
  static void print_source(const TextureDescriptor& d, const std::vector<std::byte>& written,
                           const std::vector<std::byte>& seen, std::uint32_t layer, std::uint32_t mip) {
    const HostSubresource here = host_subresource(d, 0, layer, mip);
    std::printf("    layer %u level %u has", layer, mip);
    for (std::uint32_t other = 0; other < d.array_layers; ++other) {
      for (std::uint32_t level = 0; level < d.mip_levels; ++level) {
        const HostSubresource there = host_subresource(d, 0, other, level);
        const std::size_t bytes = std::min<std::size_t>(here.row_bytes, there.row_bytes);
        if (std::equal(&seen[here.offset], &seen[here.offset] + bytes, &written[there.offset])) {
          std::printf(" layer %u level %u", other, level);
        }
      }
    }
    std::printf("\n");
  }
  // Gives whether every layer is where CUDA looks for it.
  bool run(const Way& way);
  void open_by_offset(driver::ExternalMemory memory, const Way& way, const std::map<int, Span>& spans);
};

void CudaLayersProbe::open_by_offset(driver::ExternalMemory memory, const Way& way,
                                     const std::map<int, Span>& vulkans) {
  for (std::uint32_t layer = 1; layer < way.layers; ++layer) {
    const auto first = vulkans.find(static_cast<int>(value_of(layer, 0)));
    if (first == vulkans.end()) continue;
    int result = 0;
    driver::MipmappedArray array = map(memory, way, first->second.first, true, result);
    std::printf("    layer %u alone, offset 0x%zx: %s", layer, first->second.first, name_of(result).c_str());
    for (std::uint32_t level = 0; array != nullptr && level < way.levels; ++level) {
      const std::set<int> seen = values(array, way, 0, level);
      std::printf(" %s",
                  seen == std::set<int>{static_cast<int>(value_of(layer, level))} ? "right" : list(seen).c_str());
    }
    std::printf("\n");
    if (array != nullptr) cu_.cuMipmappedArrayDestroy(array);
  }
}

bool CudaLayersProbe::run(const Way& way) {
  std::printf("%s: %s %ux%u, %u layers, %u levels, flags 0x%x\n", way.what, way.format.name, way.width, way.height,
              way.layers, way.levels, way.flags);
  VkImageCreateInfo info{};
  info.flags = way.create;
  info.imageType = VK_IMAGE_TYPE_2D;
  info.format = way.format.vulkan;
  info.extent = {way.width, way.height, 1};
  info.mipLevels = way.levels;
  info.arrayLayers = way.layers;
  info.samples = VK_SAMPLE_COUNT_1_BIT;
  info.tiling = VK_IMAGE_TILING_OPTIMAL;
  info.usage = way.usage;
  Picture picture = make_picture(info, way.dedicated);
  if (picture.image == VK_NULL_HANDLE) return false;
  fill(picture, way.format.block, way.format.block_bytes);
  driver::ExternalMemory memory = nullptr;
  const int imported = import_memory(export_fd(picture.memory), picture.size, way.dedicated, memory);
  std::printf("  import: %s\n", name_of(imported).c_str());
  bool right = false;
  if (imported == 0) {
    driver::DevicePointer pointer = 0;
    const driver::ExternalMemoryBuffer whole{0, picture.size};
    const int mapped_buffer = cu_.cuExternalMemoryGetMappedBuffer(&pointer, memory, &whole);
    std::printf("  bytes: %s\n", name_of(mapped_buffer).c_str());
    std::vector<std::byte> bytes(picture.size);
    std::map<int, Span> vulkans;
    if (mapped_buffer == 0 && copy_out(pointer, bytes) == 0) vulkans = spans(bytes);
    int mapped = 0;
    driver::MipmappedArray array = map(memory, way, 0, false, mapped);
    std::printf("  array: %s\n", name_of(mapped).c_str());
    if (array != nullptr) {
      right = wrong_layers(array, way) == 0;
      open_by_offset(memory, way, vulkans);
      for (std::uint32_t layer = 0; layer < way.layers; ++layer) {
        for (std::uint32_t level = 0; level < way.levels; ++level) {
          write(array, way, layer, level, std::byte(129 + layer * 8 + level));
        }
      }
      std::map<int, Span> cudas;
      if (mapped_buffer == 0 && copy_out(pointer, bytes) == 0) cudas = spans(bytes);
      if (!right) {
        print("Vulkan's", vulkans, 1);
        print("CUDA's", cudas, 129);
      }
      fill(picture, way.format.block, way.format.block_bytes, true);
      right = wrong_bytes(array, way) == 0 && right;
      std::printf("  %s\n", right ? "RIGHT" : "WRONG");
      cu_.cuMipmappedArrayDestroy(array);
    }
    if (mapped_buffer == 0) cu_.cuMemFree_v2(pointer);
    cu_.cuDestroyExternalMemory(memory);
  }
  destroy(picture);
  return right;
}

TEST_F(CudaLayersProbe, WhereLayersAre) {
  std::map<std::string, bool> results;
  for (const Way& way : ways) {
    results[way.what] = run(way);
    if (!way.known) continue;
    EXPECT_EQ(results[way.what], way.right) << way.what << ": another driver than 580?";
  }
  int right = 0;
  for (const auto& [what, is_right] : results) {
    std::printf("%s %s\n", is_right ? "RIGHT" : "wrong", what.c_str());
    right += is_right ? 1 : 0;
  }
  // Without it the others say nothing.
  EXPECT_TRUE(results["one layer (control)"]);
  std::printf("%d of %zu\n", right, std::size(ways));
}

// What the contract suites would see if capabilities.cpp offered it.
TEST_F(CudaLayersProbe, GeysersOwnShapes) {
  auto end = make_end("vulkan");
  ASSERT_TRUE(end) << end.error().to_string();
  TextureDescriptor any;
  any.extent = {8, 8, 1};
  auto copied = cuda_->create_texture(any, HandleKind::host_memory);
  ASSERT_TRUE(copied) << copied.error().to_string();
  const auto context = static_cast<cuda::CudaTexture&>(**copied).context();
  int wrong_cases = 0;  // of one layer
  int right_layered = 0;
  for (const Case& c : shape_cases()) {
    const TextureDescriptor descriptor = describe(c);
    cuda::ArrayKind kind = context->array_kind(descriptor.format);
    if (kind.format == driver::ArrayFormat::none) continue;
    auto texture = (*end)->manager().create_texture(descriptor, HandleKind::opaque_fd);
    if (!texture) continue;
    const std::vector<std::byte> pattern = make_pattern(descriptor, 5);
    auto access = (*texture)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(access);
    ASSERT_TRUE((*end)->fill(**texture, pattern));
    ASSERT_TRUE((*texture)->end_access(*std::move(access)));
    // As it is, without surfaces, without what says that it is an attachment, and neither.
    for (int without = 0; without < 4; ++without) {
      auto parcel = (*end)->manager().export_texture(**texture);
      ASSERT_TRUE(parcel);
      cuda::ArrayKind way = kind;
      if ((without & 1) != 0) way.surface = false;
      if ((without & 2) != 0) parcel->layout.vulkan_usage &= ~VkImageUsageFlags{VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT};
      auto image = cuda::ArrayImage::import(context, way, *parcel);
      std::printf("%s %s, usage 0x%x, dedicated %d, %llu bytes, surface %d: ", c.shape.name,
                  std::string(to_string(descriptor.format)).c_str(), parcel->layout.vulkan_usage,
                  parcel->layout.dedicated ? 1 : 0, static_cast<unsigned long long>(parcel->layout.allocation_size),
                  way.surface ? 1 : 0);
      if (!image) {
        std::printf("%s\n", image.error().to_string().c_str());
        ++wrong_cases;
        continue;
      }
      std::vector<std::byte> seen(pattern.size());
      const bool done =
          cuda::queue_packed_copy(*context, descriptor, *image, seen.data(), cuda::Toward::host).has_value() &&
          context->finish(std::chrono::seconds(5)).has_value();
      const std::string wrong = done ? difference(descriptor, pattern, seen) : "no copy";
      std::printf("%s\n", wrong.empty() ? "RIGHT" : wrong.c_str());
      if (descriptor.array_layers == 1) {
        wrong_cases += wrong.empty() ? 0 : 1;
      } else {
        right_layered += wrong.empty() ? 1 : 0;
      }
      for (std::uint32_t layer = 0; !wrong.empty() && layer < descriptor.array_layers; ++layer) {
        for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip)
          print_source(descriptor, pattern, seen, layer, mip);
      }
    }
  }
  EXPECT_EQ(wrong_cases, 0);
  EXPECT_EQ(right_layered, 0) << "another driver than 580? capabilities.cpp offers none of these";
}

}  // namespace
}  // namespace geyser::test
