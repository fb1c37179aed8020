#include "kernel_object.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace geyser::apple_double {

namespace {

constexpr std::size_t header_bytes = 4096;
constexpr std::uint64_t magic = 0x656c62756f64;  // "double"
static_assert(sizeof(Header) <= header_bytes);

std::shared_ptr<KernelObject> map(int descriptor, std::size_t size) {
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) {
    ::close(descriptor);
    return nullptr;
  }
  return std::make_shared<KernelObject>(descriptor, address, size);
}

}  // namespace

KernelObject::KernelObject(int descriptor, void* address, std::size_t size) noexcept
    : descriptor_(descriptor), address_(address), size_(size) {}

KernelObject::~KernelObject() {
  ::munmap(address_, size_);
  ::close(descriptor_);
}

std::shared_ptr<KernelObject> KernelObject::create(ObjectKind kind, std::uint64_t size) {
  const int descriptor = ::memfd_create("apple-double", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return nullptr;
  const std::uint64_t whole = header_bytes + (size + header_bytes - 1) / header_bytes * header_bytes;
  if (::ftruncate(descriptor, static_cast<off_t>(whole)) != 0 ||
      ::fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    ::close(descriptor);
    return nullptr;
  }
  auto object = map(descriptor, whole);
  if (object == nullptr) return nullptr;
  object->header().magic = magic;
  object->header().kind = kind;
  object->header().size = size;
  return object;
}

std::shared_ptr<KernelObject> KernelObject::open(int descriptor, ObjectKind kind) {
  struct stat info {};
  if (descriptor < 0 || ::fstat(descriptor, &info) != 0 || ::fcntl(descriptor, F_GET_SEALS) < 0 ||
      static_cast<std::size_t>(info.st_size) < header_bytes) {
    return nullptr;
  }
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return nullptr;
  auto object = map(copy, static_cast<std::size_t>(info.st_size));
  if (object == nullptr || object->header().magic != magic || object->header().kind != kind) return nullptr;
  return object;
}

std::byte* KernelObject::bytes() const noexcept { return static_cast<std::byte*>(address_) + header_bytes; }

int KernelObject::duplicate() const noexcept { return ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0); }

}  // namespace geyser::apple_double
