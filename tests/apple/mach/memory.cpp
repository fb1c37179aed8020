// Memory entries: sealed memfds behind ports. One for reading only is the same memory, opened for reading.
#include <fcntl.h>
#include <mach/mach.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "ports.hpp"

using namespace geyser::mach_double;

namespace {

std::string path_of(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

// -1: the right of something else.
int entry_behind(mach_port_t name) {
  const int descriptor = object_behind(name);
  std::array<char, 64> target{};
  if (descriptor < 0 || ::readlink(path_of(descriptor).c_str(), target.data(), target.size() - 1) < 0) return -1;
  return std::string_view(target.data()).starts_with("/memfd:mach-memory-entry") ? descriptor : -1;
}

std::size_t size_of(int descriptor) {
  struct stat info {};
  return ::fstat(descriptor, &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
}

bool is_writable(int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDWR; }

}  // namespace

extern "C" {

kern_return_t mach_make_memory_entry_64(mach_port_t, memory_object_size_t* size, memory_object_offset_t,
                                        vm_prot_t permission, mach_port_t* entry, mach_port_t parent) {
  int descriptor = -1;
  if ((permission & MAP_MEM_NAMED_CREATE) != 0) {
    descriptor = ::memfd_create("mach-memory-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return KERN_RESOURCE_SHORTAGE;
    if (::ftruncate(descriptor, static_cast<off_t>(*size)) != 0 ||
        ::fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
      ::close(descriptor);
      return KERN_RESOURCE_SHORTAGE;
    }
  } else {
    const int whole = entry_behind(parent);
    if (whole < 0) return KERN_INVALID_ARGUMENT;
    if (*size > size_of(whole)) return KERN_INVALID_ARGUMENT;
    const bool write = (permission & VM_PROT_WRITE) != 0;
    if (write && !is_writable(whole)) return KERN_PROTECTION_FAILURE;
    descriptor = ::open(path_of(whole).c_str(), (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (descriptor < 0) return KERN_RESOURCE_SHORTAGE;
    *size = size_of(whole);
  }
  *entry = add_object(descriptor);
  return KERN_SUCCESS;
}

kern_return_t vm_map(mach_port_t, vm_address_t* address, vm_size_t size, vm_address_t, int, mach_port_t object,
                     vm_offset_t, boolean_t, vm_prot_t current, vm_prot_t maximum, vm_inherit_t) {
  const int descriptor = entry_behind(object);
  if (descriptor < 0) return KERN_INVALID_OBJECT;
  if (size > size_of(descriptor)) return KERN_INVALID_ARGUMENT;
  if (((current | maximum) & VM_PROT_WRITE) != 0 && !is_writable(descriptor)) return KERN_INVALID_RIGHT;
  const int protection = PROT_READ | ((current & VM_PROT_WRITE) != 0 ? PROT_WRITE : 0);
  void* mapped = ::mmap(nullptr, size, protection, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) return KERN_RESOURCE_SHORTAGE;
  *address = reinterpret_cast<vm_address_t>(mapped);
  return KERN_SUCCESS;
}

// Nothing here has a pager of its own.
kern_return_t vm_region_recurse_64(mach_port_t, vm_address_t* address, vm_size_t* size, natural_t*,
                                   vm_region_recurse_info_t, mach_msg_type_number_t*) {
  *size = ~vm_size_t{0} - *address;
  return KERN_SUCCESS;
}

}  // extern "C"
