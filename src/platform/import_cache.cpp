#include <geyser/import_cache.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "platform/shared_memory.hpp"

namespace geyser {

namespace {

struct Key {
  TextureDescriptor descriptor;
  MemoryLayout layout;
  DeviceIdentity identity;
  Api api = Api::host;
  HandleKind kind = HandleKind::none;
  std::uint32_t handle_count = 0;
  std::array<platform::KernelIdentity, max_memory_planes> objects{};
  bool has_objects = true;  // false: the system does not name them, and handles are compared
  friend bool operator==(const Key&, const Key&) = default;
};

// Nothing: some handle cannot be told from others by what the kernel says. Only memory has a size of its own there, and
// an inode of its own.
std::optional<Key> key_of(const ApiTextureHandle& parcel) {
  if (parcel.handle_count == 0 || parcel.handle_count > max_memory_planes) return std::nullopt;
  Key key{parcel.descriptor, parcel.layout, parcel.identity, parcel.api, parcel.kind, parcel.handle_count, {}, true};
  for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
    const auto size = platform::kernel_size(parcel.handles[i].get());
    // Unsupported: the system tells no size of memory, and a name is of one object all the same (Apple's).
    if (size ? *size == 0 : size.error().code() != ErrorCode::unsupported) return std::nullopt;
    const auto object = platform::kernel_identity(parcel.handles[i].get());
    if (!object && object.error().code() != ErrorCode::unsupported) return std::nullopt;
    key.has_objects = key.has_objects && object.has_value();
    if (object) key.objects[i] = *object;
  }
  return key;
}

}  // namespace

struct ImportCache::Impl {
  struct Entry {
    Key key;
    std::array<OwnedHandle, max_memory_planes> held;  // so that the objects live, and their identities with them
    std::shared_ptr<SharedTexture> texture;
  };

  static bool holds(const Entry& entry, const ApiTextureHandle& parcel) noexcept {
    for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
      if (!platform::is_same_object(entry.held[i].get(), parcel.handles[i].get())) return false;
    }
    return true;
  }

  std::shared_ptr<TextureShareManager> manager;
  std::size_t limit = 1;
  std::vector<Entry> entries;  // what was asked for last is last
  ImportCacheStatistics statistics;

  Result<std::shared_ptr<SharedTexture>> open(ApiTextureHandle&& parcel) {
    auto texture = manager->import_shared_texture(std::move(parcel));
    if (!texture) return fail(std::move(texture.error()));
    ++statistics.imports;
    return std::shared_ptr<SharedTexture>(*std::move(texture));
  }

  // The oldest that nobody else holds; else the oldest.
  void make_room() noexcept {
    if (entries.size() < limit) return;
    const auto unused =
        std::find_if(entries.begin(), entries.end(), [](const Entry& entry) { return entry.texture.use_count() == 1; });
    entries.erase(unused != entries.end() ? unused : entries.begin());
    ++statistics.evictions;
  }
};

ImportCache::ImportCache(std::shared_ptr<TextureShareManager> manager, std::size_t limit)
    : impl_(std::make_unique<Impl>()) {
  impl_->manager = std::move(manager);
  impl_->limit = std::max<std::size_t>(limit, 1);
}

ImportCache::~ImportCache() = default;
ImportCache::ImportCache(ImportCache&& other) noexcept = default;
ImportCache& ImportCache::operator=(ImportCache&& other) noexcept = default;

Result<std::shared_ptr<SharedTexture>> ImportCache::import(ApiTextureHandle&& parcel) {
  Impl& self = *impl_;
  if (self.manager == nullptr) return fail(ErrorCode::invalid_argument, "An import cache needs a manager.");
  ApiTextureHandle owned = std::move(parcel);
  auto key = key_of(owned);
  if (!key) {
    ++self.statistics.uncached;
    auto texture = self.open(std::move(owned));
    if (!texture) --self.statistics.uncached;
    return texture;
  }
  const auto known = std::find_if(self.entries.begin(), self.entries.end(), [&](const Impl::Entry& entry) {
    return entry.key == *key && (key->has_objects || Impl::holds(entry, owned));
  });
  if (known != self.entries.end()) {
    ++self.statistics.hits;
    std::rotate(known, known + 1, self.entries.end());
    return self.entries.back().texture;
  }
  Impl::Entry entry{*std::move(key), {}, nullptr};
  for (std::uint32_t i = 0; i < owned.handle_count; ++i) {
    auto copy = owned.handles[i].duplicate();
    if (!copy) return fail(std::move(copy.error()).during("keeping a texture"));
    entry.held[i] = *std::move(copy);
  }
  auto texture = self.open(std::move(owned));
  if (!texture) return texture;
  entry.texture = *texture;
  self.make_room();
  self.entries.push_back(std::move(entry));
  return texture;
}

bool ImportCache::evict(const SharedTexture& texture) noexcept {
  return std::erase_if(impl_->entries, [&](const Impl::Entry& entry) { return entry.texture.get() == &texture; }) != 0;
}

void ImportCache::clear() noexcept { impl_->entries.clear(); }

std::size_t ImportCache::size() const noexcept { return impl_->entries.size(); }

std::size_t ImportCache::limit() const noexcept { return impl_->limit; }

const ImportCacheStatistics& ImportCache::statistics() const noexcept { return impl_->statistics; }

}  // namespace geyser
