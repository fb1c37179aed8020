#include "webgpu/staging.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <geyser/layout.hpp>

#include "common/text.hpp"
#include "webgpu/format.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

WGPUTextureAspect aspect_of(TextureFormat format, std::uint32_t plane) {
  const FormatInfo& info = format_info(format);
  if (info.is_multi_planar()) return plane == 0 ? WGPUTextureAspect_Plane0Only : WGPUTextureAspect_Plane1Only;
  if (info.has_depth) return WGPUTextureAspect_DepthOnly;
  return info.has_stencil ? WGPUTextureAspect_StencilOnly : WGPUTextureAspect_All;
}

}  // namespace

bool Staging::can_copy(TextureFormat format) noexcept {
  const FormatInfo& info = format_info(format);
  // WebGPU lets nobody write depth as numbers but in 16 bits, and copies one aspect at a time.
  if (info.has_depth) return format == TextureFormat::d16_unorm;
  return !info.is_multi_planar();
}

Staging::Staging(std::shared_ptr<Device> device, const TextureDescriptor& descriptor, WGPUTexture texture)
    : device_(std::move(device)), descriptor_(descriptor), texture_(texture) {}

Staging::Staging(Staging&& other) noexcept
    : device_(std::move(other.device_)),
      descriptor_(std::move(other.descriptor_)),
      texture_(other.texture_),
      buffer_(std::exchange(other.buffer_, nullptr)) {}

Staging::~Staging() {
  if (buffer_ != nullptr) device_->functions().wgpuBufferRelease(buffer_);
}

Result<Staging> Staging::create(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                                WGPUTexture texture) {
  Staging staging(device, descriptor, texture);
  WGPUBufferDescriptor buffer = WGPU_BUFFER_DESCRIPTOR_INIT;
  buffer.usage = WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst;
  buffer.size = host_size(descriptor);
  auto made = device->check("wgpuDeviceCreateBuffer", [&] {
    staging.buffer_ = device->functions().wgpuDeviceCreateBuffer(device->handle(), &buffer);
  });
  if (!made) {
    return fail(std::move(made.error()).during(text("making a buffer of [", host_size(descriptor), "] bytes")));
  }
  return staging;
}

// visit(place in the texture, place in memory, extent, bytes), for each mip of each layer of each plane.
template <typename Visit>
void Staging::each_subresource(Visit visit) const {
  const FormatInfo& info = format_info(descriptor_.format);
  const auto each_mip = [&](std::uint32_t plane, std::uint32_t layer) {
    for (std::uint32_t mip = 0; mip < descriptor_.mip_levels; ++mip) {
      const HostSubresource at = host_subresource(descriptor_, plane, layer, mip);
      const WGPUTexelCopyTextureInfo place{texture_, mip, {0, 0, layer}, aspect_of(descriptor_.format, plane)};
      const WGPUTexelCopyBufferLayout memory{at.offset, static_cast<std::uint32_t>(at.row_stride),
                                             static_cast<std::uint32_t>(at.slice_stride / at.row_stride)};
      // Whole blocks, also where the picture ends within one.
      const auto whole = [](std::uint32_t texels, std::uint32_t block) { return (texels + block - 1) / block * block; };
      const WGPUExtent3D extent{whole(at.extent.width, info.block_width), whole(at.extent.height, info.block_height),
                                at.slices};
      visit(place, memory, extent, at.slice_stride * at.slices);
    }
  };
  for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
    for (std::uint32_t layer = 0; layer < descriptor_.array_layers; ++layer) each_mip(plane, layer);
  }
}

Result<std::uint64_t> Staging::upload(std::span<const std::byte> memory) {
  std::uint64_t copied = 0;
  auto written = device_->check("wgpuQueueWriteTexture", [&] {
    each_subresource([&](const WGPUTexelCopyTextureInfo& place, WGPUTexelCopyBufferLayout layout,
                         const WGPUExtent3D& extent, std::uint64_t bytes) {
      const std::byte* from = memory.data() + layout.offset;
      const std::uint64_t size = std::min<std::uint64_t>(bytes, memory.size() - layout.offset);
      layout.offset = 0;
      device_->functions().wgpuQueueWriteTexture(device_->native().queue, &place, from, size, &layout, &extent);
      copied += bytes;
    });
  });
  if (!written) return fail(std::move(written.error()));
  return copied;
}

Result<std::uint64_t> Staging::download(std::span<std::byte> memory, std::chrono::nanoseconds timeout) {
  const Functions& wgpu = device_->functions();
  const std::uint64_t size = host_size(descriptor_);
  auto queued = device_->submit("wgpuCommandEncoderCopyTextureToBuffer", [&](WGPUCommandEncoder encoder) {
    each_subresource([&](const WGPUTexelCopyTextureInfo& place, const WGPUTexelCopyBufferLayout& layout,
                         const WGPUExtent3D& extent, std::uint64_t) {
      const WGPUTexelCopyBufferInfo buffer{layout, buffer_};
      wgpu.wgpuCommandEncoderCopyTextureToBuffer(encoder, &place, &buffer, &extent);
    });
  });
  if (!queued) return fail(std::move(queued.error()));
  const WGPUBufferMapCallbackInfo info{nullptr, WGPUCallbackMode_WaitAnyOnly,
                                       [](WGPUMapAsyncStatus, WGPUStringView, void*, void*) {}, nullptr, nullptr};
  Result<void> mapped;
  auto asked = device_->check("wgpuBufferMapAsync", [&] {
    mapped = device_->wait(wgpu.wgpuBufferMapAsync(buffer_, WGPUMapMode_Read, 0, size, info), timeout);
  });
  if (!mapped || !asked) {
    wgpu.wgpuBufferUnmap(buffer_);  // a map that is under way ends, too
    return fail(std::move(!mapped ? mapped.error() : asked.error()));
  }
  const void* bytes = wgpu.wgpuBufferGetConstMappedRange(buffer_, 0, size);
  if (bytes != nullptr) std::memcpy(memory.data(), bytes, size);
  wgpu.wgpuBufferUnmap(buffer_);
  if (bytes == nullptr) return fail(ErrorCode::device_lost, "The WebGPU device maps no buffer.");
  return size;
}

}  // namespace geyser::webgpu
