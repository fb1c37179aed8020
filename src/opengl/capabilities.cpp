#include "opengl/capabilities.hpp"

#include <algorithm>
#include <bit>

#include "opengl/dma_buf.hpp"
#include "opengl/dx_texture.hpp"
#include "opengl/error.hpp"
#include "opengl/external_handle.hpp"
#include "opengl/fence.hpp"
#include "opengl/format.hpp"
#include "opengl/staging.hpp"
#include "opengl/state.hpp"
#include "opengl/surface_texture.hpp"

namespace geyser::opengl {

namespace {

constexpr TextureUsage transfers = TextureUsage::transfer_source | TextureUsage::transfer_destination;

bool is_supported(const Context& context, const GlFormat& format) {
  if (context.is_es()) {
    // Depth and stencil cannot be read back in OpenGL ES, so nothing could prove them: not offered.
    if (format_info(format.format).format_class == FormatClass::depth_stencil) return false;
    return format.es_core || (format.es_extension != nullptr && context.has(format.es_extension));
  }
  if (format.core_extension != nullptr && !context.has(format.core_extension)) return false;
  GLint supported = 0;
  context.gl().glGetInternalformativ(GL_TEXTURE_2D, format.internal_format, GL_INTERNALFORMAT_SUPPORTED, 1, &supported);
  return supported == GL_TRUE;
}

// Asked by doing: whether a texture of the format can be rendered to.
bool is_renderable(const Context& context, const GlFormat& format) {
  const GlFunctions& gl = context.gl();
  const SavedTransferState transfer_state(gl, context.is_es());
  const SavedBinding binding(gl, GL_TEXTURE_2D);
  GLuint texture = 0;
  GLuint framebuffer = 0;
  gl.glGenTextures(1, &texture);
  gl.glBindTexture(GL_TEXTURE_2D, texture);
  gl.glTexStorage2D(GL_TEXTURE_2D, 1, format.internal_format, 4, 4);
  gl.glGenFramebuffers(1, &framebuffer);
  gl.glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  const bool depth = format_info(format.format).has_depth;
  const bool stencil = format_info(format.format).has_stencil;
  const GLenum attachment = depth && stencil ? GL_DEPTH_STENCIL_ATTACHMENT
                            : depth          ? GL_DEPTH_ATTACHMENT
                            : stencil        ? GL_STENCIL_ATTACHMENT
                                             : GL_COLOR_ATTACHMENT0;
  gl.glFramebufferTexture2D(GL_FRAMEBUFFER, attachment, GL_TEXTURE_2D, texture, 0);
  const bool complete = gl.glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
  gl.glDeleteFramebuffers(1, &framebuffer);
  gl.glDeleteTextures(1, &texture);
  const bool clean = check(gl, "probing a format").has_value();
  return complete && clean;
}

bool is_storage(const Context& context, const GlFormat& format) {
  if (context.is_es()) {
    // OpenGL ES 3.2, table 8.27: formats for image units.
    constexpr TextureFormat core[] = {
        TextureFormat::rgba32_float, TextureFormat::rgba16_float, TextureFormat::r32_float, TextureFormat::rgba32_uint,
        TextureFormat::rgba16_uint,  TextureFormat::rgba8_uint,   TextureFormat::r32_uint,  TextureFormat::rgba32_sint,
        TextureFormat::rgba16_sint,  TextureFormat::rgba8_sint,   TextureFormat::r32_sint,  TextureFormat::rgba8_unorm,
        TextureFormat::rgba8_snorm};
    return std::find(std::begin(core), std::end(core), format.format) != std::end(core);
  }
  GLint store = GL_NONE;
  context.gl().glGetInternalformativ(GL_TEXTURE_2D, format.internal_format, GL_SHADER_IMAGE_STORE, 1, &store);
  return store == GL_FULL_SUPPORT;
}

TextureUsage usages_of(const Context& context, const GlFormat& format) {
  TextureUsage usages = TextureUsage::sampled | transfers;
  const FormatInfo& info = format_info(format.format);
  // A swizzle acts on sampling only: rendering and image stores would exchange red and blue.
  if (format.swizzle_red_blue || info.is_compressed()) return usages;
  if (is_renderable(context, format)) {
    usages = usages | (info.has_depth || info.has_stencil ? TextureUsage::depth_stencil_attachment
                                                          : TextureUsage::color_attachment);
  }
  if (is_storage(context, format)) usages = usages | TextureUsage::storage;
  return usages;
}

std::uint32_t integer(const GlFunctions& gl, GLenum name) {
  GLint value = 0;
  gl.glGetIntegerv(name, &value);
  return static_cast<std::uint32_t>(std::max(value, 0));
}

struct Limits {
  std::uint32_t flat = 0;
  std::uint32_t volume = 0;
  std::uint32_t layers = 0;
};

void add_rows(TextureCapability row, const Limits& limits, std::vector<TextureCapability>& rows) {
  const FormatInfo& info = format_info(row.format);
  row.max_extent = {limits.flat, limits.flat, 1};
  row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(limits.flat));
  row.max_array_layers = limits.layers;
  row.dimensions =
      static_cast<DimensionSet>(dimension_bit(TextureDimension::two_d) | dimension_bit(TextureDimension::two_d_array) |
                                dimension_bit(TextureDimension::cube) | dimension_bit(TextureDimension::cube_array));
  rows.push_back(row);
  // OpenGL has no 3D textures of depth formats, and of few compressed ones.
  if (info.is_compressed() || info.format_class == FormatClass::depth_stencil) return;
  row.max_extent = {limits.volume, limits.volume, limits.volume};
  row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(limits.volume));
  row.max_array_layers = 1;
  row.dimensions = dimension_bit(TextureDimension::three_d);
  rows.push_back(row);
}

// A row for each modifier: one mip of one layer, as planes' layouts describe.
void add_dma_buf_rows(const Context& context, const FormatInfo& info, const Limits& limits,
                      std::vector<TextureCapability>& rows) {
  const auto modifiers = importable_modifiers(context, info.format);
  if (modifiers.empty()) return;
  TextureCapability row;
  row.format = info.format;
  row.handle_kind = HandleKind::dma_buf;
  row.tiling = Tiling::drm_modifier;
  row.importable = true;
  row.memory_plane_count = info.plane_count;
  row.max_extent = {limits.flat, limits.flat, 1};
  row.dimensions = dimension_bit(TextureDimension::two_d);
  row.usages = TextureUsage::sampled | transfers;
  bool renderable = true;
  bool storage = context.has("GL_EXT_EGL_image_storage");
  for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
    GlFormat format = to_gl(plane_format(info.format, plane));
    if (format.internal_format == 0 || !is_supported(context, format)) return;
    renderable = renderable && is_renderable(context, format);
    storage = storage && !format.swizzle_red_blue && is_storage(context, format);
  }
  if (renderable) row.usages = row.usages | TextureUsage::color_attachment;
  if (storage) row.usages = row.usages | TextureUsage::storage;
  const auto made = info.is_multi_planar() ? Result<MemoryLayout>(fail(ErrorCode::unsupported, "Several textures."))
                                           : probe_export(context, info.format);
  for (const std::uint64_t modifier : modifiers) {
    row.modifier = modifier;
    row.exportable = made && made->modifier == modifier && made->plane_count == row.memory_plane_count;
    rows.push_back(row);
  }
}

}  // namespace

Capabilities probe_capabilities(const Context& context) {
  const GlFunctions& gl = context.gl();
  Capabilities capabilities;
  capabilities.api = context.is_es() ? Api::opengl_es : Api::opengl;
  capabilities.identity = context.identity();
  capabilities.fences = fence_capabilities(context);
  if (context.native().has_surfaces()) {
    capabilities.textures = probe_surfaces(context);
    return capabilities;
  }
  const Limits limits{integer(gl, GL_MAX_TEXTURE_SIZE), integer(gl, GL_MAX_3D_TEXTURE_SIZE),
                      integer(gl, GL_MAX_ARRAY_TEXTURE_LAYERS)};
  const std::vector<HandleKind> external_kinds = external_memory_kinds(context);
  for (const FormatInfo& info : all_formats()) {
    add_dma_buf_rows(context, info, limits, capabilities.textures);
    const GlFormat format = to_gl(info.format);
    if (format.internal_format == 0 || !is_supported(context, format)) continue;
    TextureCapability row;
    row.format = info.format;
    row.usages = usages_of(context, format);
    row.tiling = Tiling::opaque;
    row.importable = true;
    for (const HandleKind kind : external_kinds) {
      row.handle_kind = kind;
      // What Direct3D makes by itself every driver opens; heaps are opened, and not asked for.
      row.requires_dedicated = kind == HandleKind::d3d_nt || kind == HandleKind::d3d_kmt;
      add_rows(row, limits, capabilities.textures);
    }
    if (!Staging::can_copy(context, info.format)) continue;
    row.handle_kind = HandleKind::host_memory;
    row.tiling = Tiling::host;
    row.exportable = true;
    row.requires_dedicated = false;
    add_rows(row, limits, capabilities.textures);
  }
  if (context.interop() != nullptr) {
    const auto borrowed = probe_dx_interop(context);
    capabilities.textures.insert(capabilities.textures.end(), borrowed.begin(), borrowed.end());
  }
  clear_errors(gl);
  return capabilities;
}

}  // namespace geyser::opengl
