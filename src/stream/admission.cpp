// How subscribers come to a publisher and leave it. Everything here runs on the publisher's own thread.
#include <algorithm>
#include <utility>
#include <variant>

#include "common/text.hpp"
#include "stream/fault_point.hpp"
#include "stream/publisher_impl.hpp"
#include "stream/refusal.hpp"

namespace geyser::stream {

using detail::text;

namespace {

// A message fits into an idle socket at once; who leaves it no room is dropped.
constexpr std::chrono::nanoseconds no_wait{0};

// What both ends allow.
NegotiationPolicy meet(const NegotiationPolicy& a, const NegotiationPolicy& b) {
  NegotiationPolicy both;
  both.allow_dma_buf = a.allow_dma_buf && b.allow_dma_buf;
  both.allow_opaque = a.allow_opaque && b.allow_opaque;
  both.allow_io_surface = a.allow_io_surface && b.allow_io_surface;
  both.allow_gpu_copy = a.allow_gpu_copy && b.allow_gpu_copy;
  both.allow_host_linear = a.allow_host_linear && b.allow_host_linear;
  both.allow_host_copy = a.allow_host_copy && b.allow_host_copy;
  both.prefer_linear = b.prefer_linear;  // the subscriber's wish
  both.force_fence = a.force_fence != FenceKind::none ? a.force_fence : b.force_fence;
  both.refused_modifiers = a.refused_modifiers;
  both.refused_modifiers.insert(both.refused_modifiers.end(), b.refused_modifiers.begin(), b.refused_modifiers.end());
  return both;
}

}  // namespace

void Publisher::Impl::service() {
  if (!acceptor->has_news()) return;
  for (Incoming& incoming : acceptor->take()) {
    const auto& connection = incoming.connection;
    if (connection->dropped) continue;
    if (!incoming.message) {
      leave(*connection);
    } else if (auto* request = std::get_if<wire::Subscribe>(&*incoming.message)) {
      subscribe(connection, std::move(*request));
    } else if (auto* accepted = std::get_if<wire::Accept>(&*incoming.message)) {
      accept(connection, std::move(*accepted));
    } else if (const auto* refusal = std::get_if<wire::Refusal>(&*incoming.message)) {
      refuse_import(connection, *refusal);
    } else {
      drop(*connection, "It sends a message that no subscriber sends.");
    }
  }
  remove_idle_pools();
  note_members();
}

void Publisher::Impl::subscribe(const std::shared_ptr<Connection>& connection, wire::Subscribe&& request) {
  if (find(*connection) != nullptr) return drop(*connection, "It subscribes twice over one connection.");
  auto member = std::make_shared<Member>();
  member->connection = connection;
  member->name = std::move(request.hello.program);
  member->api = request.hello.capabilities.api;
  member->device = request.hello.capabilities.identity.device_name;
  member->capabilities = std::move(request.hello.capabilities);
  member->policy = meet(options.policy, request.policy);
  // Two slots are always the publisher's: the newest frame, and the one it draws.
  member->limits.max_leases = std::clamp(request.max_leases, 1U, std::max(1U, feed.ring_size - 2));
  member->limits.every_frame = request.every_frame;
  fault_point("publisher.subscribed");
  admit(std::move(member));
}

Result<std::shared_ptr<Pool>> Publisher::Impl::find_pool(const Agreement& agreement) {
  for (const auto& pool : pools) {
    if (pool->suits(agreement)) return pool;
  }
  auto made = Pool::create(*manager, feed.descriptor, agreement, feed.ring_size, ++generations);
  if (!made) return fail(std::move(made.error()));
  // Who comes late sees what the others see, also when the publisher pauses.
  if (newest.number != 0) {
    if (auto copied = copy_to(**made); !copied) return fail(std::move(copied.error()));
  }
  pools.push_back(*std::move(made));
  return pools.back();
}

void Publisher::Impl::admit(std::shared_ptr<Member> member) {
  auto agreement = negotiate(feed.descriptor, manager->capabilities(), member->capabilities, member->policy);
  offer(std::move(member), std::move(agreement));
}

void Publisher::Impl::admit_below(std::shared_ptr<Member> member, const Agreement& failed, std::string_view why) {
  auto agreement =
      renegotiate(feed.descriptor, manager->capabilities(), member->capabilities, member->policy, failed, why);
  offer(std::move(member), std::move(agreement));
}

void Publisher::Impl::offer(std::shared_ptr<Member> member, Result<Agreement>&& agreement) {
  const std::shared_ptr<Connection> connection = member->connection;
  if (!agreement) return refuse(connection, agreement.error());
  // Whoever cannot open what the publisher draws into gets copies, made by the publisher's GPU: that is said, and may
  // be forbidden.
  if (agreement->path == SharePath::zero_copy && !pools.front()->suits(*agreement)) {
    // Without a GPU the publisher leaves the copy to the subscriber.
    if (!member->policy.allow_gpu_copy || manager->capabilities().api == Api::host) {
      return admit_below(std::move(member), *agreement,
                         "Only copies by the publisher's GPU are left, which the policy forbids.");
    }
    agreement->path = SharePath::gpu_copy;
    const Agreement& ring = pools.front()->agreement();
    const bool viewed = agreement->mutable_format && ring.handle_kind == agreement->handle_kind;
    agreement->rungs.push_back({"publisher's ring", false,
                                text("It is of handles [", to_string(ring.handle_kind), "]",
                                     viewed ? " of images that cannot be viewed in other formats" : "",
                                     "; each frame is copied once by the publisher's GPU.")});
  }
  auto pool = find_pool(*agreement);
  // What this end cannot make is a rung that has failed, as one that the other end cannot open.
  if (!pool) return admit_below(std::move(member), *agreement, pool.error().to_string());
  member->agreement = *std::move(agreement);
  auto message = (*pool)->admit(*manager, *member, feed);
  if (!message) return refuse(connection, message.error());
  // In the ring's list before it knows of the ring: a lease that nobody looks at would keep nothing.
  if (auto added = (*pool)->add(std::move(member)); !added) return refuse(connection, added.error());
  fault_point("publisher.pool_ready");
  if (auto sent = connection->channel.send(wire::Message(*std::move(message)), no_wait); !sent) {
    drop(*connection, sent.error().to_string());
  }
  fault_point("publisher.pool_sent");
}

void Publisher::Impl::accept(const std::shared_ptr<Connection>& connection, wire::Accept&& accepted) {
  const std::shared_ptr<Member> member = find(*connection);
  if (member == nullptr) return drop(*connection, "It accepts what it was not offered.");
  if (!accepted.fences.empty()) return drop(*connection, "It gives fences that nobody has asked for.");
  if (member->fence != nullptr) member->view->set_fence(member->fence);
  fault_point("publisher.accept_received");
  member->joined = true;
}

void Publisher::Impl::refuse_import(const std::shared_ptr<Connection>& connection, const wire::Refusal& refusal) {
  const std::shared_ptr<Member> old = leave(*connection);
  if (old == nullptr) return drop(*connection, "It refuses what it was not offered.");
  auto member = std::make_shared<Member>();
  member->connection = connection;
  member->name = old->name;
  member->api = old->api;
  member->device = old->device;
  member->capabilities = old->capabilities;
  member->policy = old->policy;
  member->limits = old->limits;
  admit_below(std::move(member), old->agreement, refusal.message);
}

void Publisher::Impl::refuse(const std::shared_ptr<Connection>& connection, const GeyserError& why) {
  static_cast<void>(connection->channel.send(wire::Message(refusal_of(why)), no_wait));
  drop(*connection, why.to_string());
}

std::shared_ptr<Member> Publisher::Impl::find(const Connection& connection) const {
  for (const auto& pool : pools) {
    for (const auto& member : pool->members()) {
      if (member->connection.get() == &connection) return member;
    }
  }
  return nullptr;
}

std::shared_ptr<Member> Publisher::Impl::leave(const Connection& connection) {
  std::shared_ptr<Member> member = find(connection);
  if (member != nullptr) {
    for (const auto& pool : pools) pool->remove(connection);
  }
  return member;
}

void Publisher::Impl::drop(Connection& connection, const std::string& why) {
  leave(connection);
  acceptor->drop(connection);
  if (options.diagnostics) {
    options.diagnostics(GeyserError(
        ErrorCode::protocol, text("A subscriber of process [", connection.peer.process_id, "] is dropped: ", why)));
  }
}

// Asked only when the ring has run out: a subscriber that claims more slots than it may hold is no subscriber.
void Publisher::Impl::expel_liars() {
  std::vector<std::shared_ptr<Connection>> liars;
  for (const auto& pool : pools) {
    for (const auto& member : pool->members()) {
      if (member->view->breaks_limit(pool->ring().page(), pool->ring().slot_count())) {
        liars.push_back(member->connection);
      }
    }
  }
  for (const auto& connection : liars) drop(*connection, "It holds more frames than it may.");
  if (!liars.empty()) note_members();
}

void Publisher::Impl::remove_idle_pools() {
  const auto is_idle = [this](const auto& pool) { return pool != pools.front() && pool->members().empty(); };
  pools.erase(std::remove_if(pools.begin() + 1, pools.end(), is_idle), pools.end());
}

void Publisher::Impl::note_members() {
  const std::lock_guard lock(info_mutex);
  listed.clear();
  for (const auto& pool : pools) {
    for (const auto& member : pool->members()) {
      if (member->joined) listed.push_back({pool, member});
    }
  }
  statistics.subscribers = static_cast<std::uint32_t>(listed.size());
}

Result<void> Publisher::reconfigure(const TextureDescriptor& descriptor) {
  Impl& self = *impl_;
  const std::string step = text("changing feed [", self.feed.name, "]");
  if (auto good = validate(descriptor); !good) return fail(std::move(good.error()).during(step));
  self.service();
  const std::vector<std::shared_ptr<Pool>> old = self.pools;
  const FeedInfo before = self.feed;
  self.feed.descriptor = descriptor;
  if (auto made = self.make_ring(descriptor); !made) {
    self.feed = before;
    return fail(std::move(made.error()).during(step));
  }
  for (const auto& pool : old) {
    for (const auto& member : pool->members()) {
      auto next = std::make_shared<Member>();
      next->connection = member->connection;
      next->name = member->name;
      next->api = member->api;
      next->device = member->device;
      next->capabilities = member->capabilities;
      next->policy = member->policy;
      next->limits = member->limits;
      self.admit(std::move(next));
    }
    pool->ring().set_state(RingState::superseded);
    pool->wake();
  }
  self.note_members();
  return self.claim.update(self.feed);
}

}  // namespace geyser::stream
