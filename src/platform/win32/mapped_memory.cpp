#include <utility>

#include "platform/shared_memory.hpp"
#include "platform/win32/error.hpp"

namespace geyser::platform {

MappedMemory adopt_mapping(void* address, std::size_t size) noexcept {
  MappedMemory memory;
  memory.data_ = static_cast<std::byte*>(address);
  memory.size_ = size;
  return memory;
}

MappedMemory::MappedMemory(MappedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedMemory& MappedMemory::operator=(MappedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedMemory::~MappedMemory() {
  if (data_ != nullptr) ::UnmapViewOfFile(data_);
}

}  // namespace geyser::platform
