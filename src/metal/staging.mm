#include "metal/staging.hpp"

#include <utility>

#include "common/text.hpp"
#include "platform/apple/handles.hpp"

namespace geyser::metal {

using detail::text;

Result<HostPages> HostPages::open(const Context& context, OwnedHandle memory, std::uint64_t size) {
  auto mapping = platform::map_shared_memory(memory.get(), size);
  if (!mapping) return fail(std::move(mapping.error()));
  HostPages pages;
  pages.handle_ = std::move(memory);
  pages.mapping_ = *std::move(mapping);
  // Mappings are whole pages, and so must be what a buffer is made of.
  const std::uint64_t page = platform::page_size();
  const std::uint64_t length = (size + page - 1) / page * page;
  pages.buffer_ =
      Reference<id<MTLBuffer>>::adopt([context.device() newBufferWithBytesNoCopy:pages.mapping_.bytes().data()
                                                                          length:length
                                                                         options:MTLResourceStorageModeShared
                                                                     deallocator:nil]);
  if (!pages.buffer_) {
    return fail(ErrorCode::unsupported, text("Device [", context.identity().device_name, "] does not use [", length,
                                             "] bytes of the host's memory in place."));
  }
  return pages;
}

std::uint64_t record_packed_copy(id<MTLCommandBuffer> commands, const TextureDescriptor& descriptor,
                                 const Planes& planes, id<MTLBuffer> packed, Toward toward) {
  std::uint64_t bytes = 0;
  @autoreleasepool {
    id<MTLBlitCommandEncoder> blit = [commands blitCommandEncoder];
    for (std::uint32_t plane = 0; plane < format_info(descriptor.format).plane_count; ++plane) {
      id<MTLTexture> texture = planes[plane].get();
      for (std::uint32_t layer = 0; layer < descriptor.array_layers; ++layer) {
        for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
          const HostSubresource sub = host_subresource(descriptor, plane, layer, mip);
          const MTLSize size{sub.extent.width, sub.extent.height, sub.slices};
          const MTLOrigin origin{0, 0, 0};
          if (toward == Toward::device) {
            [blit copyFromBuffer:packed
                       sourceOffset:sub.offset
                  sourceBytesPerRow:sub.row_stride
                sourceBytesPerImage:sub.slice_stride
                         sourceSize:size
                          toTexture:texture
                   destinationSlice:layer
                   destinationLevel:mip
                  destinationOrigin:origin];
          } else {
            [blit copyFromTexture:texture
                             sourceSlice:layer
                             sourceLevel:mip
                            sourceOrigin:origin
                              sourceSize:size
                                toBuffer:packed
                       destinationOffset:sub.offset
                  destinationBytesPerRow:sub.row_stride
                destinationBytesPerImage:sub.slice_stride];
          }
          bytes += sub.slice_stride * sub.slices;
        }
      }
    }
    [blit endEncoding];
  }
  return bytes;
}

}  // namespace geyser::metal
