// Mach memory entries: a right to memory of a fixed size, which says by itself whether its holder may write. Nothing
// can shrink one, so nothing like a seal is needed.
#include "platform/shared_memory.hpp"

#include <mach/mach.h>

#include <limits>
#include <utility>

#include "common/text.hpp"
#include "platform/apple/error.hpp"
#include "platform/apple/handles.hpp"

namespace geyser::platform {

using detail::text;

namespace {

Result<OwnedHandle> create_entry(std::uint64_t size) {
  if (size == 0) return fail(ErrorCode::invalid_argument, "Shared memory of [0] bytes cannot be made.");
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
    return fail(ErrorCode::out_of_memory, text("Shared memory of [", size, "] bytes is larger than any."));
  }
  memory_object_size_t whole = (size + page_size() - 1) / page_size() * page_size();
  mach_port_t entry = MACH_PORT_NULL;
  const kern_return_t made = ::mach_make_memory_entry_64(
      mach_task_self(), &whole, 0, MAP_MEM_NAMED_CREATE | VM_PROT_READ | VM_PROT_WRITE, &entry, MACH_PORT_NULL);
  if (made != KERN_SUCCESS || whole < size) {
    const OwnedHandle closed = adopt_send_right(HandleKind::host_memory, entry);
    return fail(mach_error(ErrorCode::out_of_memory, text("Shared memory cannot have [", size, "] bytes."), made));
  }
  return adopt_send_right(HandleKind::host_memory, entry);
}

// Whether the pages are plain memory: a file's could vanish under the mapping when it is cut.
bool is_plain(vm_address_t address, std::uint64_t size) noexcept {
  vm_address_t start = address;
  vm_size_t length = 0;
  natural_t depth = 1;
  vm_region_submap_info_data_64_t info{};
  mach_msg_type_number_t count = VM_REGION_SUBMAP_INFO_COUNT_64;
  const kern_return_t found = ::vm_region_recurse_64(mach_task_self(), &start, &length, &depth,
                                                     reinterpret_cast<vm_region_recurse_info_t>(&info), &count);
  return found == KERN_SUCCESS && start <= address && start + length >= address + size && info.external_pager == 0;
}

Result<MappedMemory> map(NativeHandle handle, std::uint64_t size, vm_prot_t protection) {
  const mach_port_t entry = send_right_of(handle);
  if (entry == MACH_PORT_NULL) {
    return fail(ErrorCode::invalid_handle, text("Handle [", handle, "] is no right to memory."));
  }
  if (size == 0 || size > static_cast<std::uint64_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
    return fail(ErrorCode::incompatible_layout, text("A mapping of [", size, "] bytes cannot be made."));
  }
  vm_address_t address = 0;
  const kern_return_t mapped = ::vm_map(mach_task_self(), &address, size, 0, VM_FLAGS_ANYWHERE, entry, 0, FALSE,
                                        protection, protection, VM_INHERIT_NONE);
  if (mapped == KERN_SUCCESS) {
    MappedMemory memory = adopt_mapping(reinterpret_cast<void*>(address), static_cast<std::size_t>(size));
    if (is_plain(address, size)) return memory;
    return fail(ErrorCode::invalid_handle, text("The memory of port [", entry, "] is a file's."));
  }
  // The kernel's answer to an entry that is smaller, and to a port that is something else.
  const bool too_small = mapped == KERN_INVALID_ARGUMENT;
  const bool other = mapped == KERN_INVALID_OBJECT || mapped == KERN_INVALID_RIGHT || mapped == KERN_INVALID_NAME ||
                     mapped == KERN_PROTECTION_FAILURE;
  return fail(mach_error(too_small ? ErrorCode::incompatible_layout
                         : other   ? ErrorCode::invalid_handle
                                   : ErrorCode::out_of_memory,
                         text("[", size, "] bytes of the memory of port [", entry, "] cannot be mapped."), mapped));
}

}  // namespace

Result<OwnedHandle> create_shared_memory(std::uint64_t size) { return create_entry(size); }

Result<ReadOnlyMemory> create_read_only_shared_memory(std::uint64_t size) {
  auto whole = create_entry(size);
  if (!whole) return fail(std::move(whole.error()));
  auto memory = map(whole->get(), size, VM_PROT_READ | VM_PROT_WRITE);
  if (!memory) return fail(std::move(memory.error()));
  memory_object_size_t length = size;
  mach_port_t entry = MACH_PORT_NULL;
  const kern_return_t made =
      ::mach_make_memory_entry_64(mach_task_self(), &length, 0, VM_PROT_READ, &entry, send_right_of(whole->get()));
  if (made != KERN_SUCCESS || length < size) {
    const OwnedHandle closed = adopt_send_right(HandleKind::host_memory, entry);
    return fail(mach_error(ErrorCode::operating_system, "Memory cannot be given out for reading only.", made));
  }
  return ReadOnlyMemory{adopt_send_right(HandleKind::host_memory, entry), *std::move(memory)};
}

Result<MappedMemory> map_shared_memory(NativeHandle handle, std::uint64_t size) {
  return map(handle, size, VM_PROT_READ | VM_PROT_WRITE);
}

Result<MappedMemory> map_shared_memory_for_reading(NativeHandle handle, std::uint64_t size) {
  return map(handle, size, VM_PROT_READ);
}

// The kernel tells no entry's size; it refuses a mapping that is larger.
Result<std::uint64_t> kernel_size(NativeHandle handle) {
  return fail(ErrorCode::unsupported, text("Mach tells nobody the size of the memory of handle [", handle, "]."));
}

// A port's name is this task's own word for it, which says nothing to another one.
Result<KernelIdentity> kernel_identity(NativeHandle handle) {
  return fail(ErrorCode::unsupported, text("Mach has no name for the port of handle [", handle, "] but this task's."));
}

// A task has one name for each port that it may send to.
bool is_same_object(NativeHandle a, NativeHandle b) noexcept {
  const PortName first = send_right_of(a);
  return first != 0 && first == send_right_of(b);
}

// A memory entry has no offset.
Result<OwnedHandle> duplicate_with_own_offset(const OwnedHandle& handle) { return handle.duplicate(); }

}  // namespace geyser::platform
