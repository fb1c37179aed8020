// What tests ask of handles, where memory and channels are Mach rights.
#include <fcntl.h>
#include <mach/mach.h>

#include <array>

#include "platform/apple/handles.hpp"
#include "platform/poller.hpp"
#include "support/system.hpp"

namespace geyser::test {

std::size_t given_with_a_channel() { return 0; }

bool handles_are_numbered_apart() { return false; }

bool wait_readable(NativeHandle handle, std::chrono::milliseconds timeout) {
  auto poller = platform::Poller::create();
  if (!poller || !poller->add(handle, 1)) return false;
  std::array<std::uint64_t, 1> ready{};
  const auto count = poller->wait(ready, timeout);
  poller->remove(handle);
  return count && *count == 1;
}

OwnedHandle open_device(HandleKind kind) { return OwnedHandle::adopt(kind, ::open("/dev/null", O_RDWR | O_CLOEXEC)); }

bool is_open(NativeHandle handle) {
  const bool receives = (handle & platform::receive_right_bit) != 0;
  if (!receives && (handle & platform::send_right_bit) == 0) return ::fcntl(static_cast<int>(handle), F_GETFD) >= 0;
  const mach_port_right_t right = receives ? MACH_PORT_RIGHT_RECEIVE : MACH_PORT_RIGHT_SEND;
  return ::mach_port_mod_refs(mach_task_self(), static_cast<mach_port_name_t>(handle), right, 0) == KERN_SUCCESS;
}

// Rights are a task's own.
bool is_inherited(NativeHandle handle) {
  if ((handle & (platform::send_right_bit | platform::receive_right_bit)) != 0) return false;
  return (::fcntl(static_cast<int>(handle), F_GETFD) & FD_CLOEXEC) == 0;
}

std::string ways_to_write(NativeHandle memory, std::span<const std::byte> /*mapping*/) {
  std::string ways;
  const mach_port_t entry = platform::send_right_of(memory);
  vm_address_t address = 0;
  const vm_prot_t both = VM_PROT_READ | VM_PROT_WRITE;
  if (::vm_map(mach_task_self(), &address, 4096, 0, VM_FLAGS_ANYWHERE, entry, 0, FALSE, both, both, VM_INHERIT_NONE) ==
      KERN_SUCCESS) {
    ways += " vm_map";
  }
  memory_object_size_t size = 4096;
  mach_port_t again = MACH_PORT_NULL;
  if (::mach_make_memory_entry_64(mach_task_self(), &size, 0, both, &again, entry) == KERN_SUCCESS) {
    ways += " mach_make_memory_entry_64";
  }
  return ways;
}

}  // namespace geyser::test
