#include "cuda/host_pages.hpp"

#include <utility>

#include "common/text.hpp"

namespace geyser::cuda {

using detail::text;

HostPages::HostPages(std::shared_ptr<Context> context, OwnedHandle handle, platform::MappedMemory mapping)
    : context_(std::move(context)),
      handle_(std::move(handle)),
      mapping_(std::make_shared<platform::MappedMemory>(std::move(mapping))) {}

HostPages::~HostPages() {
  if (mapping_ == nullptr) return;
  auto current = Current::open(*context_);
  if (!current) return;
  context_->destroy_later([context = context_.get(), mapping = mapping_, registered = registered_] {
    if (registered) context->cu().cuMemHostUnregister(mapping->bytes().data());
  });
}

Result<HostPages> HostPages::open(const std::shared_ptr<Context>& context, OwnedHandle handle, std::uint64_t size,
                                  bool in_place) {
  auto mapping = platform::map_shared_memory(handle.get(), size);
  if (!mapping) return fail(std::move(mapping.error()));
  HostPages pages(context, std::move(handle), *std::move(mapping));
  constexpr std::uint64_t page = 4096;
  auto registered =
      context->check(context->cu().cuMemHostRegister_v2(pages.data(), (size + page - 1) / page * page,
                                                        driver::register_portable | driver::register_device_map),
                     "cuMemHostRegister");
  pages.registered_ = registered.has_value();
  // Copies work without: through the driver's own pages.
  if (!in_place) return pages;
  if (!registered) {
    return fail(std::move(registered.error()).during(text("using [", size, "] bytes of the host's memory in place")));
  }
  auto got = context->check(context->cu().cuMemHostGetDevicePointer_v2(&pages.pointer_, pages.data(), 0),
                            "cuMemHostGetDevicePointer");
  if (!got) return fail(std::move(got.error()));
  return pages;
}

bool takes_host_pages(const std::shared_ptr<Context>& context) {
  if (context->attribute(driver::Attribute::can_map_host_memory) == 0 ||
      context->attribute(driver::Attribute::host_register_supported) == 0) {
    return false;
  }
  constexpr std::uint64_t size = 4096;
  auto memory = platform::create_shared_memory(size);
  return memory && HostPages::open(context, *std::move(memory), size, true).has_value();
}

}  // namespace geyser::cuda
