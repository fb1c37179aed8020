// What one does without sharing: the picture to a buffer (a PBO, in OpenGL's words), into shared memory, to a buffer,
// to the other picture. The shared memory is a ring, so that both processes work at once.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "bare_ring.hpp"
#include "work.hpp"

namespace bench {

namespace {

std::byte* map(int memory, std::size_t bytes) {
  void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory, 0);
  if (address == MAP_FAILED) throw std::runtime_error("no mapping");
  return static_cast<std::byte*>(address);
}

// A picture of the process's own, and a buffer of its size.
class Staged {
 public:
  Staged(const Scene& scene, Role role)
      : scene_(scene), role_(role), vulkan_(BareVulkan::open(scene.device_index)), work_(vulkan_, scene, role) {
    int none = -1;
    image_ = make_image(vulkan_, scene.width, scene.height, Memory::own, none, 0, 0, format_of(scene));
    whole_ = make_host_buffer(vulkan_, scene.bytes(), role == Role::producer);
    region_.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
    region_.imageExtent = {scene.width, scene.height, 1};
  }
  // Done on return.
  Work::Turn run() {
    const Work::Turn turn = work_.next(
        image_.image,
        [&](VkCommandBuffer commands) {
          barrier(commands, VK_IMAGE_LAYOUT_UNDEFINED);
          if (role_ == Role::producer) return;
          vulkan_.vkCmdCopyBufferToImage(commands, whole_.buffer, image_.image, VK_IMAGE_LAYOUT_GENERAL, 1, &region_);
          barrier(commands, VK_IMAGE_LAYOUT_GENERAL);
        },
        [&](VkCommandBuffer commands) {
          if (role_ == Role::consumer) return;
          barrier(commands, VK_IMAGE_LAYOUT_GENERAL);
          vulkan_.vkCmdCopyImageToBuffer(commands, image_.image, VK_IMAGE_LAYOUT_GENERAL, whole_.buffer, 1, &region_);
        });
    submit_and_wait(vulkan_, {&turn.commands, 1}, turn.fence);
    return turn;
  }
  std::byte* bytes() const { return reinterpret_cast<std::byte*>(whole_.words); }
  std::uint32_t read(std::uint32_t at) const { return work_.read(at); }

 private:
  void barrier(VkCommandBuffer commands, VkImageLayout from) const {
    vulkan_.barrier(commands, image_.image, from, VK_IMAGE_LAYOUT_GENERAL, VK_QUEUE_FAMILY_IGNORED,
                    VK_QUEUE_FAMILY_IGNORED);
  }
  Scene scene_;
  Role role_;
  BareVulkan vulkan_;
  Work work_;
  BareImage image_;
  HostBuffer whole_;
  VkBufferImageCopy region_{};
};

class StagingProducer final : public Producer {
 public:
  explicit StagingProducer(const Seat& seat) : seat_(seat), staged_(seat.scene, Role::producer) {
    const int memory = ::memfd_create("bench", MFD_CLOEXEC);
    const std::size_t bytes = seat.scene.bytes() * seat.scene.depth;
    if (::ftruncate(memory, static_cast<off_t>(bytes)) != 0) throw std::runtime_error("no shared memory");
    const std::byte token{};
    for (const int socket : seat.sockets) send_bytes(socket, {&token, 1}, {&memory, 1});
    shared_ = map(memory, bytes);
    ::close(memory);
  }
  void produce(std::uint32_t number) override {
    const std::uint32_t depth = seat_.scene.depth;
    const Work::Turn turn = staged_.run();
    if (number > depth) {
      for (std::size_t i = 0; i < seat_.scene.consumers; ++i) seat_.mail.ends[i].taken.await(number - depth);
    }
    std::memcpy(shared_ + (number - 1) % depth * seat_.scene.bytes(), staged_.bytes(), seat_.scene.bytes());
    seat_.mail.stamps[number % remembered] = Work::stamp(turn);
    seat_.mail.handed.set(number);
  }
  std::string sync() const override { return "CPU waits"; }

 private:
  Seat seat_;
  Staged staged_;
  std::byte* shared_ = nullptr;
};

class StagingConsumer final : public Consumer {
 public:
  explicit StagingConsumer(const Seat& seat) : seat_(seat), staged_(seat.scene, Role::consumer) {
    std::byte token{};
    const int memory = receive_bytes(seat.sockets[0], {&token, 1}).at(0);
    shared_ = map(memory, seat.scene.bytes() * seat.scene.depth);
    ::close(memory);
  }
  void take(std::uint32_t number) override {
    seat_.mail.handed.await(number);
    const std::size_t slot = (number - 1) % seat_.scene.depth;
    std::memcpy(staged_.bytes(), shared_ + slot * seat_.scene.bytes(), seat_.scene.bytes());
    seat_.mail.ends[seat_.index].taken.set(number);
    places_[number % remembered] = staged_.read(staged_.run().at);
  }
  std::uint32_t finish(std::uint32_t number) override { return places_[number % remembered]; }

 private:
  Seat seat_;
  Staged staged_;
  std::byte* shared_ = nullptr;
  std::array<std::uint32_t, remembered> places_{};  // stamps
};

std::unique_ptr<Producer> produce(const Seat& seat) { return std::make_unique<StagingProducer>(seat); }
std::unique_ptr<Consumer> consume(const Seat& seat) { return std::make_unique<StagingConsumer>(seat); }

}  // namespace

const Way staging{"staging copy", "vulkan", produce, consume};

}  // namespace bench
