#include "pass.hpp"

#include <cstring>

#include <geyser/host.hpp>

namespace demo {

using geyser::AccessMode;
using geyser::fail;
using geyser::Result;

std::vector<std::string> pass_names() {
  std::vector<std::string> names{"host"};
#ifdef DEMO_VULKAN
  names.emplace_back("vulkan");
#endif
#ifdef DEMO_OPENGL
  names.emplace_back("opengl");
  names.emplace_back("opengl_es");
#endif
  return names;
}

Result<std::unique_ptr<Pass>> make_pass(const std::string& name, geyser::DiagnosticHandler diagnostics) {
  if (name == "host") return make_host_pass(std::move(diagnostics));
#ifdef DEMO_VULKAN
  if (name == "vulkan") return make_vulkan_pass(std::move(diagnostics));
#endif
#ifdef DEMO_OPENGL
  if (name == "opengl" || name == "opengl_es") return make_opengl_pass(name == "opengl_es", std::move(diagnostics));
#endif
  return fail(geyser::ErrorCode::invalid_argument, "There is no backend [" + name + "].");
}

Result<PlainTexture> PlainTexture::create(Pass& pass, geyser::Extent3D extent) {
  using geyser::TextureUsage;
  PlainTexture plain;
  auto host = geyser::host::create_manager();
  if (!host) return fail(std::move(host.error()));
  plain.host_ = *std::move(host);
  geyser::TextureDescriptor descriptor;
  descriptor.extent = extent;
  descriptor.usage =
      TextureUsage::sampled | TextureUsage::transfer_source | TextureUsage::transfer_destination | pass.target_usage();
  auto bytes = plain.host_->create_texture(descriptor, geyser::HandleKind::host_memory);
  if (!bytes) return fail(std::move(bytes.error()));
  plain.bytes_ = *std::move(bytes);
  auto parcel = plain.host_->export_texture(*plain.bytes_);
  if (!parcel) return fail(std::move(parcel.error()));
  auto texture = pass.manager().import_shared_texture(*std::move(parcel));
  if (!texture) return fail(std::move(texture.error()));
  plain.texture_ = *std::move(texture);
  return plain;
}

Result<void> PlainTexture::put(const std::vector<std::byte>& pixels) {
  auto access = bytes_->begin_access(AccessMode::discard, state_);
  if (!access) return fail(std::move(access.error()));
  const auto mapped = *geyser::host::bytes(*bytes_);
  const auto sub = geyser::host_subresource(bytes_->descriptor(), 0, 0, 0);
  for (std::uint32_t y = 0; y < sub.rows; ++y) {
    std::memcpy(mapped.data() + y * sub.row_stride, pixels.data() + y * sub.row_bytes, sub.row_bytes);
  }
  auto state = bytes_->end_access(*std::move(access));
  if (!state) return fail(std::move(state.error()));
  state_ = *std::move(state);
  return {};
}

Result<std::vector<std::byte>> PlainTexture::get() {
  auto access = bytes_->begin_access(AccessMode::read, state_);
  if (!access) return fail(std::move(access.error()));
  const auto mapped = *geyser::host::bytes(*bytes_);
  const auto sub = geyser::host_subresource(bytes_->descriptor(), 0, 0, 0);
  std::vector<std::byte> pixels(sub.row_bytes * sub.rows);
  for (std::uint32_t y = 0; y < sub.rows; ++y) {
    std::memcpy(pixels.data() + y * sub.row_bytes, mapped.data() + y * sub.row_stride, sub.row_bytes);
  }
  auto state = bytes_->end_access(*std::move(access));
  if (!state) return fail(std::move(state.error()));
  state_ = *std::move(state);
  return pixels;
}

Result<void> PlainTexture::fill(Pass& pass, geyser::SharedTexture& source) {
  auto access = texture_->begin_access(AccessMode::discard, state_);
  if (!access) return fail(std::move(access.error()));
  auto ran = pass.run(source, *texture_, std::nullopt);
  if (!ran) return ran;
  auto state = texture_->end_access(*std::move(access));
  if (!state) return fail(std::move(state.error()));
  state_ = *std::move(state);
  return {};
}

Result<void> PlainTexture::draw(Pass& pass, geyser::SharedTexture& target, float phase) {
  auto access = texture_->begin_access(AccessMode::read, state_);
  if (!access) return fail(std::move(access.error()));
  auto ran = pass.run(*texture_, target, phase);
  if (!ran) return ran;
  auto state = texture_->end_access(*std::move(access));
  if (!state) return fail(std::move(state.error()));
  state_ = *std::move(state);
  return {};
}

std::uint64_t checksum(const std::vector<std::byte>& bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::byte byte : bytes) hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211ULL;
  return hash;
}

}  // namespace demo
