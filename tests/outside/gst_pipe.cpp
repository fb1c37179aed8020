#include "outside/gst_pipe.hpp"

#include <gst/allocators/allocators.h>
#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace geyser::test {

namespace {

// An appsink of GStreamer 1.22 does not say upstream that it reads where planes are: without that a producer with
// another layout than the caps' falls back to copies in plain memory.
GstPadProbeReturn answer_allocation(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
  if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
  gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  return GST_PAD_PROBE_HANDLED;
}

// Copies rows between a mapped frame of GStreamer's and host packing.
template <typename Move>
void move_rows(GstBuffer* buffer, const GstVideoInfo& info, GstMapFlags how, const TextureDescriptor& d, Move move) {
  GstVideoFrame frame;
  ASSERT_TRUE(gst_video_frame_map(&frame, &info, buffer, how));
  for (std::uint32_t plane = 0; plane < format_info(d.format).plane_count; ++plane) {
    const HostSubresource packed = host_subresource(d, plane, 0, 0);
    auto* there = static_cast<std::byte*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
    for (std::uint64_t row = 0; row < packed.rows; ++row) {
      move(there + static_cast<std::ptrdiff_t>(row) * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane),
           packed.offset + row * packed.row_stride, packed.row_bytes);
    }
  }
  gst_video_frame_unmap(&frame);
}

}  // namespace

GstVideoFormat to_gst(TextureFormat format) {
  switch (format) {
    case TextureFormat::r8_unorm:
      return GST_VIDEO_FORMAT_GRAY8;
    case TextureFormat::rgba8_unorm:
      return GST_VIDEO_FORMAT_RGBA;
    case TextureFormat::bgra8_unorm:
      return GST_VIDEO_FORMAT_BGRA;
    case TextureFormat::rgb565_unorm:
      return GST_VIDEO_FORMAT_RGB16;
    case TextureFormat::nv12:
      return GST_VIDEO_FORMAT_NV12;
    case TextureFormat::p010:
      return GST_VIDEO_FORMAT_P010_10LE;
    case TextureFormat::i420:
      return GST_VIDEO_FORMAT_I420;
    default:
      return GST_VIDEO_FORMAT_UNKNOWN;
  }
}

std::string caps_of(const TextureDescriptor& d) {
  return "video/x-raw,format=" + std::string(gst_video_format_to_string(to_gst(d.format))) +
         ",width=" + std::to_string(d.extent.width) + ",height=" + std::to_string(d.extent.height) + ",framerate=30/1";
}

std::unique_ptr<GstPipe> GstPipe::start(const std::string& description) {
  std::unique_ptr<GstPipe> pipe(new GstPipe);
  GError* error = nullptr;
  pipe->pipeline_.reset(gst_parse_launch(description.c_str(), &error));
  if (error != nullptr) {
    ADD_FAILURE() << description << ": " << error->message;
    g_error_free(error);
    return nullptr;
  }
  pipe->in_.reset(gst_bin_get_by_name(GST_BIN(pipe->pipeline_.get()), "in"));
  pipe->out_.reset(gst_bin_get_by_name(GST_BIN(pipe->pipeline_.get()), "out"));
  GstPad* pad = gst_element_get_static_pad(pipe->out_.get(), "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer_allocation, nullptr, nullptr);
  gst_object_unref(pad);
  g_object_set(pipe->out_.get(), "sync", FALSE, nullptr);
  gst_element_set_state(pipe->pipeline_.get(), GST_STATE_PLAYING);
  return pipe;
}

GstPipe::~GstPipe() {
  if (pipeline_ != nullptr) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

void GstPipe::push(GstPtr<GstBuffer> buffer) {
  EXPECT_EQ(gst_app_src_push_buffer(GST_APP_SRC(in_.get()), buffer.release()), GST_FLOW_OK);
}

GstPtr<GstSample> GstPipe::pull() {
  GstPtr<GstSample> sample(gst_app_sink_try_pull_sample(GST_APP_SINK(out_.get()), 20 * GST_SECOND));
  if (sample != nullptr) return sample;
  GstBus* bus = gst_element_get_bus(pipeline_.get());
  if (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) {
    GError* error = nullptr;
    gchar* details = nullptr;
    gst_message_parse_error(message, &error, &details);
    ADD_FAILURE() << error->message << "\n" << (details != nullptr ? details : "");
    g_error_free(error);
    g_free(details);
    gst_message_unref(message);
  } else {
    ADD_FAILURE() << "the pipeline gives nothing";
  }
  gst_object_unref(bus);
  return nullptr;
}

GstPtr<GstBuffer> to_gst(const ApiTextureHandle& parcel) {
  const TextureDescriptor& d = parcel.descriptor;
  auto handle = parcel.handles[0].duplicate();
  if (!handle || parcel.handle_count != 1) return nullptr;
  GstAllocator* allocator = gst_dmabuf_allocator_new();
  // GStreamer closes the descriptor with the memory.
  GstMemory* memory = gst_dmabuf_allocator_alloc(allocator, static_cast<int>(handle->detach()),
                                                 static_cast<gsize>(parcel.layout.allocation_size));
  gst_object_unref(allocator);
  GstPtr<GstBuffer> buffer(gst_buffer_new());
  gst_buffer_append_memory(buffer.get(), memory);
  gsize offsets[GST_VIDEO_MAX_PLANES]{};
  gint strides[GST_VIDEO_MAX_PLANES]{};
  for (std::uint32_t plane = 0; plane < parcel.layout.plane_count; ++plane) {
    offsets[plane] = parcel.layout.planes[plane].offset;
    strides[plane] = static_cast<gint>(parcel.layout.planes[plane].stride);
  }
  gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE, to_gst(d.format), d.extent.width,
                                 d.extent.height, parcel.layout.plane_count, offsets, strides);
  return buffer;
}

GstPtr<GstBuffer> to_gst(const TextureDescriptor& d, std::span<const std::byte> picture) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, to_gst(d.format), d.extent.width, d.extent.height);
  GstPtr<GstBuffer> buffer(gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr));
  move_rows(buffer.get(), info, GST_MAP_WRITE, d, [&](std::byte* there, std::uint64_t packed, std::uint64_t size) {
    std::memcpy(there, picture.data() + packed, size);
  });
  return buffer;
}

Result<ApiTextureHandle> to_parcel(GstSample* sample, const TextureDescriptor& d) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
  if (gst_buffer_n_memory(buffer) != 1 || gst_is_dmabuf_memory(memory) == FALSE) {
    return fail(ErrorCode::unsupported, "The buffer is not one dma-buf.");
  }
  gsize start = 0;
  const gsize size = gst_memory_get_sizes(memory, &start, nullptr);
  auto handle = OwnedHandle::duplicate(HandleKind::dma_buf, gst_dmabuf_memory_get_fd(memory));
  if (!handle) return fail(std::move(handle.error()));
  GstVideoInfo info;
  if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) == FALSE) {
    gst_video_info_set_format(&info, to_gst(d.format), d.extent.width, d.extent.height);
  }
  const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
  ApiTextureHandle parcel;
  parcel.descriptor = d;
  parcel.kind = HandleKind::dma_buf;
  parcel.handle_count = 1;
  parcel.handles[0] = *std::move(handle);
  parcel.layout.tiling = Tiling::drm_modifier;
  parcel.layout.modifier = drm_modifier_linear;  // GStreamer 1.22 passes no others about
  parcel.layout.allocation_size = start + size;
  parcel.layout.plane_count = format_info(d.format).plane_count;
  for (std::uint32_t plane = 0; plane < parcel.layout.plane_count; ++plane) {
    MemoryPlane& where = parcel.layout.planes[plane];
    where.offset = start + (meta != nullptr ? meta->offset[plane] : info.offset[plane]);
    where.stride = static_cast<std::uint64_t>(meta != nullptr ? meta->stride[plane] : info.stride[plane]);
  }
  return parcel;
}

std::vector<std::byte> read_sample(GstSample* sample, const TextureDescriptor& d) {
  std::vector<std::byte> picture(host_size(d));
  GstVideoInfo info;
  gst_video_info_set_format(&info, to_gst(d.format), d.extent.width, d.extent.height);
  move_rows(gst_sample_get_buffer(sample), info, GST_MAP_READ, d,
            [&](const std::byte* there, std::uint64_t packed, std::uint64_t size) {
              std::memcpy(picture.data() + packed, there, size);
            });
  return picture;
}

}  // namespace geyser::test
