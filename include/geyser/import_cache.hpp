// Parcels that come again and again: whoever is sent the same few buffers with each frame, as video decoders and
// compositors do it, should not open them with each frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/manager.hpp>
#include <geyser/texture.hpp>

namespace geyser {

// Counted since the cache was made.
struct ImportCacheStatistics {
  std::uint64_t imports = 0;   // parcels that the manager has opened
  std::uint64_t hits = 0;      // parcels of a texture that was here already
  std::uint64_t uncached = 0;  // of `imports`, those that will not be found again
  std::uint64_t evictions = 0;
};

// Textures of one manager by what they really are: the kernel objects of the parcel's handles, not their numbers, with
// descriptor, layout and the exporter's identity. The cache holds one handle of each object, so that the kernel gives
// its identity to nothing else in the meantime; a buffer stays allocated as long as it is here.
// Nothing is ever let go of unasked but the texture that was not asked for longest, when there is no room: evict what
// the producer has taken away (a new ring, another size), or clear().
// Only memory that tells itself apart is cached: dma-bufs and shared memory, also below an opaque handle. Descriptors
// of other drivers' opaque memory all look alike (device nodes): such a parcel is opened each time. Thread safety: as
// the manager's: one thread at a time. Textures may outlive the cache.
class GEYSER_API ImportCache {
 public:
  // At most `limit` textures, at least 1.
  explicit ImportCache(std::shared_ptr<TextureShareManager> manager, std::size_t limit = 32);
  ~ImportCache();
  ImportCache(ImportCache&& other) noexcept;
  ImportCache& operator=(ImportCache&& other) noexcept;
  ImportCache(const ImportCache&) = delete;
  ImportCache& operator=(const ImportCache&) = delete;

  // The texture of an equal parcel, else what import_shared_texture() makes of this one. Consumes the parcel: on a hit
  // its handles are closed. A texture found again goes on where it was: it knows its open accesses and the last write.
  // Errors: those of import_shared_texture(), operating_system.
  [[nodiscard]] Result<std::shared_ptr<SharedTexture>> import(ApiTextureHandle&& parcel);

  // False: it is not here. Whoever holds the texture keeps it.
  bool evict(const SharedTexture& texture) noexcept;
  void clear() noexcept;
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::size_t limit() const noexcept;
  [[nodiscard]] const ImportCacheStatistics& statistics() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace geyser
