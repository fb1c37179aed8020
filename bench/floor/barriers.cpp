// The barriers of begin and end on the GPU, by timestamps around record_release() and record_acquire(), after the image
// was cleared, so that a driver that keeps images compressed has something to decompress. Beside them: nothing, and the
// plainest barrier there is. What takes longer for a large image than for a small one touches its texels.
#include "alone.hpp"
#include "clock.hpp"
#include "figures.hpp"
#include "geyser_end.hpp"
#include "grid.hpp"

namespace bench {

namespace {

using geyser::TextureFormat;
using geyser::TextureUsage;

struct Kind {
  const char* name;
  TextureFormat format;
  TextureUsage usage;
};
constexpr TextureUsage plain =
    TextureUsage::sampled | TextureUsage::transfer_source | TextureUsage::transfer_destination;
constexpr std::array<Kind, 6> kinds{{
    {"rgba8", TextureFormat::rgba8_unorm, plain},
    {"rgba8, attachment", TextureFormat::rgba8_unorm, plain | TextureUsage::color_attachment},
    {"rgba8, storage", TextureFormat::rgba8_unorm, plain | TextureUsage::storage},
    {"bgra8, attachment", TextureFormat::bgra8_unorm, plain | TextureUsage::color_attachment},
    {"rgba16f, attachment", TextureFormat::rgba16_float, plain | TextureUsage::color_attachment},
    {"r8, attachment", TextureFormat::r8_unorm, plain | TextureUsage::color_attachment},
}};
constexpr std::array<Size, 2> sizes{{{64, 64}, {3840, 2160}}};
enum class Between { nothing, plain_barrier, geyser };
constexpr std::array<Between, 3> betweens{{Between::nothing, Between::plain_barrier, Between::geyser}};
// Timestamps have steps of their own: less than this is no difference.
constexpr double least_difference_us = 2;

class Clocked {
 public:
  explicit Clocked(const BareVulkan& vulkan) : vulkan_(vulkan), fence_(make_fence(vulkan)) {
    const VkQueryPoolCreateInfo info{
        VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, nullptr, 0, VK_QUERY_TYPE_TIMESTAMP, 2, 0};
    check(vulkan.vkCreateQueryPool(vulkan.device, &info, nullptr, &pool_), "vkCreateQueryPool");
  }
  VkCommandBuffer record(const geyser::SharedTexture& texture, Between between) const {
    const VkImage image = must(geyser::vulkan::native(texture)).image;
    return vulkan_.record([&](VkCommandBuffer commands) {
      vulkan_.vkCmdResetQueryPool(commands, pool_, 0, 2);
      must(geyser::vulkan::record_acquire(texture, geyser::AccessMode::discard, commands));
      const VkClearColorValue colour{{0.25F, 0.5F, 0.75F, 1.0F}};
      const VkImageSubresourceRange all{VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
      vulkan_.vkCmdClearColorImage(commands, image, VK_IMAGE_LAYOUT_GENERAL, &colour, 1, &all);
      wait_for_all(commands);
      vulkan_.vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool_, 0);
      if (between == Between::plain_barrier) wait_for_all(commands);
      if (between == Between::geyser) {
        must(geyser::vulkan::record_release(texture, commands));
        must(geyser::vulkan::record_acquire(texture, geyser::AccessMode::read, commands));
      }
      vulkan_.vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool_, 1);
      must(geyser::vulkan::record_release(texture, commands));
    });
  }
  // Microseconds between the two timestamps of what was submitted last.
  double between_us() const {
    std::array<std::uint64_t, 2> ticks{};
    check(vulkan_.vkGetQueryPoolResults(vulkan_.device, pool_, 0, 2, sizeof(ticks), ticks.data(), sizeof(ticks[0]),
                                        VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
          "vkGetQueryPoolResults");
    return static_cast<double>(ticks[1] - ticks[0]) * vulkan_.nanoseconds_per_tick / 1000.0;
  }
  // Microseconds from submission to completion as the CPU sees it.
  double submit_us(VkCommandBuffer commands) const {
    const std::uint64_t begin = now_ns();
    submit_and_wait(vulkan_, {&commands, 1}, fence_);
    return static_cast<double>(now_ns() - begin) / 1000.0;
  }

 private:
  void wait_for_all(VkCommandBuffer commands) const {
    constexpr VkAccessFlags everything = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
    const VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, everything, everything};
    vulkan_.vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1,
                                 &barrier, 0, nullptr, 0, nullptr);
  }
  const BareVulkan& vulkan_;
  VkFence fence_;
  VkQueryPool pool_ = VK_NULL_HANDLE;
};

struct Times {
  std::array<std::vector<double>, betweens.size()> between;
  std::vector<double> empty_submission;
  std::vector<double> barriers_submission;
};

Times measure_one(const BareVulkan& vulkan, const Clocked& clocked, geyser::SharedTexture& texture, unsigned count) {
  Times times;
  std::array<VkCommandBuffer, betweens.size()> commands{};
  for (std::size_t i = 0; i < betweens.size(); ++i) commands[i] = clocked.record(texture, betweens[i]);
  const VkCommandBuffer empty = vulkan.record([](VkCommandBuffer) {});
  const VkCommandBuffer barriers = vulkan.record([&](VkCommandBuffer buffer) {
    must(geyser::vulkan::record_acquire(texture, geyser::AccessMode::read, buffer));
    must(geyser::vulkan::record_release(texture, buffer));
  });
  geyser::AccessState state;
  for (unsigned round = 0; round < count; ++round) {
    for (std::size_t i = 0; i < betweens.size(); ++i) {
      // Without a signal fence it is done on return.
      state =
          must(geyser::vulkan::submit_recorded_access(texture, geyser::AccessMode::discard, state, {&commands[i], 1}));
      times.between[i].push_back(clocked.between_us());
    }
    times.empty_submission.push_back(clocked.submit_us(empty));
    times.barriers_submission.push_back(clocked.submit_us(barriers));
  }
  return times;
}

}  // namespace

Chapter measure_barriers(const Settings& settings) {
  return run_alone([&] {
    Chapter chapter;
    chapter.figures = Json::array();
    add_line(chapter.table,
             "barriers: GPU time in us between two timestamps with nothing, a plain barrier, and release and acquire "
             "between them, the least of many; and a submission of acquire and release beside an empty one, as the CPU "
             "sees it.");
    add_line(chapter.table, "%-22s %-11s %8s %8s %8s %10s %10s %6s", "texture", "size", "nothing", "plain", "geyser",
             "empty", "barriers", "ratio");
    geyser::vulkan::Options options;
    options.device.index = settings.device_index;
    const auto manager = must(geyser::vulkan::create_manager(options));
    const auto device = must(geyser::vulkan::native(*manager));
    const BareVulkan vulkan = BareVulkan::around(device.instance, device.physical_device, device.device, device.queue,
                                                 device.queue_family, device.get_instance_proc_addr);
    const Clocked clocked(vulkan);
    for (const Kind& kind : kinds) {
      double small = 0;  // what the barriers add, for the small image
      for (const Size& size : sizes) {
        geyser::TextureDescriptor descriptor;
        descriptor.extent = {size[0], size[1], 1};
        descriptor.format = kind.format;
        descriptor.usage = kind.usage;
        Json row{{"texture", kind.name}, {"width", size[0]}, {"height", size[1]}};
        const std::string extent = std::to_string(size[0]) + "x" + std::to_string(size[1]);
        auto texture = manager->create_texture(descriptor, geyser::HandleKind::opaque_fd);
        if (!texture) {
          row["why"] = texture.error().to_string();
          add_line(chapter.table, "%-22s %-11s not measured: %s", kind.name, extent.c_str(),
                   texture.error().to_string().c_str());
          chapter.figures.push_back(std::move(row));
          continue;
        }
        const Times times = measure_one(vulkan, clocked, **texture, 10 * settings.rounds);
        // The least of all: noise only ever adds.
        const double nothing = minimum(times.between[0]);
        const double plain_barrier = minimum(times.between[1]);
        const double geyser = minimum(times.between[2]);
        const double added = geyser - nothing;
        if (&size == &sizes.front()) small = added;
        const bool touches = added > small + least_difference_us && added > 1.5 * small;
        const double ratio = median(ratios(times.barriers_submission, times.empty_submission));
        add_line(chapter.table, "%-22s %-11s %8.2f %8.2f %8.2f %10.1f %10.1f %6.2f%s", kind.name, extent.c_str(),
                 nothing, plain_barrier, geyser, median(times.empty_submission), median(times.barriers_submission),
                 ratio, touches ? "  TOUCHES TEXELS" : "");
        row.update({{"nothing_us", nothing},
                    {"plain_us", plain_barrier},
                    {"geyser_us", geyser},
                    {"empty_submission_us", median(times.empty_submission)},
                    {"barriers_submission_us", median(times.barriers_submission)},
                    {"submission_ratio", ratio},
                    {"touches_texels", touches}});
        chapter.figures.push_back(std::move(row));
      }
    }
    return chapter;
  });
}

}  // namespace bench
