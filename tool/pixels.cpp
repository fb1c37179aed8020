#include "pixels.hpp"

#include <cstring>
#include <utility>

#include <geyser/host.hpp>

namespace geyser::tool {

Result<PixelGate> PixelGate::create(std::shared_ptr<TextureShareManager> manager, const TextureDescriptor& descriptor) {
  PixelGate gate;
  auto host = host::create_manager();
  if (!host) return fail(std::move(host.error()));
  auto theirs = manager->create_texture(descriptor, HandleKind::host_memory);
  if (!theirs) return fail(std::move(theirs.error()).during("making a texture to move pixels through"));
  auto parcel = manager->export_texture(**theirs);
  if (!parcel) return fail(std::move(parcel.error()));
  auto mine = (*host)->import_shared_texture(*std::move(parcel));
  if (!mine) return fail(std::move(mine.error()));
  gate.manager_ = std::move(manager);
  gate.host_ = *std::move(host);
  gate.theirs_ = *std::move(theirs);
  gate.mine_ = *std::move(mine);
  return gate;
}

Result<std::span<std::byte>> PixelGate::begin_put() {
  auto access = mine_->begin_access(AccessMode::discard, state_);
  if (!access) return fail(std::move(access.error()));
  access_ = *std::move(access);
  return host::bytes(*mine_);
}

Result<void> PixelGate::end_put(SharedTexture& target) {
  auto written = mine_->end_access(std::move(access_));
  if (!written) return fail(std::move(written.error()));
  auto access = theirs_->begin_access(AccessMode::read, *written);
  if (!access) return fail(std::move(access.error()));
  auto copied = manager_->copy_texture(*theirs_, target);
  auto ended = theirs_->end_access(*std::move(access));
  if (!ended) return fail(std::move(ended.error()));
  state_ = *std::move(ended);
  return copied;
}

Result<void> PixelGate::put(std::span<const std::byte> bytes, SharedTexture& target) {
  return put_by([bytes](std::span<std::byte> memory) { std::memcpy(memory.data(), bytes.data(), bytes.size()); },
                target);
}

Result<std::vector<std::byte>> PixelGate::get(SharedTexture& source) {
  auto access = theirs_->begin_access(AccessMode::discard, state_);
  if (!access) return fail(std::move(access.error()));
  auto copied = manager_->copy_texture(source, *theirs_);
  auto ended = theirs_->end_access(*std::move(access));
  if (!copied) return fail(std::move(copied.error()));
  if (!ended) return fail(std::move(ended.error()));
  auto read = mine_->begin_access(AccessMode::read, *ended);
  if (!read) return fail(std::move(read.error()));
  const auto bytes = host::bytes(*mine_);
  std::vector<std::byte> pixels(bytes->begin(), bytes->end());
  auto done = mine_->end_access(*std::move(read));
  if (!done) return fail(std::move(done.error()));
  state_ = *std::move(done);
  return pixels;
}

}  // namespace geyser::tool
