#include "platform/posix/socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/text.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;

namespace {

constexpr int socket_type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;

tl::unexpected<GeyserError> failed(const char* call, int number) {
  const bool gone = number == EPIPE || number == ECONNRESET || number == ENOTCONN;
  return fail(posix_error(gone ? ErrorCode::abandoned : ErrorCode::operating_system,
                          gone ? std::string("The peer is gone.") : text(call, " failed."), number));
}

Result<void> wait_for(NativeHandle socket, short events, const Deadline& deadline) {
  for (;;) {
    pollfd entry{descriptor_of(socket), events, 0};
    const int count = ::poll(&entry, 1, deadline.remaining_milliseconds());
    if (count > 0) return {};
    const int number = errno;
    if (count == 0) return fail(ErrorCode::timeout, "The peer does not answer in time.");
    if (number != EINTR) return failed("poll", number);
  }
}

// After EAGAIN. Whoever does not wait knows by it all that there is to know.
Result<void> wait_again(NativeHandle socket, short events, const Deadline& deadline) {
  if (deadline.remaining().count() == 0) return fail(ErrorCode::timeout, "The peer does not answer in time.");
  return wait_for(socket, events, deadline);
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return fail(ErrorCode::invalid_argument, text("Socket path [", path, "] has [", path.size(),
                                                  "] bytes, outside [1] to [", sizeof(address.sun_path) - 1, "]."));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

// Aligned room for the control message.
struct Control {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_socket_handles)> bytes{};
};

// Owns every descriptor of a received message from the first moment.
std::size_t adopt_all(msghdr& header, std::array<OwnedHandle, max_socket_handles>& received) {
  std::size_t count = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < here && count < received.size(); ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      received[count++] = OwnedHandle::adopt(HandleKind::none, descriptor);
    }
  }
  return count;
}

}  // namespace

Result<std::pair<OwnedHandle, OwnedHandle>> socket_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, socket_type, 0, ends.data()) != 0) return failed("socketpair", errno);
  return std::pair(OwnedHandle::adopt(HandleKind::none, ends[0]), OwnedHandle::adopt(HandleKind::none, ends[1]));
}

Result<OwnedHandle> socket_listen(const std::string& path) {
  auto address = address_of(path);
  if (!address) return fail(std::move(address.error()));
  OwnedHandle socket = OwnedHandle::adopt(HandleKind::none, ::socket(AF_UNIX, socket_type, 0));
  if (!socket.has_value()) return failed("socket", errno);
  const int descriptor = descriptor_of(socket.get());
  // Before it has a name, so that nobody sees it with other rights; Linux takes the file's mode from here.
  if (::fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) return failed("fchmod", errno);
  if (::bind(descriptor, generic(*address), sizeof(*address)) != 0) {
    const int number = errno;
    if (number != EADDRINUSE) return failed("bind", number);
    return fail(posix_error(ErrorCode::busy, text("Socket path [", path, "] is in use."), number));
  }
  if (::listen(descriptor, 16) != 0) {
    const int number = errno;
    ::unlink(path.c_str());
    return failed("listen", number);
  }
  return socket;
}

Result<OwnedHandle> socket_accept(NativeHandle listener, const Deadline& deadline) {
  for (;;) {
    if (auto ready = wait_for(listener, POLLIN, deadline); !ready) return fail(std::move(ready.error()));
    const int descriptor = ::accept4(descriptor_of(listener), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) return OwnedHandle::adopt(HandleKind::none, descriptor);
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) return failed("accept4", errno);
  }
}

Result<OwnedHandle> socket_connect(const std::string& path, const Deadline& deadline) {
  auto address = address_of(path);
  if (!address) return fail(std::move(address.error()));
  OwnedHandle socket = OwnedHandle::adopt(HandleKind::none, ::socket(AF_UNIX, socket_type, 0));
  if (!socket.has_value()) return failed("socket", errno);
  for (;;) {
    if (::connect(descriptor_of(socket.get()), generic(*address), sizeof(*address)) == 0) return socket;
    const int number = errno;
    if (number == EINTR) continue;
    if (number != EAGAIN) {
      return fail(posix_error(ErrorCode::not_available,
                              number == EACCES ? text("The rights of [", path, "] keep this user out.")
                                               : text("Nobody listens at [", path, "]."),
                              number));
    }
    // The listener's queue is full, which poll() does not report.
    if (deadline.remaining().count() == 0)
      return fail(ErrorCode::timeout, text("[", path, "] does not accept in time."));
    ::poll(nullptr, 0, 5);
  }
}

void socket_unlink(const std::string& path) noexcept { ::unlink(path.c_str()); }

Result<void> socket_check(NativeHandle socket) {
  int type = 0;
  socklen_t size = sizeof(type);
  if (::getsockopt(descriptor_of(socket), SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
    return fail(ErrorCode::invalid_handle, text("Descriptor [", socket, "] is not a SOCK_SEQPACKET socket."));
  }
  return {};
}

Result<SocketPeer> socket_peer(NativeHandle socket) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(descriptor_of(socket), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return failed("getsockopt of the peer's credentials", errno);
  }
  const bool is_trusted = credentials.uid == own_user_id() || credentials.uid == 0;
  return SocketPeer{credentials.pid, credentials.uid, credentials.gid, is_trusted};
}

Result<void> socket_send(NativeHandle socket, std::span<const std::byte> bytes, std::span<const OwnedHandle> handles,
                         const Deadline& deadline) {
  if (bytes.empty() || handles.size() > max_socket_handles) {
    return fail(ErrorCode::invalid_argument,
                text("A message of [", bytes.size(), "] bytes with [", handles.size(), "] handles cannot be sent."));
  }
  Control control;
  // sendmsg() does not write through these pointers.
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!handles.empty()) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * handles.size());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * handles.size());
    for (std::size_t i = 0; i < handles.size(); ++i) {
      const int descriptor = descriptor_of(handles[i].get());
      std::memcpy(CMSG_DATA(rights) + i * sizeof(int), &descriptor, sizeof(int));
    }
  }
  for (;;) {
    if (::sendmsg(descriptor_of(socket), &header, MSG_NOSIGNAL) >= 0) return {};
    const int number = errno;
    if (number == EBADF && !handles.empty()) {
      return fail(posix_error(ErrorCode::invalid_handle, "A handle of the message is closed.", number));
    }
    if (number != EAGAIN && number != EINTR) return failed("sendmsg", number);
    if (number == EAGAIN) {
      if (auto ready = wait_again(socket, POLLOUT, deadline); !ready) return ready;
    }
  }
}

Result<std::size_t> socket_receive(NativeHandle socket, std::span<std::byte> buffer, std::vector<OwnedHandle>* handles,
                                   const Deadline& deadline) {
  Control control;
  for (;;) {
    iovec part{buffer.data(), buffer.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    const ssize_t size = ::recvmsg(descriptor_of(socket), &header, MSG_CMSG_CLOEXEC);
    if (size < 0) {
      const int number = errno;
      if (number == EAGAIN) {
        if (auto ready = wait_again(socket, POLLIN, deadline); !ready) return fail(std::move(ready.error()));
      } else if (number != EINTR) {
        return failed("recvmsg", number);
      }
      continue;
    }
    std::array<OwnedHandle, max_socket_handles> received;
    const std::size_t count = adopt_all(header, received);
    if ((header.msg_flags & MSG_CTRUNC) != 0) {
      return fail(ErrorCode::protocol, text("A message has more handles than the [", max_socket_handles,
                                            "] allowed, or this process has no free descriptors."));
    }
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      return fail(ErrorCode::protocol, text("A message is longer than the [", buffer.size(), "] bytes allowed."));
    }
    if (size == 0) return fail(ErrorCode::abandoned, "The peer is gone.");
    if (handles == nullptr && count != 0) {
      return fail(ErrorCode::protocol, text("A message has [", count, "] handles where none belongs."));
    }
    for (std::size_t i = 0; i < count; ++i) handles->push_back(std::move(received[i]));
    return static_cast<std::size_t>(size);
  }
}

}  // namespace geyser::platform
