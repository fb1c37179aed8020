// The same hand-off through Geyser's public interface.
#include <stdexcept>
#include <variant>

#include <geyser/channel.hpp>
#include <geyser/vulkan.hpp>

#include "bare_image.hpp"
#include "method.hpp"

namespace bench {

namespace {

constexpr std::chrono::seconds patience{20};

template <typename T>
T must(geyser::Result<T>&& result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return static_cast<T>(*std::move(result));
}
template <>
void must<void>(geyser::Result<void>&& result) {
  if (!result) throw std::runtime_error(result.error().to_string());
}

// Acquire and release in the caller's command buffer, or submitted by Geyser around it.
enum class Barriers { recorded, submitted };

class WithGeyser final : public Side {
 public:
  WithGeyser(const Settings& settings, int socket, Role role, Barriers barriers)
      : barriers_(barriers), channel_(must(geyser::Channel::adopt(socket))), manager_(make_manager(settings)) {
    const bool producer = role == Role::producer;
    const auto device = must(geyser::vulkan::native(*manager_));
    vulkan_ = BareVulkan::around(device.instance, device.physical_device, device.device, device.queue,
                                 device.queue_family, device.get_instance_proc_addr);
    if (producer) {
      offer(settings);
    } else {
      accept();
    }
    buffer_ = make_host_buffer(vulkan_, 4);
    const VkImage image = must(geyser::vulkan::native(*texture_)).image;
    commands_ = vulkan_.record([&](VkCommandBuffer commands) {
      const auto mode = producer ? geyser::AccessMode::write : geyser::AccessMode::read;
      if (barriers_ == Barriers::recorded) must(geyser::vulkan::record_acquire(*texture_, mode, commands));
      if (producer) {
        record_write(vulkan_, commands, image, settings.width, settings.height, buffer_.buffer);
      } else {
        record_read(vulkan_, commands, image, settings.width, settings.height, buffer_.buffer);
      }
      if (barriers_ == Barriers::recorded) must(geyser::vulkan::record_release(*texture_, commands));
    });
  }

  void produce(std::uint32_t frame) override {
    *buffer_.words = frame;
    state_ = submit(geyser::AccessMode::write);
    must(channel_.send(geyser::wire::to_frame(state_, 0, frame), patience));
    state_ = must(geyser::wire::to_access_state(must(channel_.receive_frame(patience)), fences_));
    for (const geyser::SyncPoint& point : state_.readers) must(point.fence->wait(point.value));
  }

  std::uint32_t consume(std::uint32_t frame) override {
    state_ = must(geyser::wire::to_access_state(must(channel_.receive_frame(patience)), fences_));
    state_ = submit(geyser::AccessMode::read);
    must(channel_.send(geyser::wire::to_frame(state_, 0, frame), patience));
    for (const geyser::SyncPoint& point : state_.readers) must(point.fence->wait(point.value));
    return *buffer_.words;
  }

  std::string sync() const override { return std::string(to_string(kind_)); }

 private:
  geyser::AccessState submit(geyser::AccessMode mode) {
    return must(barriers_ == Barriers::recorded
                    ? geyser::vulkan::submit_recorded_access(*texture_, mode, state_, {&commands_, 1})
                    : geyser::vulkan::submit_access(*texture_, mode, state_, {&commands_, 1}));
  }

  static std::unique_ptr<geyser::TextureShareManager> make_manager(const Settings& settings) {
    geyser::vulkan::Options options;
    options.device.index = settings.device_index;
    return must(geyser::vulkan::create_manager(options));
  }

  void offer(const Settings& settings) {
    geyser::TextureDescriptor descriptor;
    descriptor.extent = {settings.width, settings.height, 1};
    auto agreement = must(geyser::negotiate(descriptor, manager_->capabilities(), manager_->capabilities()));
    // The producer keeps the CPU from waiting where the floor does not either.
    kind_ = agreement.fence_kind;
    if (agreement.path != geyser::SharePath::zero_copy) throw std::runtime_error("not zero-copy");
    texture_ = must(manager_->create_texture(descriptor, agreement));
    geyser::wire::Offer message{agreement, {}, {}};
    message.textures.push_back(must(manager_->export_texture(*texture_)));
    for (int i = 0; i < 2; ++i) {
      fences_.push_back(must(manager_->create_fence(agreement.fence_kind)));
      message.fences.push_back(must(fences_.back()->export_handle()));
    }
    must(channel_.send(geyser::wire::Message(std::move(message)), patience));
    must(texture_->set_signal_fence(fences_[0]));
  }

  void accept() {
    auto message = must(channel_.receive_message(patience));
    auto& offered = std::get<geyser::wire::Offer>(message);
    kind_ = offered.agreement.fence_kind;
    texture_ = must(manager_->import_shared_texture(std::move(offered.textures.at(0))));
    for (auto& fence : offered.fences) fences_.push_back(must(manager_->import_fence(std::move(fence))));
    must(texture_->set_signal_fence(fences_.at(1)));
  }

  Barriers barriers_;
  geyser::Channel channel_;
  std::unique_ptr<geyser::TextureShareManager> manager_;
  BareVulkan vulkan_;
  geyser::FenceKind kind_ = geyser::FenceKind::none;
  std::vector<std::shared_ptr<geyser::SharedFence>> fences_;
  std::unique_ptr<geyser::SharedTexture> texture_;
  geyser::AccessState state_;
  HostBuffer buffer_;
  VkCommandBuffer commands_ = VK_NULL_HANDLE;
};

}  // namespace

std::unique_ptr<Side> make_geyser(const Settings& settings, int socket, Role role) {
  return std::make_unique<WithGeyser>(settings, socket, role, Barriers::recorded);
}

std::unique_ptr<Side> make_geyser_submitted(const Settings& settings, int socket, Role role) {
  return std::make_unique<WithGeyser>(settings, socket, role, Barriers::submitted);
}

}  // namespace bench
