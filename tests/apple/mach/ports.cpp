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
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

extern "C" int __real_close(int descriptor);  // NOLINT: the linker's name

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
    if (fd >= 0) __real_close(fd);  // no queue is lost by it, and a queue that asks of ports holds its own lock
  }
};

// A memory object has one for each of its protections.
struct Identity {
  dev_t device = 0;
  ino_t object = 0;
  int access = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
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
  Identity identity;
  bool is_object = false;
  std::vector<mach_port_t> watched;  // with a receive right: names whose death is told here
  std::unique_ptr<Service> service;
};

std::mutex mutex;
std::map<mach_port_t, Port> ports;
std::string app_group;  // empty: no sandbox
mach_port_t next_name = 0x103;

Identity identity_of(int descriptor) {
  struct stat info {};
  ::fstat(descriptor, &info);
  return {info.st_dev, info.st_ino, ::fcntl(descriptor, F_GETFL) & O_ACCMODE};
}

bool is_socket(int descriptor) {
  struct stat info {};
  return ::fstat(descriptor, &info) == 0 && S_ISSOCK(info.st_mode);
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
  const Identity identity = identity_of(descriptor);
  for (auto& [name, port] : ports) {
    if (port.identity != identity) continue;
    ++port.send_references;
    return name;
  }
  Port port;
  port.identity = identity;
  port.is_object = !is_socket(descriptor);
  port.send = std::move(taken);
  port.send_references = 1;
  return add(std::move(port));
}

// The name stays the one that this process' send rights have, if it has any.
mach_port_t adopt_receive(int receive_end, int send_end) {
  const mach_port_t name = adopt_send(send_end);
  Port* port = find(name);
  port->receive = Descriptor(receive_end);
  --port->send_references;
  return name;
}

void drop_if_empty(mach_port_t name) {
  const Port* port = find(name);
  if (port != nullptr && port->receive.fd < 0 && port->send_references == 0) ports.erase(name);
}

bool is_dead(int send_end) {
  if (!is_socket(send_end)) return false;
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
  if ((message->msgh_bits & MACH_MSGH_BITS_COMPLEX) == 0) count = 0;
  std::vector<int> rights;
  for (std::size_t i = 0; i < count; ++i) {
    const Port* port = find(descriptors[i].name);
    const bool copy = descriptors[i].disposition == MACH_MSG_TYPE_COPY_SEND;
    if (port == nullptr || (copy ? port->send_references == 0 : port->receive.fd < 0)) return MACH_SEND_INVALID_RIGHT;
    if (descriptors[i].disposition == MACH_MSG_TYPE_MOVE_RECEIVE) rights.push_back(port->receive.fd);
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
  if (::sendmsg(to->send.fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
    for (std::size_t i = 0; i < count; ++i) {
      if (descriptors[i].disposition != MACH_MSG_TYPE_MOVE_RECEIVE) continue;
      find(descriptors[i].name)->receive = Descriptor();
      drop_if_empty(descriptors[i].name);
    }
    return MACH_MSG_SUCCESS;
  }
  if (errno != EAGAIN) return MACH_SEND_INVALID_DEST;
  const int descriptor = to->send.fd;
  lock.unlock();
  pollfd entry{descriptor, POLLOUT, 0};
  if (timeout != 0 && ::poll(&entry, 1, static_cast<int>(timeout)) > 0) return send(message, size, 0);
  lock.lock();
  // mach_msg: "pseudo-receive": the message comes back with the rights in it.
  for (std::size_t i = 0; i < count; ++i) {
    if (descriptors[i].disposition == MACH_MSG_TYPE_MOVE_RECEIVE) continue;
    ++find(descriptors[i].name)->send_references;
    descriptors[i].disposition = MACH_MSG_TYPE_PORT_SEND;
  }
  return MACH_SEND_TIMED_OUT;
}

// "mach_port_request_notification": once, and with one more reference of the dead name. The kernel's trailer is zeros.
mach_msg_return_t tell_of_death(mach_msg_header_t* message, mach_port_t name) {
  Port* port = find(name);
  if (port == nullptr) return MACH_RCV_INVALID_NAME;
  for (auto at = port->watched.begin(); at != port->watched.end(); ++at) {
    Port* dead = find(*at);
    if (dead == nullptr || !is_dead(dead->send.fd)) continue;
    mach_dead_name_notification_t note{};
    note.not_header.msgh_size = offsetof(mach_dead_name_notification_t, trailer);
    note.not_header.msgh_id = MACH_NOTIFY_DEAD_NAME;
    note.not_port = *at;
    ++dead->send_references;
    port->watched.erase(at);
    std::memset(message, 0, sizeof(note) + sizeof(mach_msg_audit_trailer_t));
    std::memcpy(message, &note, sizeof(note));
    return MACH_MSG_SUCCESS;
  }
  return MACH_RCV_TIMED_OUT;
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
  if ((entries[0].revents & POLLIN) == 0) return tell_of_death(message, name);
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
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count && taken < rights.size(); ++i) {
    if (descriptors[i].disposition == MACH_MSG_TYPE_MOVE_RECEIVE && taken + 1 < rights.size()) {
      descriptors[i].name = adopt_receive(rights[taken], rights[taken + 1]);
      taken += 2;
    } else {
      descriptors[i].name = adopt_send(rights[taken++]);
      descriptors[i].disposition = MACH_MSG_TYPE_PORT_SEND;
      // "mach_msg": the name of a right whose port has died on the way.
      if (is_dead(find(descriptors[i].name)->send.fd)) {
        --find(descriptors[i].name)->send_references;
        drop_if_empty(descriptors[i].name);
        descriptors[i].name = MACH_PORT_DEAD;
      }
    }
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
  for (const auto& [name, port] : ports) {
    all.send_references += port.send_references;
    if (port.receive.fd >= 0) ++all.receive_rights;
  }
  return all;
}

mach_port_t add_object(int descriptor) {
  const std::scoped_lock lock(mutex);
  return adopt_send(descriptor);
}

int object_behind(mach_port_t name) {
  const std::scoped_lock lock(mutex);
  const Port* port = find(name);
  return port != nullptr && port->is_object && port->send_references != 0 ? port->send.fd : -1;
}

std::vector<Readiness> readiness_of(mach_port_t receive_right) {
  const std::scoped_lock lock(mutex);
  std::vector<Readiness> all;
  const Port* port = find(receive_right);
  if (port == nullptr || port->receive.fd < 0) return all;
  all.push_back({port->receive.fd, true});
  for (const mach_port_t watched : port->watched) {
    if (const Port* other = find(watched)) all.push_back({other->send.fd, false});
  }
  return all;
}

void sandbox(std::string group) {
  const std::scoped_lock lock(mutex);
  app_group = std::move(group);
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
    // A send right whose port is gone is a dead name, and no send right.
    if (port->send_references == 0 || is_dead(port->send.fd)) return KERN_INVALID_RIGHT;
    port->send_references = static_cast<std::size_t>(static_cast<long>(port->send_references) + delta);
  }
  drop_if_empty(name);
  return KERN_SUCCESS;
}

kern_return_t mach_port_deallocate(mach_port_t, mach_port_name_t name) {
  const std::scoped_lock lock(mutex);
  Port* port = find(name);
  if (port == nullptr) return KERN_INVALID_NAME;
  if (port->send_references == 0) return KERN_INVALID_RIGHT;
  --port->send_references;
  drop_if_empty(name);
  return KERN_SUCCESS;
}

kern_return_t mach_port_set_attributes(mach_port_t, mach_port_name_t, mach_port_flavor_t, mach_port_info_t,
                                       mach_msg_type_number_t) {
  return KERN_SUCCESS;  // a socket has room for more
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
    if (descriptors[i].disposition == MACH_MSG_TYPE_PORT_RECEIVE) {
      mach_port_mod_refs(mach_task_self(), descriptors[i].name, MACH_PORT_RIGHT_RECEIVE, -1);
    } else {
      mach_port_deallocate(mach_task_self(), descriptors[i].name);
    }
  }
}

kern_return_t bootstrap_check_in(mach_port_t, const char* name, mach_port_t* service) {
  {
    const std::scoped_lock lock(mutex);
    if (!app_group.empty() && !std::string_view(name).starts_with(app_group + ".")) return 1100;  // not privileged
  }
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

}  // extern "C"
