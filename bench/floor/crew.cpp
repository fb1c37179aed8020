#include "crew.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <span>

#include "clock.hpp"

namespace bench {

namespace {

bool write_all(int socket, std::span<const std::byte> bytes) {
  return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}
bool read_all(int socket, std::span<std::byte> bytes) {
  return ::recv(socket, bytes.data(), bytes.size(), MSG_WAITALL) == static_cast<ssize_t>(bytes.size());
}
std::array<int, 2> make_pair(int type) {
  std::array<int, 2> both{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, both.data()) != 0) throw std::runtime_error("no sockets");
  return both;
}
using SyncName = std::array<char, 32>;

}  // namespace

Crew::Crew(const Way& way, const Scene& scene, std::uint32_t most_frames)
    : way_(way),
      scene_(scene),
      most_frames_(most_frames),
      mail_(1),
      pages_(1),
      costs_(most_frames * (1 + scene.consumers)),
      times_(2) {
  std::vector<int> to_consumers;
  std::vector<int> to_producer;
  std::vector<int> theirs;
  for (std::size_t i = 0; i <= scene.consumers; ++i) {
    const auto control = make_pair(SOCK_STREAM);
    controls_.push_back(control[0]);
    theirs.push_back(control[1]);
    if (i == scene.consumers) break;
    const auto pair = make_pair(SOCK_SEQPACKET);
    to_consumers.push_back(pair[0]);
    to_producer.push_back(pair[1]);
  }
  // A process keeps its own ends alone, also of other crews', so that each sees when the other goes.
  const auto keep = [](std::span<const int> wanted) {
    constexpr int first_own = 3;
    const long most = ::sysconf(_SC_OPEN_MAX);
    for (int fd = first_own; fd < std::min(most, 4096L); ++fd) {
      if (std::find(wanted.begin(), wanted.end(), fd) == wanted.end()) ::close(fd);
    }
  };
  for (std::size_t i = 0; i < scene.consumers; ++i) {
    processes_.push_back(Process::start([&, i] {
      keep(std::array{to_producer[i], theirs[i]});
      return guard([&] {
        const auto consumer = way_.make_consumer({scene_, mail(), pages_[0], std::span(&to_producer[i], 1), i});
        return consume(*consumer, i, theirs[i]);
      });
    }));
  }
  processes_.push_back(Process::start([&] {
    auto wanted = to_consumers;
    wanted.push_back(theirs.back());
    keep(wanted);
    return guard([&] {
      const auto producer = way_.make_producer({scene_, mail(), pages_[0], to_consumers, 0});
      return produce(*producer, theirs.back());
    });
  }));
  for (const auto* all : {&to_consumers, &to_producer, &theirs}) {
    for (const int fd : *all) ::close(fd);
  }
}

Crew::~Crew() {
  for (const int control : controls_) ::close(control);
  // Nothing is lost that was measured; drivers take their time to close.
  for (Process& process : processes_) process.wait_until(now_ns() + 5'000'000'000);
}

template <typename Work>
bool Crew::guard(Work work) {
  const auto note = [&](const char* why, bool unavailable) {
    if (mail().failed.exchange(1) != 0) return;
    std::string(why).copy(mail().why.data(), mail().why.size() - 1);
    if (unavailable) mail().unavailable = 1;
  };
  try {
    return work();
  } catch (const Unavailable& reason) {
    note(reason.what(), true);
  } catch (const std::exception& error) {
    note(error.what(), false);
  }
  return false;
}

std::string Crew::why() const {
  const std::string text = mail().why.data();
  return text.empty() ? "a process ended before its time" : text;
}

bool Crew::produce(Producer& producer, int control) {
  producer.start();
  SyncName name{};
  producer.sync().copy(name.data(), name.size() - 1);
  if (!write_all(control, std::as_bytes(std::span(name)))) return false;
  std::uint32_t number = mail().base;
  Order order;
  while (read_all(control, std::as_writable_bytes(std::span(&order, 1)))) {
    times_[0] = now_ns();
    for (std::uint32_t i = 0; i < order.frames; ++i) {
      ++number;
      const std::uint64_t cpu = thread_cpu_ns();
      mail().sent_ns[number % remembered] = now_ns();
      producer.produce(number);
      costs_[i].cpu_ns = static_cast<std::uint32_t>(thread_cpu_ns() - cpu);
      if (order.window != 0) continue;
      for (std::size_t k = 0; k < scene_.consumers; ++k) mail().ends[k].finished.await(number);
    }
    for (std::size_t k = 0; k < scene_.consumers; ++k) mail().ends[k].finished.await(number);
    times_[1] = now_ns();
    if (!write_all(control, std::as_bytes(std::span(name)))) return false;
  }
  return true;
}

bool Crew::consume(Consumer& consumer, std::size_t index, int control) {
  consumer.start();
  SyncName name{};
  if (!write_all(control, std::as_bytes(std::span(name)))) return false;
  std::uint32_t number = mail().base;
  Order order;
  while (read_all(control, std::as_writable_bytes(std::span(&order, 1)))) {
    Cost* costs = &costs_[most_frames_ * (1 + index)];
    const std::uint32_t first = number + 1;
    std::uint32_t finished = number;
    const auto finish = [&] {
      const std::uint32_t stamp = consumer.finish(++finished);
      const std::uint64_t at_ns = now_ns();
      costs[finished - first].latency_ns = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(at_ns - mail().sent_ns[finished % remembered], UINT32_MAX));
      const std::uint32_t wanted = mail().stamps[finished % remembered];
      if (stamp != wanted) {
        throw std::runtime_error("frame " + std::to_string(finished) + " has [" + std::to_string(stamp) + "], not [" +
                                 std::to_string(wanted) + "]");
      }
      mail().ends[index].finished.set(finished);
    };
    for (std::uint32_t i = 0; i < order.frames; ++i) {
      const std::uint64_t cpu = thread_cpu_ns();
      consumer.take(++number);
      costs[i].cpu_ns = static_cast<std::uint32_t>(thread_cpu_ns() - cpu);
      while (number - finished >= std::max(order.window, 1U)) finish();
    }
    while (finished < number) finish();
    if (!write_all(control, std::as_bytes(std::span(name)))) return false;
  }
  return true;
}

bool Crew::answer_all() {
  bool good = true;
  for (const int control : controls_) {
    SyncName name{};
    good = good && read_all(control, std::as_writable_bytes(std::span(name)));
    if (good && control == controls_.back()) sync_ = name.data();
  }
  return good;
}

bool Crew::await_ready() { return answer_all(); }

bool Crew::run(const Order& order, Block& block) {
  for (const int control : controls_) {
    if (!write_all(control, std::as_bytes(std::span(&order, 1)))) return false;
  }
  if (!answer_all()) return false;
  for (std::uint32_t i = 0; i < order.frames; ++i) {
    block.producer_us.push_back(costs_[i].cpu_ns / 1000.0);
    for (std::size_t k = 1; k <= scene_.consumers; ++k) {
      const Cost& cost = costs_[most_frames_ * k + i];
      block.latencies_us.push_back(cost.latency_ns / 1000.0);
      block.consumer_us.push_back(cost.cpu_ns / 1000.0);
    }
  }
  block.seconds = static_cast<double>(times_[1] - times_[0]) / 1e9;
  return true;
}

}  // namespace bench
