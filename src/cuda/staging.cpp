#include "cuda/staging.hpp"

namespace geyser::cuda {

namespace {

driver::Memcpy3d describe(const Place& from, const Place& to, const Box& box) {
  driver::Memcpy3d copy;
  copy.source_y = from.y;
  copy.source_z = from.z;
  copy.source_type = from.array != nullptr  ? driver::MemoryType::array
                     : from.host != nullptr ? driver::MemoryType::host
                                            : driver::MemoryType::device;
  copy.source_array = from.array;
  copy.source_host = from.host;
  copy.source_device = from.device;
  copy.source_pitch = from.pitch;
  copy.source_height = from.rows_per_slice;
  copy.target_y = to.y;
  copy.target_z = to.z;
  copy.target_type = to.array != nullptr  ? driver::MemoryType::array
                     : to.host != nullptr ? driver::MemoryType::host
                                          : driver::MemoryType::device;
  copy.target_array = to.array;
  copy.target_host = to.host;
  copy.target_device = to.device;
  copy.target_pitch = to.pitch;
  copy.target_height = to.rows_per_slice;
  copy.width_bytes = box.width_bytes;
  copy.height = box.rows;
  copy.depth = box.depth;
  return copy;
}

}  // namespace

Result<void> queue_copy(const Context& context, const Place& from, const Place& to, const Box& box) {
  const driver::Memcpy3d copy = describe(from, to, box);
  return context.check(context.cu().cuMemcpy3DAsync_v2(&copy, context.stream()), "cuMemcpy3DAsync");
}

Result<void> queue_peer_copy(const Context& on, const Context& source, const Place& from, const Context& target,
                             const Place& to, const Box& box) {
  driver::Memcpy3d copy = describe(from, to, box);
  copy.source_context = source.handle();
  copy.target_context = target.handle();
  return on.check(on.cu().cuMemcpy3DPeerAsync(&copy, on.stream()), "cuMemcpy3DPeerAsync");
}

Result<std::uint64_t> queue_packed_copy(const Context& context, const TextureDescriptor& descriptor,
                                        const ArrayImage& image, std::byte* packed, Toward toward) {
  std::uint64_t total = 0;
  for (std::uint32_t layer = 0; layer < descriptor.array_layers; ++layer) {
    for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
      const HostSubresource sub = host_subresource(descriptor, 0, layer, mip);
      Place array;
      array.array = image.level(mip);
      array.z = layer;
      Place rows;
      rows.host = packed + sub.offset;
      rows.pitch = sub.row_stride;
      rows.rows_per_slice = sub.rows;
      const Box box{sub.row_bytes, sub.rows, sub.slices};
      auto queued =
          toward == Toward::device ? queue_copy(context, rows, array, box) : queue_copy(context, array, rows, box);
      if (!queued) return fail(std::move(queued.error()));
      total += sub.row_stride * sub.rows * sub.slices;
    }
  }
  return total;
}

}  // namespace geyser::cuda
