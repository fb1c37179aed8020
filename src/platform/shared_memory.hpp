// Memory that several processes map: a sealed memfd on Linux, a section on Windows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

class GEYSER_API MappedMemory {
 public:
  MappedMemory() noexcept = default;
  MappedMemory(MappedMemory&& other) noexcept;
  MappedMemory& operator=(MappedMemory&& other) noexcept;
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;
  ~MappedMemory();

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  friend MappedMemory adopt_mapping(void* address, std::size_t size) noexcept;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Takes over what the system has mapped. Only for this directory.
[[nodiscard]] MappedMemory adopt_mapping(void* address, std::size_t size) noexcept;

// New zeroed memory that can neither shrink nor grow (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL).
// Errors: operating_system, out_of_memory.
[[nodiscard]] GEYSER_API Result<OwnedHandle> create_shared_memory(std::uint64_t size);

// Maps the first `size` bytes, readable and writable. Trusts nothing about `handle`: it must be shared memory whose
// real size is at least `size` and which cannot shrink under the mapping.
// Errors: invalid_handle (closed, another kind of object, not sealed), incompatible_layout (too small; both sizes).
[[nodiscard]] GEYSER_API Result<MappedMemory> map_shared_memory(NativeHandle handle, std::uint64_t size);

// As above, readable only.
[[nodiscard]] GEYSER_API Result<MappedMemory> map_shared_memory_for_reading(NativeHandle handle, std::uint64_t size);

// New zeroed memory that only this mapping can write: whoever gets the handle can read it and no more (on Linux
// F_SEAL_FUTURE_WRITE), also by opening it again. Errors: operating_system, out_of_memory.
struct ReadOnlyMemory {
  OwnedHandle handle;
  MappedMemory memory;
};
[[nodiscard]] GEYSER_API Result<ReadOnlyMemory> create_read_only_shared_memory(std::uint64_t size);

// The kernel's own size of a memory object (memfd or dma-buf). Errors: invalid_handle, unsupported (Apple's systems
// tell none).
[[nodiscard]] GEYSER_API Result<std::uint64_t> kernel_size(NativeHandle handle);

// Two handles to the same kernel object compare equal (device and inode on POSIX).
struct KernelIdentity {
  std::uint64_t device = 0, object = 0;
  friend bool operator==(const KernelIdentity&, const KernelIdentity&) = default;
};
// Errors: invalid_handle, unsupported (Windows and Apple's systems have no such name).
[[nodiscard]] GEYSER_API Result<KernelIdentity> kernel_identity(NativeHandle handle);

// Whether two handles of this process are of one kernel object.
[[nodiscard]] GEYSER_API bool is_same_object(NativeHandle a, NativeHandle b) noexcept;

// A further handle of the same object, for somebody who reads at the file offset: duplicates share one offset, also
// those in other processes. On Linux shared memory is opened anew (needs /proc); anything else is duplicated.
// Errors: those of OwnedHandle::duplicate().
[[nodiscard]] GEYSER_API Result<OwnedHandle> duplicate_with_own_offset(const OwnedHandle& handle);

}  // namespace geyser::platform
