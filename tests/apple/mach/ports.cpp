#include "ports.hpp"

#include <fcntl.h>
#include <mach/mach.h>
#include <mach/mach_error.h>
#include <mach/notify.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace geyser::mach_double {

namespace {

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  explicit Descriptor(int descriptor) : fd(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd, other.fd);
    return *this;
  }
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// Gives the port's send end to whoever connects to the service's name.
struct Service {
  Descriptor listener;
  std::thread thread;
  ~Service() {
    ::shutdown(listener.fd, SHUT_RDWR);
    if (thread.joinable()) thread.join();
  }
};

struct Port {
  Descriptor receive, send;
  std::size_t send_references = 0;
  ino_t identity = 0;
  std::vector<mach_port_t> watched;  // with a receive right: names whose death is told here
  std::unique_ptr<Service> service;
};

std::mutex mutex;
std::map<mach_port_t, Port> ports;
mach_port_t next_name = 0x103;
std::atomic<int> objects{0};

ino_t identity_of(int descriptor) {
  struct stat info {};
  ::fstat(descriptor, &info);
  return info.st_ino;
}

Port* find(mach_port_t name) {
  const auto found = ports.find(name);
  return found != ports.end() ? &found->second : nullptr;
}

mach_port_t add(Port port) {
  next_name += 0x100;
  ports.emplace(next_name, std::move(port));
  return next_name;
}

// All send rights of one port have one name.
mach_port_t adopt_send(int descriptor) {
  Descriptor taken(descriptor);
  const ino_t identity = identity_of(descriptor);
  for (auto& [name, port] : ports) {
    if (port.identity != identity) continue;
    ++port.send_references;
    return name;
  }
  Port port;
  port.identity = identity;
  port.send = std::move(taken);
  port.send_references = 1;
  return add(std::move(port));
}

void drop_if_empty(mach_port_t name) {
  const Port* port = find(name);
  if (port != nullptr && port->receive.fd < 0 && port->send_references == 0) ports.erase(name);
}

bool is_dead(int send_end) {
  pollfd entry{send_end, 0, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

mach_msg_port_descriptor_t* descriptors_of(mach_msg_header_t* message, std::size_t& count) {
  auto* base = reinterpret_cast<std::byte*>(message);
  mach_msg_body_t body{};
  std::memcpy(&body, base + sizeof(*message), sizeof(body));
  count = body.msgh_descriptor_count;
  return reinterpret_cast<mach_msg_port_descriptor_t*>(base + sizeof(*message) + sizeof(body));
}

struct Control {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 64) + CMSG_SPACE(sizeof(ucred))> bytes{};
};

mach_msg_return_t send(mach_msg_header_t* message, mach_msg_size_t size, mach_msg_timeout_t timeout) {
  std::unique_lock lock(mutex);
  const Port* to = find(message->msgh_remote_port);
  if (to == nullptr || to->send_references == 0) return MACH_SEND_INVALID_DEST;
  std::size_t count = 0;
  auto* descriptors = descriptors_of(message, count);
  std::vector<int> rights;
  for (std::size_t i = 0; i < count; ++i) {
    const Port* port = find(descriptors[i].name);
    const bool make = descriptors[i].disposition == MACH_MSG_TYPE_MAKE_SEND;
    if (port == nullptr || (make ? port->receive.fd < 0 : port->send_references == 0)) return MACH_SEND_INVALID_RIGHT;
    rights.push_back(port->send.fd);
  }
  Control control;
  iovec part{message, size};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!rights.empty()) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * rights.size());
    cmsghdr* given = CMSG_FIRSTHDR(&header);
    given->cmsg_level = SOL_SOCKET;
    given->cmsg_type = SCM_RIGHTS;
    given->cmsg_len = CMSG_LEN(sizeof(int) * rights.size());
    std::memcpy(CMSG_DATA(given), rights.data(), sizeof(int) * rights.size());
  }
  if (::sendmsg(to->send.fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return MACH_MSG_SUCCESS;
  if (errno != EAGAIN) return MACH_SEND_INVALID_DEST;
  const int descriptor = to->send.fd;
  lock.unlock();
  pollfd entry{descriptor, POLLOUT, 0};
  if (timeout != 0 && ::poll(&entry, 1, static_cast<int>(timeout)) > 0) return send(message, size, 0);
  lock.lock();
  // mach_msg: "pseudo-receive": the message comes back with the rights in it.
  for (std::size_t i = 0; i < count; ++i) {
    ++find(descriptors[i].name)->send_references;
    descriptors[i].disposition = MACH_MSG_TYPE_PORT_SEND;
  }
  return MACH_SEND_TIMED_OUT;
}

mach_msg_return_t receive(mach_msg_header_t* message, mach_msg_size_t limit, mach_port_t name,
                          mach_msg_timeout_t timeout) {
  std::vector<pollfd> entries;
  {
    const std::scoped_lock lock(mutex);
    const Port* port = find(name);
    if (port == nullptr || port->receive.fd < 0) return MACH_RCV_INVALID_NAME;
    entries.push_back({port->receive.fd, POLLIN, 0});
    for (const mach_port_t watched : port->watched) {
      if (const Port* other = find(watched)) entries.push_back({other->send.fd, 0, 0});
    }
  }
  if (::poll(entries.data(), entries.size(), static_cast<int>(timeout)) <= 0) return MACH_RCV_TIMED_OUT;
  const std::scoped_lock lock(mutex);
  if ((entries[0].revents & POLLIN) == 0) {
    *message = {};
    message->msgh_size = sizeof(*message);
    message->msgh_id = MACH_NOTIFY_DEAD_NAME;
    return MACH_MSG_SUCCESS;
  }
  Control control;
  std::vector<std::byte> room(1 << 20);
  iovec part{room.data(), room.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  const ssize_t size = ::recvmsg(entries[0].fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) return MACH_RCV_TIMED_OUT;
  ucred sender{};
  std::vector<int> rights;
  for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
    if (one->cmsg_type == SCM_CREDENTIALS) std::memcpy(&sender, CMSG_DATA(one), sizeof(sender));
    if (one->cmsg_type != SCM_RIGHTS) continue;
    rights.resize((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(rights.data(), CMSG_DATA(one), rights.size() * sizeof(int));
  }
  if (static_cast<std::size_t>(size) + sizeof(mach_msg_audit_trailer_t) > limit) {
    for (const int right : rights) ::close(right);
    return MACH_RCV_TOO_LARGE;
  }
  std::memcpy(message, room.data(), static_cast<std::size_t>(size));
  message->msgh_size = static_cast<mach_msg_size_t>(size);
  std::size_t count = 0;
  auto* descriptors = descriptors_of(message, count);
  for (std::size_t i = 0; i < rights.size(); ++i) {
    descriptors[i].name = adopt_send(rights[i]);
    descriptors[i].disposition = MACH_MSG_TYPE_PORT_SEND;
  }
  mach_msg_audit_trailer_t trailer{};
  trailer.msgh_trailer_size = sizeof(trailer);
  trailer.msgh_audit.val[1] = sender.uid;
  trailer.msgh_audit.val[2] = sender.gid;
  trailer.msgh_audit.val[5] = static_cast<unsigned>(sender.pid);
  std::memcpy(reinterpret_cast<std::byte*>(message) + (static_cast<std::size_t>(size) + 3) / 4 * 4, &trailer,
              sizeof(trailer));
  return MACH_MSG_SUCCESS;
}

// The name in the abstract namespace: gone with whoever has it.
socklen_t address_of(const char* name, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  const std::string whole = "geyser-mach-double-" + std::to_string(::getuid()) + "-" + std::string(name);
  std::memcpy(address.sun_path + 1, whole.data(), whole.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + whole.size());
}

void give(int connection, int send_end) {
  Control control;
  char byte = 'p';
  iovec part{&byte, 1};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = CMSG_SPACE(sizeof(int));
  cmsghdr* given = CMSG_FIRSTHDR(&header);
  given->cmsg_level = SOL_SOCKET;
  given->cmsg_type = SCM_RIGHTS;
  given->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(given), &send_end, sizeof(int));
  ::sendmsg(connection, &header, MSG_NOSIGNAL);
}

}  // namespace

Held held() {
  const std::scoped_lock lock(mutex);
  Held all;
  all.names = ports.size();
  all.objects = objects;
  for (const auto& [name, port] : ports) {
    all.send_references += port.send_references;
    if (port.receive.fd >= 0) ++all.receive_rights;
  }
  return all;
}

}  // namespace geyser::mach_double

using namespace geyser::mach_double;

extern "C" {

mach_port_t bootstrap_port = 7;
mach_port_t mach_task_self(void) { return 3; }

kern_return_t mach_port_allocate(mach_port_t, mach_port_right_t, mach_port_name_t* name) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return KERN_RESOURCE_SHORTAGE;
  const int on = 1;
  ::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
  const std::scoped_lock lock(mutex);
  Port port;
  port.receive = Descriptor(ends[0]);
  port.send = Descriptor(ends[1]);
  port.identity = identity_of(ends[1]);
  *name = add(std::move(port));
  return KERN_SUCCESS;
}

kern_return_t mach_port_mod_refs(mach_port_t, mach_port_name_t name, mach_port_right_t right, mach_port_delta_t delta) {
  std::unique_ptr<Service> ended;  // joined without the lock
  const std::scoped_lock lock(mutex);
  Port* port = find(name);
  if (port == nullptr) return KERN_INVALID_NAME;
  if (right == MACH_PORT_RIGHT_RECEIVE) {
    if (port->receive.fd < 0 || delta != -1) return KERN_INVALID_RIGHT;
    port->receive = Descriptor();
    ended = std::move(port->service);
  } else {
    if (port->send_references == 0) return KERN_INVALID_RIGHT;
    port->send_references = static_cast<std::size_t>(static_cast<long>(port->send_references) + delta);
  }
  drop_if_empty(name);
  return KERN_SUCCESS;
}

kern_return_t mach_port_insert_right(mach_port_t, mach_port_name_t name, mach_port_t, mach_msg_type_name_t) {
  const std::scoped_lock lock(mutex);
  Port* port = find(name);
  if (port == nullptr || port->receive.fd < 0) return KERN_INVALID_RIGHT;
  ++port->send_references;
  return KERN_SUCCESS;
}

kern_return_t mach_port_request_notification(mach_port_t, mach_port_name_t name, mach_msg_id_t, natural_t,
                                             mach_port_t notify, mach_msg_type_name_t, mach_port_t* previous) {
  const std::scoped_lock lock(mutex);
  const Port* port = find(name);
  Port* own = find(notify);
  if (port == nullptr || own == nullptr) return KERN_INVALID_NAME;
  if (is_dead(port->send.fd)) return KERN_INVALID_RIGHT;
  own->watched.push_back(name);
  *previous = MACH_PORT_NULL;
  return KERN_SUCCESS;
}

mach_msg_return_t mach_msg(mach_msg_header_t* message, mach_msg_option_t option, mach_msg_size_t send_size,
                           mach_msg_size_t limit, mach_port_name_t name, mach_msg_timeout_t timeout, mach_port_name_t) {
  return (option & MACH_SEND_MSG) != 0 ? send(message, send_size, timeout) : receive(message, limit, name, timeout);
}

void mach_msg_destroy(mach_msg_header_t* message) {
  if ((message->msgh_bits & MACH_MSGH_BITS_COMPLEX) == 0) return;
  std::size_t count = 0;
  auto* descriptors = descriptors_of(message, count);
  for (std::size_t i = 0; i < count && i < 64; ++i) {
    mach_port_mod_refs(mach_task_self(), descriptors[i].name, MACH_PORT_RIGHT_SEND, -1);
  }
}

kern_return_t bootstrap_check_in(mach_port_t, const char* name, mach_port_t* service) {
  sockaddr_un address{};
  const socklen_t length = address_of(name, address);
  Descriptor listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (::bind(listener.fd, reinterpret_cast<const sockaddr*>(&address), length) != 0) return 1101;
  ::listen(listener.fd, 16);
  const kern_return_t made = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, service);
  if (made != KERN_SUCCESS) return made;
  const std::scoped_lock lock(mutex);
  Port* port = find(*service);
  port->service = std::make_unique<Service>();
  port->service->listener = std::move(listener);
  port->service->thread = std::thread([descriptor = port->service->listener.fd, send_end = port->send.fd] {
    for (;;) {
      const Descriptor connection(::accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC));
      if (connection.fd < 0) return;
      give(connection.fd, send_end);
    }
  });
  return KERN_SUCCESS;
}

kern_return_t bootstrap_look_up(mach_port_t, const char* name, mach_port_t* service) {
  sockaddr_un address{};
  const socklen_t length = address_of(name, address);
  const Descriptor connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), length) != 0) return 1102;
  Control control;
  char byte = 0;
  iovec part{&byte, 1};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  if (::recvmsg(connection.fd, &header, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&header) == nullptr) return 1102;
  int right = -1;
  std::memcpy(&right, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
  const std::scoped_lock lock(mutex);
  *service = adopt_send(right);
  return KERN_SUCCESS;
}

pid_t audit_token_to_pid(audit_token_t token) { return static_cast<pid_t>(token.val[5]); }
uid_t audit_token_to_euid(audit_token_t token) { return token.val[1]; }
gid_t audit_token_to_egid(audit_token_t token) { return token.val[2]; }

char* mach_error_string(int error) {
  thread_local std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "(os/kern) %d", error);
  return text.data();
}

void* objc_retain(void* object) {
  ++objects;
  return object;
}
void objc_release(void*) { --objects; }

}  // extern "C"
