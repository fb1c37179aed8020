// What a Publisher is made of; publisher.cpp has the frames, admission.cpp the subscribers.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <geyser/stream/publisher.hpp>

#include "stream/acceptor.hpp"
#include "stream/feed_note.hpp"
#include "stream/pool.hpp"

namespace geyser::stream {

struct Publisher::Impl : std::enable_shared_from_this<Publisher::Impl> {
  Impl(std::shared_ptr<TextureShareManager> its_manager, PublisherOptions its_options, NameClaim&& its_claim)
      : manager(std::move(its_manager)), options(std::move(its_options)), claim(std::move(its_claim)) {}
  ~Impl();

  [[nodiscard]] static Result<std::shared_ptr<Impl>> make(std::shared_ptr<TextureShareManager> manager,
                                                          const TextureDescriptor& descriptor, PublisherOptions options,
                                                          std::uint32_t ring_size);
  // The textures to draw into. Errors: those of negotiate() with itself, and of create_texture.
  [[nodiscard]] Result<void> make_ring(const TextureDescriptor& descriptor);
  [[nodiscard]] Result<void> make_ring(std::vector<std::unique_ptr<SharedTexture>>&& textures);
  void set_ring(std::shared_ptr<Pool> pool);
  [[nodiscard]] Result<void> start();

  // Subscribers.
  void service();
  void subscribe(const std::shared_ptr<Connection>& connection, wire::Subscribe&& request);
  void accept(const std::shared_ptr<Connection>& connection, wire::Accept&& accepted);
  void refuse_import(const std::shared_ptr<Connection>& connection, const wire::Refusal& refusal);
  // Finds or makes a pool for a subscriber and sends it; a subscriber that nothing suits is told and dropped.
  void admit(std::shared_ptr<Member> member);
  // As admit(), after `failed` was tried and failed because of `why`.
  void admit_below(std::shared_ptr<Member> member, const Agreement& failed, std::string_view why);
  void offer(std::shared_ptr<Member> member, Result<Agreement>&& agreement);
  [[nodiscard]] Result<std::shared_ptr<Pool>> find_pool(const Agreement& agreement);
  void refuse(const std::shared_ptr<Connection>& connection, const GeyserError& why);
  [[nodiscard]] std::shared_ptr<Member> find(const Connection& connection) const;
  // Takes a subscriber out of its pool; null when it is in none.
  std::shared_ptr<Member> leave(const Connection& connection);
  void drop(Connection& connection, const std::string& why);
  void expel_liars();
  void remove_idle_pools();
  void note_members();

  // Frames.
  // With back-pressure, the next frame needs room in every further pool. Gives one that has none; null: all have.
  [[nodiscard]] Pool* reserve_copies(std::uint64_t& lost);
  // Copies the newest frame into a further pool. Its subscribers miss it when no slot is free there.
  [[nodiscard]] Result<void> copy_to(Pool& to);
  [[nodiscard]] RingWriter::Policy ring_policy() const { return {options.back_pressure, options.lease_time}; }
  [[nodiscard]] Result<std::uint64_t> publish(Pool::Open&& open, const FrameInfo& info);

  std::shared_ptr<TextureShareManager> manager;
  PublisherOptions options;
  NameClaim claim;
  FeedInfo feed;
  std::unique_ptr<Acceptor> acceptor;
  // The first is what the caller draws into; the others are copies for those who cannot share it. A frame that is open
  // keeps its pool.
  std::vector<std::shared_ptr<Pool>> pools;
  std::uint64_t generations = 0;
  std::uint64_t frames = 0;
  FrameInfo newest;  // of the newest frame, and where it is in the first pool; number 0: that has none
  std::uint32_t newest_slot = 0;
  bool frame_is_open = false;
  std::shared_ptr<void> frame_holder;  // what an open frame owns: made with the ring, so that frames allocate nothing

  struct Listed {
    std::shared_ptr<Pool> pool;
    std::shared_ptr<Member> member;
  };
  mutable std::mutex info_mutex;  // of the two below, which any thread may read
  std::vector<Listed> listed;
  PublisherStatistics statistics;
};

}  // namespace geyser::stream
