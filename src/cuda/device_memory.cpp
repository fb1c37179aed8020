#include "cuda/device_memory.hpp"

#include <utility>

#include "common/text.hpp"
#include "cuda/external_handle.hpp"

namespace geyser::cuda {

using detail::text;

namespace {

driver::AllocationProperties properties_on(const Context& context) {
  driver::AllocationProperties properties;
  properties.handle_types = driver::allocation_posix_fd;
  properties.location.id = context.device();
  return properties;
}

Result<std::uint64_t> granularity_of(const Context& context) {
  const driver::AllocationProperties properties = properties_on(context);
  std::size_t granularity = 0;
  auto got =
      context.check(context.cu().cuMemGetAllocationGranularity(&granularity, &properties, driver::granularity_minimum),
                    "cuMemGetAllocationGranularity");
  if (!got) return fail(std::move(got.error()));
  return std::uint64_t{granularity};
}

}  // namespace

DeviceMemory::DeviceMemory(DeviceMemory&& other) noexcept
    : context_(std::move(other.context_)),
      size_(other.size_),
      made_here_(other.made_here_),
      allocation_(std::exchange(other.allocation_, 0)),
      mapped_(std::exchange(other.mapped_, false)),
      memory_(std::exchange(other.memory_, nullptr)),
      pointer_(std::exchange(other.pointer_, 0)) {}

DeviceMemory::~DeviceMemory() {
  if (allocation_ == 0 && memory_ == nullptr) return;
  auto current = Current::open(*context_);
  if (!current) return;
  context_->destroy_later([context = context_.get(), size = size_, allocation = allocation_, mapped = mapped_,
                           memory = memory_, pointer = pointer_] {
    const Functions& cu = context->cu();
    if (memory != nullptr) {
      if (pointer != 0) cu.cuMemFree_v2(pointer);
      cu.cuDestroyExternalMemory(memory);
      return;
    }
    if (mapped) cu.cuMemUnmap(pointer, size);
    if (pointer != 0) cu.cuMemAddressFree(pointer, size);
    cu.cuMemRelease(allocation);
  });
}

Result<void> DeviceMemory::map(driver::Device reader) {
  const Functions& cu = context_->cu();
  auto done = context_->check(cu.cuMemAddressReserve(&pointer_, size_, 0, 0, 0), "cuMemAddressReserve");
  if (!done) return done;
  done = context_->check(cu.cuMemMap(pointer_, size_, 0, allocation_, 0), "cuMemMap");
  if (!done) return done;
  mapped_ = true;
  driver::AccessDescriptor access;
  access.location.id = context_->device();
  done = context_->check(cu.cuMemSetAccess(pointer_, size_, &access, 1), "cuMemSetAccess");
  if (!done || reader < 0) return done;
  // Where it does not reach this memory, the driver copies through the host's.
  access.location.id = reader;
  static_cast<void>(cu.cuMemSetAccess(pointer_, size_, &access, 1));
  return {};
}

Result<DeviceMemory> DeviceMemory::create(const std::shared_ptr<Context>& context, std::uint64_t size,
                                          driver::Device reader) {
  const auto granularity = granularity_of(*context);
  if (!granularity) return fail(GeyserError(granularity.error()));
  DeviceMemory memory(context);
  memory.size_ = (size + *granularity - 1) / *granularity * *granularity;
  memory.made_here_ = true;
  const driver::AllocationProperties properties = properties_on(*context);
  auto made =
      context->check(context->cu().cuMemCreate(&memory.allocation_, memory.size_, &properties, 0), "cuMemCreate");
  if (!made) return fail(std::move(made.error()).during(text("allocating [", memory.size_, "] bytes")));
  if (auto mapped = memory.map(reader); !mapped) return fail(std::move(mapped.error()));
  return memory;
}

Result<void> DeviceMemory::take(const MemoryLayout& layout, OwnedHandle& handle) {
  const Functions& cu = context_->cu();
  const driver::ExternalMemoryHandle description = describe_memory(layout, handle);
  auto imported = context_->check(cu.cuImportExternalMemory(&memory_, &description), "cuImportExternalMemory");
  if (!imported) return imported;
  settle_imported(handle);
  driver::ExternalMemoryBuffer whole;
  whole.size = layout.allocation_size;
  return context_->check(cu.cuExternalMemoryGetMappedBuffer(&pointer_, memory_, &whole),
                         "cuExternalMemoryGetMappedBuffer");
}

Result<DeviceMemory> DeviceMemory::import(const std::shared_ptr<Context>& context, const MemoryLayout& layout,
                                          bool of_cuda, OwnedHandle& handle, driver::Device reader) {
  DeviceMemory memory(context);
  memory.size_ = layout.allocation_size;
  const auto refuse = [&](GeyserError&& error) { return fail(refused_memory(std::move(error), memory.size_)); };
  if (!of_cuda) {
    if (auto taken = memory.take(layout, handle); !taken) return refuse(std::move(taken.error()));
    return memory;
  }
  const auto granularity = granularity_of(*context);
  if (!granularity) return fail(GeyserError(granularity.error()));
  if (memory.size_ % *granularity != 0) {
    return fail(ErrorCode::incompatible_layout,
                text("Field [layout.allocation_size] is [", memory.size_, "], no multiple of the [", *granularity,
                     "] bytes that CUDA shares."));
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): CUDA takes a descriptor as a pointer
  auto* const descriptor = reinterpret_cast<void*>(handle.get());
  auto imported = context->check(
      context->cu().cuMemImportFromShareableHandle(&memory.allocation_, descriptor, driver::allocation_posix_fd),
      "cuMemImportFromShareableHandle");
  if (!imported) return refuse(std::move(imported.error()));
  if (auto mapped = memory.map(reader); !mapped) return refuse(std::move(mapped.error()));
  return memory;
}

Result<OwnedHandle> DeviceMemory::share() const {
  if (!made_here_) {
    return fail(GeyserError(ErrorCode::unsupported, "CUDA cannot export memory that it has imported.")
                    .suggest("exporting it again where it was made"));
  }
  int descriptor = -1;
  auto shared = context_->check(
      context_->cu().cuMemExportToShareableHandle(&descriptor, allocation_, driver::allocation_posix_fd, 0),
      "cuMemExportToShareableHandle");
  if (!shared) return fail(std::move(shared.error()));
  // The driver's is not promised to be closed by exec.
  OwnedHandle given = OwnedHandle::adopt(HandleKind::opaque_fd, descriptor);
  return given.duplicate();
}

bool makes_device_memory(const Context& context) {
  return context.attribute(driver::Attribute::virtual_memory_management_supported) != 0 &&
         context.attribute(driver::Attribute::posix_fd_supported) != 0;
}

}  // namespace geyser::cuda
