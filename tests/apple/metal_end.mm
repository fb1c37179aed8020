#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include <geyser/metal.hpp>

#include "metal/staging.hpp"
#include "metal/texture.hpp"
#include "support/end.hpp"

namespace geyser::test {

namespace {

// Whole pages, which is what a buffer without a copy is made of.
class Pages {
 public:
  explicit Pages(std::size_t size) {
    const auto page = static_cast<std::size_t>(::getpagesize());
    size_ = (size + page - 1) / page * page;
    address_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() { ::munmap(address_, size_); }
  void* address() const { return address_; }
  std::size_t size() const { return size_; }

 private:
  void* address_;
  std::size_t size_;
};

class MetalEnd final : public End {
 public:
  MetalEnd() : End("metal") {}
  Result<void> open() {
    metal::Options options;
    options.diagnostics = collector();
    auto manager = metal::create_manager(options);
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
    return {};
  }
  TextureShareManager& manager() override { return *manager_; }
  void close() override { manager_.reset(); }

  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) override {
    const Pages pages(bytes.size());
    std::memcpy(pages.address(), bytes.data(), bytes.size());
    return copy(texture, pages, metal::Toward::device);
  }
  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    std::vector<std::byte> bytes(host_size(texture.descriptor()));
    const Pages pages(bytes.size());
    if (auto done = copy(texture, pages, metal::Toward::host); !done) return fail(std::move(done.error()));
    std::memcpy(bytes.data(), pages.address(), bytes.size());
    return bytes;
  }

 private:
  static Result<void> copy(SharedTexture& texture, const Pages& pages, metal::Toward toward) {
    auto& mine = static_cast<metal::MetalTexture&>(texture);
    const auto buffer = metal::Reference<id<MTLBuffer>>::adopt([mine.context()->device()
        newBufferWithBytesNoCopy:pages.address()
                          length:pages.size()
                         options:MTLResourceStorageModeShared
                     deallocator:nil]);
    if (!buffer) return fail(ErrorCode::out_of_memory, "The device has no buffer.");
    auto commands = mine.context()->command_buffer();
    if (!commands) return fail(std::move(commands.error()));
    metal::record_packed_copy(commands->get(), mine.descriptor(), mine.planes(), buffer.get(), toward);
    return mine.context()->finish(*commands, std::chrono::seconds(20));
  }

  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_metal_end() {
  auto end = std::make_unique<MetalEnd>();
  if (auto opened = end->open(); !opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
