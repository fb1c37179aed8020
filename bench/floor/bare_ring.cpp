// The ring as one would write it in Vulkan for just this program: no checks, no negotiation.
#include "bare_ring.hpp"

#include <unistd.h>

#include "work.hpp"

namespace bench {

ReceivedRing receive_ring(int socket, const Scene& scene) {
  ReceivedRing ring;
  const auto semaphores = receive_bytes(socket, std::as_writable_bytes(std::span(&ring.setup, 1)));
  if (ring.setup.timeline != 0) {
    ring.handed = semaphores.at(0);
    ring.taken = semaphores.at(1);
  }
  for (std::uint32_t i = 0; i < scene.depth; ++i) {
    std::byte token{};
    ring.images.push_back(receive_bytes(socket, {&token, 1}).at(0));
  }
  return ring;
}

namespace {

// by_cpu: no semaphores; each end waits for its own GPU before it tells the other.
enum class Lead { told, ahead, by_cpu };

class BareProducer final : public Producer {
 public:
  BareProducer(const Seat& seat, Lead lead)
      : seat_(seat),
        lead_(lead),
        vulkan_(BareVulkan::open(seat.scene.device_index)),
        work_(vulkan_, seat.scene, Role::producer) {
    if (lead == Lead::ahead && !vulkan_.timeline) throw Unavailable("the driver exports no timeline semaphores");
    if (lead == Lead::by_cpu) vulkan_.timeline = false;
    RingSetUp setup;
    setup.timeline = vulkan_.timeline ? 1 : 0;
    setup.uuid = vulkan_.uuid;
    std::vector<int> memory(seat.scene.depth, -1);
    for (int& fd : memory) {
      images_.push_back(
          make_image(vulkan_, seat.scene.width, seat.scene.height, Memory::exported, fd, 0, 0, format_of(seat.scene)));
      setup.size = images_.back().size;
      setup.memory_type = images_.back().memory_type;
    }
    int handed = -1;
    if (vulkan_.timeline) handed_ = make_timeline(vulkan_, Memory::exported, handed);
    release_all();
    for (const int socket : seat.sockets) {
      std::vector<int> semaphores;
      if (vulkan_.timeline) {
        int taken = -1;
        taken_.push_back(make_timeline(vulkan_, Memory::exported, taken));
        semaphores = {handed, taken};
      }
      send_bytes(socket, std::as_bytes(std::span(&setup, 1)), semaphores);
      if (vulkan_.timeline) ::close(semaphores.back());
      const std::byte token{};
      for (const int& fd : memory) send_bytes(socket, {&token, 1}, {&fd, 1});
    }
    for (const int fd : memory) ::close(fd);
    if (handed >= 0) ::close(handed);
    stages_.assign(taken_.size(), VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
    values_.assign(taken_.size(), 0);
  }

  void produce(std::uint32_t number) override {
    const std::uint32_t depth = seat_.scene.depth;
    const std::uint32_t before = number > depth ? number - depth : 0;  // who had the image last
    if (lead_ != Lead::ahead) {
      for (std::size_t i = 0; i < seat_.scene.consumers; ++i) seat_.mail.ends[i].taken.await(before);
    } else if (number > 4 * depth) {
      wait_for(vulkan_, handed_, number - 4 * depth);
    }
    const VkImage image = images_[(number - 1) % depth].image;
    const Work::Turn turn = work_.next(
        image, [&](VkCommandBuffer commands) { barrier(commands, image, VK_QUEUE_FAMILY_EXTERNAL, 0); },
        [&](VkCommandBuffer commands) { barrier(commands, image, 0, VK_QUEUE_FAMILY_EXTERNAL); });
    seat_.mail.stamps[number % remembered] = Work::stamp(turn);
    if (vulkan_.timeline) {
      submit(turn.commands, number, before);
    } else {
      submit_and_wait(vulkan_, {&turn.commands, 1}, turn.fence);
    }
    seat_.mail.handed.set(number);
  }

  std::string sync() const override { return vulkan_.timeline ? "timeline semaphores" : "CPU waits"; }

 private:
  void barrier(VkCommandBuffer commands, VkImage image, std::uint32_t from, std::uint32_t to) const {
    vulkan_.barrier(commands, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, from, to);
  }
  // All images into the layout that they stay in, and to the others.
  void release_all() const {
    const VkCommandBuffer commands = vulkan_.record([&](VkCommandBuffer buffer) {
      for (const BareImage& image : images_) {
        vulkan_.barrier(buffer, image.image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
                        VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
        barrier(buffer, image.image, 0, VK_QUEUE_FAMILY_EXTERNAL);
      }
    });
    submit_and_wait(vulkan_, {&commands, 1}, make_fence(vulkan_));
  }
  void submit(VkCommandBuffer commands, std::uint64_t signal, std::uint64_t wait) {
    const auto waits = static_cast<std::uint32_t>(wait == 0 ? 0 : taken_.size());
    values_.assign(taken_.size(), wait);
    const VkTimelineSemaphoreSubmitInfo values{
        VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO, nullptr, waits, values_.data(), 1, &signal};
    const VkSubmitInfo info{
        VK_STRUCTURE_TYPE_SUBMIT_INFO, &values, waits, taken_.data(), stages_.data(), 1, &commands, 1, &handed_};
    check(vulkan_.vkQueueSubmit(vulkan_.queue, 1, &info, VK_NULL_HANDLE), "vkQueueSubmit");
  }

  Seat seat_;
  Lead lead_;
  BareVulkan vulkan_;
  Work work_;
  std::vector<BareImage> images_;
  VkSemaphore handed_ = VK_NULL_HANDLE;
  std::vector<VkSemaphore> taken_;
  std::vector<VkPipelineStageFlags> stages_;
  std::vector<std::uint64_t> values_;
};

class BareConsumer final : public Consumer {
 public:
  BareConsumer(const Seat& seat, Lead lead)
      : seat_(seat),
        lead_(lead),
        vulkan_(BareVulkan::open(seat.scene.device_index)),
        work_(vulkan_, seat.scene, Role::consumer) {
    ReceivedRing ring = receive_ring(seat.sockets[0], seat.scene);
    for (int& fd : ring.images) {
      images_.push_back(make_image(vulkan_, seat.scene.width, seat.scene.height, Memory::imported, fd, ring.setup.size,
                                   ring.setup.memory_type, format_of(seat.scene)));
    }
    if (ring.setup.timeline == 0) return;
    handed_ = make_timeline(vulkan_, Memory::imported, ring.handed);
    taken_ = make_timeline(vulkan_, Memory::imported, ring.taken);
  }

  void take(std::uint32_t number) override {
    if (lead_ != Lead::ahead) seat_.mail.handed.await(number);
    const VkImage image = images_[(number - 1) % images_.size()].image;
    const Work::Turn turn = work_.next(
        image, [&](VkCommandBuffer commands) { barrier(commands, image, VK_QUEUE_FAMILY_EXTERNAL, 0); },
        [&](VkCommandBuffer commands) { barrier(commands, image, 0, VK_QUEUE_FAMILY_EXTERNAL); });
    turns_[number % remembered] = turn.at;
    if (handed_ != VK_NULL_HANDLE) {
      submit(turn.commands, number);
    } else {
      submit_and_wait(vulkan_, {&turn.commands, 1}, turn.fence);
    }
    seat_.mail.ends[seat_.index].taken.set(number);
  }

  std::uint32_t finish(std::uint32_t number) override {
    if (taken_ != VK_NULL_HANDLE) wait_for(vulkan_, taken_, number);
    return work_.read(turns_[number % remembered]);
  }

 private:
  void barrier(VkCommandBuffer commands, VkImage image, std::uint32_t from, std::uint32_t to) const {
    vulkan_.barrier(commands, image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, from, to);
  }
  void submit(VkCommandBuffer commands, std::uint64_t number) const {
    const VkTimelineSemaphoreSubmitInfo values{
        VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO, nullptr, 1, &number, 1, &number};
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    const VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO, &values, 1, &handed_, &stage, 1, &commands, 1, &taken_};
    check(vulkan_.vkQueueSubmit(vulkan_.queue, 1, &info, VK_NULL_HANDLE), "vkQueueSubmit");
  }

  Seat seat_;
  Lead lead_;
  BareVulkan vulkan_;
  Work work_;
  std::vector<BareImage> images_;
  VkSemaphore handed_ = VK_NULL_HANDLE;
  VkSemaphore taken_ = VK_NULL_HANDLE;
  std::array<std::uint32_t, remembered> turns_{};
};

std::unique_ptr<Producer> produce_told(const Seat& seat) { return std::make_unique<BareProducer>(seat, Lead::told); }
std::unique_ptr<Producer> produce_ahead(const Seat& seat) { return std::make_unique<BareProducer>(seat, Lead::ahead); }
std::unique_ptr<Producer> produce_by_cpu(const Seat& seat) {
  return std::make_unique<BareProducer>(seat, Lead::by_cpu);
}
std::unique_ptr<Consumer> consume_told(const Seat& seat) { return std::make_unique<BareConsumer>(seat, Lead::told); }
std::unique_ptr<Consumer> consume_ahead(const Seat& seat) { return std::make_unique<BareConsumer>(seat, Lead::ahead); }

}  // namespace

std::unique_ptr<Consumer> make_bare_cuda_consumer(const Seat& seat);

const Way bare_ahead{"bare, ahead", "vulkan", produce_ahead, consume_ahead};
const Way bare_by_cpu{"bare, CPU waits", "vulkan", produce_by_cpu, consume_told};
const Way bare_by_cpu_to_cuda{"bare, CPU waits", "cuda", produce_by_cpu, make_bare_cuda_consumer};
const Way bare{"bare", "vulkan", produce_told, consume_told};
const Way bare_to_cuda{"bare", "cuda", produce_told, make_bare_cuda_consumer};

}  // namespace bench
