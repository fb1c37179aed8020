#include "pair.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <span>
#include <stdexcept>

#include "bare_image.hpp"

namespace bench {

namespace {

// Stream sockets: short reads and writes happen.
bool write_all(int socket, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

bool read_all(int socket, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

template <typename Work>
pid_t start(Work work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    ::_exit(work() ? 0 : 1);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
}

using SyncName = std::array<char, 32>;

// Runs what the parent asks for: each request is a count of frames, each answer as many round trips.
bool produce(Side& side, int control, std::uint32_t total) {
  SyncName name{};
  side.sync().copy(name.data(), name.size() - 1);
  if (!write_all(control, std::as_bytes(std::span(name)))) return false;
  std::vector<double> values;
  for (std::uint32_t frame = 1; frame <= total;) {
    std::uint32_t count = 0;
    if (!read_all(control, std::as_writable_bytes(std::span(&count, 1)))) return false;
    values.clear();
    values.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i, ++frame) {
      const auto begin = std::chrono::steady_clock::now();
      side.produce(frame);
      values.push_back(microseconds_since(begin));
    }
    if (!write_all(control, std::as_bytes(std::span(values)))) return false;
  }
  return true;
}

bool consume(Side& side, std::uint32_t total) {
  std::uint32_t wrong = 0;
  for (std::uint32_t frame = 1; frame <= total; ++frame) {
    if (side.consume(frame) != frame) ++wrong;
  }
  if (wrong != 0) std::fprintf(stderr, "%u frames had another number than the one written\n", wrong);
  return wrong == 0;
}

}  // namespace

Pair::Pair(MakeSide make, const Settings& settings, std::uint32_t frames) {
  std::array<int, 2> sockets{};
  std::array<int, 2> controls{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets.data()) != 0 ||
      ::socketpair(AF_UNIX, SOCK_STREAM, 0, controls.data()) != 0) {
    throw std::runtime_error("no sockets");
  }
  consumer_ = start([&] {
    ::close(sockets[0]);
    ::close(controls[0]);
    ::close(controls[1]);
    return consume(*make(settings, sockets[1], Role::consumer), frames);
  });
  producer_ = start([&] {
    ::close(sockets[1]);
    ::close(controls[0]);
    return produce(*make(settings, sockets[0], Role::producer), controls[1], frames);
  });
  ::close(sockets[0]);
  ::close(sockets[1]);
  ::close(controls[1]);
  control_ = controls[0];
}

Pair::~Pair() {
  if (control_ >= 0) ::close(control_);
}

std::string Pair::await_ready() const {
  SyncName name{};
  return read_all(control_, std::as_writable_bytes(std::span(name))) ? std::string(name.data()) : std::string();
}

std::vector<double> Pair::run(std::uint32_t frames) const {
  std::vector<double> values(frames);
  const bool good = write_all(control_, std::as_bytes(std::span(&frames, 1))) &&
                    read_all(control_, std::as_writable_bytes(std::span(values)));
  return good ? values : std::vector<double>();
}

bool Pair::finish() {
  ::close(control_);
  control_ = -1;
  int producer_status = 1;
  int consumer_status = 1;
  ::waitpid(producer_, &producer_status, 0);
  ::waitpid(consumer_, &consumer_status, 0);
  return producer_status == 0 && consumer_status == 0;
}

}  // namespace bench
