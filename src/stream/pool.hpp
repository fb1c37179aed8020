// A ring with its textures: what subscribers of one way of sharing have in common.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <geyser/manager.hpp>
#include <geyser/wire.hpp>

#include "stream/acceptor.hpp"
#include "stream/ring_writer.hpp"

namespace geyser::stream {

// A subscriber of a pool.
struct Member {
  std::shared_ptr<Connection> connection;
  std::string name;
  Api api = Api::host;
  std::string device;
  Capabilities capabilities;
  NegotiationPolicy policy;  // what it forbids, and what has failed
  Agreement agreement;
  LeaseView::Limits limits;
  std::unique_ptr<LeaseView> view;
  std::shared_ptr<SharedFence> fence;  // that it signals when it has read; null: the CPU waits
  bool joined = false;                 // it has accepted the present ring
};

class Pool {
 public:
  // Textures made for `agreement`. Errors: those of create_texture, operating_system.
  [[nodiscard]] static Result<std::unique_ptr<Pool>> create(TextureShareManager& manager,
                                                            const TextureDescriptor& descriptor,
                                                            const Agreement& agreement, std::uint32_t ring_size,
                                                            std::uint64_t generation);
  // The caller's textures.
  [[nodiscard]] static Result<std::unique_ptr<Pool>> adopt(TextureShareManager& manager,
                                                           std::vector<std::unique_ptr<SharedTexture>>&& textures,
                                                           const Agreement& agreement, std::uint64_t generation);

  // Whether a subscriber with `agreement` can open these textures.
  [[nodiscard]] bool suits(const Agreement& agreement) const noexcept;
  // Whether it can wait for the fence of this pool.
  [[nodiscard]] bool shares_fence(const Member& member) const noexcept;
  // The message that lets a subscriber in; gives it a view of its leases.
  [[nodiscard]] Result<wire::Pool> admit(TextureShareManager& manager, Member& member, const FeedInfo& feed);

  // Opens a free slot for writing. Nothing: none is free.
  struct Open {
    std::uint32_t slot = 0;
    TextureAccess access;
  };
  [[nodiscard]] Result<std::optional<Open>> begin(const RingWriter::Policy& policy, bool revoke, AccessTiming timing,
                                                  std::uint64_t& lost);
  // Keeps a slot for the next begin(). False: none is free.
  [[nodiscard]] bool reserve(const RingWriter::Policy& policy, std::uint64_t& lost) noexcept;
  // Ends the access and announces the frame. Gives how many bytes that copied.
  [[nodiscard]] Result<std::uint64_t> publish(Open&& open, std::uint64_t number, const FrameInfo& info);
  void abandon(Open&& open);

  // Rings and writes to those who sleep; gives the number of system calls.
  std::uint32_t wake();
  // Who joins sees the newest frame.
  [[nodiscard]] Result<void> add(std::shared_ptr<Member> member);
  void remove(const Connection& connection);
  void refresh_views();

  [[nodiscard]] SharedTexture& texture(std::uint32_t slot) const { return *textures_[slot]; }
  [[nodiscard]] const AccessState& state(std::uint32_t slot) const { return states_[slot]; }
  void set_state(std::uint32_t slot, AccessState state) { states_[slot] = std::move(state); }
  [[nodiscard]] const Agreement& agreement() const noexcept { return agreement_; }
  [[nodiscard]] const std::vector<std::shared_ptr<Member>>& members() const noexcept { return members_; }
  [[nodiscard]] RingWriter& ring() noexcept { return ring_; }
  [[nodiscard]] const RingWriter::Views& views() const noexcept { return views_; }
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  [[nodiscard]] Result<void> complete(std::uint32_t slot, std::uint64_t number);
  Pool(Agreement agreement, RingWriter&& ring, std::uint64_t generation)
      : agreement_(std::move(agreement)), ring_(std::move(ring)), generation_(generation) {}
  [[nodiscard]] static Result<std::unique_ptr<Pool>> finish(TextureShareManager& manager,
                                                            std::vector<std::unique_ptr<SharedTexture>>&& textures,
                                                            const Agreement& agreement, std::uint64_t generation);

  Agreement agreement_;
  RingWriter ring_;
  std::uint64_t generation_;
  std::vector<std::unique_ptr<SharedTexture>> textures_;
  std::vector<AccessState> states_;
  std::shared_ptr<SharedFence> fence_;  // null: the publisher's CPU waits for each frame
  std::optional<std::uint32_t> reserved_;
  std::uint32_t newest_slot_ = 0;
  std::uint64_t newest_ = 0;  // 0: none yet
  std::vector<std::shared_ptr<Member>> members_;
  RingWriter::Views views_;
};

}  // namespace geyser::stream
