#include "opengl/dma_buf.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/text.hpp"
#include "opengl/egl_context.hpp"
#include "opengl/egl_error.hpp"
#include "opengl/error.hpp"
#include "opengl/format.hpp"
#include "opengl/state.hpp"
#include "platform/dma_buf_parcel.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

using F = TextureFormat;

bool can_import(const Context& context) {
  const EglFunctions& egl = egl_of(context).egl();
  return egl_of(context).has("EGL_EXT_image_dma_buf_import") &&
         egl_of(context).has("EGL_EXT_image_dma_buf_import_modifiers") && egl.eglCreateImageKHR != nullptr &&
         egl.eglDestroyImageKHR != nullptr && egl.eglQueryDmaBufFormatsEXT != nullptr &&
         egl.eglQueryDmaBufModifiersEXT != nullptr &&
         ((context.has("GL_EXT_EGL_image_storage") && egl_of(context).egl().glEGLImageTargetTexStorageEXT != nullptr) ||
          (context.has("GL_OES_EGL_image") && egl_of(context).egl().glEGLImageTargetTexture2DOES != nullptr));
}

bool can_export(const Context& context) {
  const EglFunctions& egl = egl_of(context).egl();
  return can_import(context) && egl_of(context).has("EGL_MESA_image_dma_buf_export") &&
         egl_of(context).has("EGL_KHR_gl_texture_2D_image") && egl.eglExportDMABUFImageQueryMESA != nullptr &&
         egl.eglExportDMABUFImageMESA != nullptr;
}

bool can_view(const Context& context) {
  // Views are of immutable storage.
  return context.has("GL_EXT_EGL_image_storage") && egl_of(context).egl().glEGLImageTargetTexStorageEXT != nullptr &&
         context.gl().glTextureView != nullptr && (!context.is_es() || context.has("GL_OES_texture_view"));
}

// A small texture as memory of `format` is made, bound to GL_TEXTURE_2D. The caller deletes it, whatever comes.
Result<void> make_small(const Context& context, TextureFormat format, GLuint& name) {
  const GlFunctions& gl = context.gl();
  gl.glGenTextures(1, &name);
  gl.glBindTexture(GL_TEXTURE_2D, name);
  gl.glTexStorage2D(GL_TEXTURE_2D, 1, dma_buf_internal_format(carrier_of(format)), 16, 16);
  return check(gl, "glTexStorage2D");
}

// EGL does not say how many memory planes a modifier has. These have more than the pixels' (drm_fourcc.h): compression
// data of Intel (CCS modifiers) and AMD (with the DCC bit), tile status of Vivante.
bool has_further_planes(std::uint64_t modifier) {
  const std::uint64_t vendor = modifier >> 56U;
  const std::uint64_t value = modifier & 0x00ffffffffffffffULL;
  if (vendor == 1) return (value >= 4 && value <= 8) || (value >= 12 && value <= 15);
  if (vendor == 2) return (value >> 13U & 1U) != 0;
  return vendor == 6 && (value >> 48U & 0xfU) != 0;
}

std::vector<std::uint64_t> plain_modifiers(const Context& context, std::uint32_t fourcc) {
  const EglFunctions& egl = egl_of(context).egl();
  const auto format = static_cast<EGLint>(fourcc);
  EGLint count = 0;
  egl.eglQueryDmaBufFormatsEXT(egl_of(context).display(), 0, nullptr, &count);
  std::vector<EGLint> formats(static_cast<std::size_t>(std::max(count, 0)));
  egl.eglQueryDmaBufFormatsEXT(egl_of(context).display(), count, formats.data(), &count);
  // Asking for the modifiers of another format is an error.
  if (std::find(formats.begin(), formats.end(), format) == formats.end()) return {};
  count = 0;
  egl.eglQueryDmaBufModifiersEXT(egl_of(context).display(), format, 0, nullptr, nullptr, &count);
  std::vector<EGLuint64KHR> modifiers(static_cast<std::size_t>(std::max(count, 0)));
  // Mesa 25.0 leaves these unwritten where they are false.
  std::vector<EGLBoolean> external(modifiers.size(), EGL_FALSE);
  egl.eglQueryDmaBufModifiersEXT(egl_of(context).display(), format, count, modifiers.data(), external.data(), &count);
  std::vector<std::uint64_t> plain;
  for (std::size_t i = 0; i < modifiers.size(); ++i) {
    if (external[i] == EGL_TRUE || modifiers[i] == drm_modifier_invalid || has_further_planes(modifiers[i])) continue;
    plain.push_back(modifiers[i]);
  }
  return plain;
}

// The reasons that EGL_EXT_image_dma_buf_import gives for its codes, and Mesa's habit: EGL_BAD_ALLOC for a buffer that
// the driver does not take.
GeyserError make_image_error(const Context& context, std::string sentence) {
  GeyserError error = make_egl_error(egl_of(context).egl(), "eglCreateImageKHR");
  const NativeError native = error.native();
  const auto code = [&] {
    switch (native.code) {
      case EGL_BAD_MATCH:
      case EGL_BAD_PARAMETER:
      case EGL_BAD_ATTRIBUTE:
        return ErrorCode::incompatible_layout;
      case EGL_BAD_ACCESS:
        return ErrorCode::invalid_handle;
      case EGL_BAD_ALLOC:
        return ErrorCode::out_of_memory;
      default:
        return error.code();
    }
  }();
  return GeyserError(code, std::move(sentence), native);
}

std::string name_of(std::uint32_t fourcc) {
  std::string name;
  for (unsigned shift = 0; shift < 32; shift += 8) name += static_cast<char>(fourcc >> shift & 0xffU);
  return name;
}

}  // namespace

std::vector<std::uint64_t> importable_modifiers(const Context& context, TextureFormat format) {
  const FormatInfo& info = format_info(format);
  const TextureFormat carrier = carrier_of(format);
  if (carrier == F::unknown || !can_import(context)) return {};
  if (carrier != format) {
    const auto mine = plain_modifiers(context, format_info(carrier).drm_fourcc);
    if (std::find(mine.begin(), mine.end(), drm_modifier_linear) == mine.end() || !can_view(context)) return {};
    const SavedBinding binding(context.gl(), GL_TEXTURE_2D);
    GLuint texture = 0;
    auto seen = make_small(context, format, texture);
    if (seen) seen = view_as(context, format, texture);
    context.gl().glDeleteTextures(1, &texture);
    if (!seen) return {};
    // Compression depends on the format, not on the texels' size alone.
    return {drm_modifier_linear};
  }
  if (!info.is_multi_planar()) return plain_modifiers(context, info.drm_fourcc);
  // A plane alone is an image of another format: only rows that follow each other are the same for both.
  for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
    const auto mine = plain_modifiers(context, format_info(plane_format(format, plane)).drm_fourcc);
    if (std::find(mine.begin(), mine.end(), drm_modifier_linear) == mine.end()) return {};
  }
  return {drm_modifier_linear};
}

Result<void> inspect_dma_buf(const ApiTextureHandle& parcel) {
  // Mesa opens whatever can be mapped.
  if (auto found = platform::inspect_dma_bufs(parcel); !found) return fail(std::move(found.error()));
  for (std::uint32_t i = 0; i < parcel.layout.plane_count; ++i) {
    const MemoryPlane& plane = parcel.layout.planes[i];
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<EGLint>::max());
    if (plane.offset > most || plane.stride > most) {
      return fail(ErrorCode::incompatible_layout,
                  text("Field [layout.planes[", i, "]] has offset [", plane.offset, "] and stride [", plane.stride,
                       "]; EGL's numbers end at [", most, "]."));
    }
  }
  return {};
}

Result<DmaBufImage> DmaBufImage::open(const Context& context, const ApiTextureHandle& parcel, std::uint32_t plane) {
  struct Names {
    EGLint descriptor, offset, pitch, modifier_low, modifier_high;
  };
  constexpr std::array<Names, max_memory_planes> names{
      {{EGL_DMA_BUF_PLANE0_FD_EXT, EGL_DMA_BUF_PLANE0_OFFSET_EXT, EGL_DMA_BUF_PLANE0_PITCH_EXT,
        EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT},
       {EGL_DMA_BUF_PLANE1_FD_EXT, EGL_DMA_BUF_PLANE1_OFFSET_EXT, EGL_DMA_BUF_PLANE1_PITCH_EXT,
        EGL_DMA_BUF_PLANE1_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE1_MODIFIER_HI_EXT},
       {EGL_DMA_BUF_PLANE2_FD_EXT, EGL_DMA_BUF_PLANE2_OFFSET_EXT, EGL_DMA_BUF_PLANE2_PITCH_EXT,
        EGL_DMA_BUF_PLANE2_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE2_MODIFIER_HI_EXT},
       {EGL_DMA_BUF_PLANE3_FD_EXT, EGL_DMA_BUF_PLANE3_OFFSET_EXT, EGL_DMA_BUF_PLANE3_PITCH_EXT,
        EGL_DMA_BUF_PLANE3_MODIFIER_LO_EXT, EGL_DMA_BUF_PLANE3_MODIFIER_HI_EXT}}};
  const MemoryLayout& layout = parcel.layout;
  const TextureDescriptor mine = plane_descriptor(parcel.descriptor, plane);
  const std::uint32_t fourcc = format_info(carrier_of(mine.format)).drm_fourcc;
  const bool whole = !format_info(parcel.descriptor.format).is_multi_planar();
  std::vector<EGLint> attributes{EGL_WIDTH,
                                 static_cast<EGLint>(mine.extent.width),
                                 EGL_HEIGHT,
                                 static_cast<EGLint>(mine.extent.height),
                                 EGL_LINUX_DRM_FOURCC_EXT,
                                 static_cast<EGLint>(fourcc)};
  for (std::uint32_t i = 0; i < (whole ? layout.plane_count : 1); ++i) {
    const MemoryPlane& where = layout.planes.at(plane + i);
    const Names& name = names.at(i);
    attributes.insert(attributes.end(),
                      {name.descriptor, static_cast<EGLint>(parcel.handles[where.handle_index].get()), name.offset,
                       static_cast<EGLint>(where.offset), name.pitch, static_cast<EGLint>(where.stride),
                       name.modifier_low, static_cast<EGLint>(layout.modifier & 0xffffffffU), name.modifier_high,
                       static_cast<EGLint>(layout.modifier >> 32U)});
  }
  attributes.push_back(EGL_NONE);
  const EGLImageKHR image = egl_of(context).egl().eglCreateImageKHR(egl_of(context).display(), EGL_NO_CONTEXT,
                                                                    EGL_LINUX_DMA_BUF_EXT, nullptr, attributes.data());
  if (image == EGL_NO_IMAGE_KHR) {
    const MemoryPlane& where = layout.planes.at(plane);
    return fail(make_image_error(
        context, text("EGL does not take plane [", plane, "] of the dma-buf: fourcc [", name_of(fourcc),
                      "], modifier [", layout.modifier, "], offset [", where.offset, "], stride [", where.stride,
                      "], [", mine.extent.width, "x", mine.extent.height, "].")));
  }
  return DmaBufImage(context, image);
}

Result<DmaBufImage> DmaBufImage::of_texture(const Context& context, GLuint texture) {
  const std::array<EGLint, 3> attributes{EGL_GL_TEXTURE_LEVEL_KHR, 0, EGL_NONE};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): EGL's client buffers are names in a pointer
  const auto name = reinterpret_cast<EGLClientBuffer>(static_cast<std::uintptr_t>(texture));
  const EGLImageKHR image = egl_of(context).egl().eglCreateImageKHR(egl_of(context).display(), egl_of(context).handle(),
                                                                    EGL_GL_TEXTURE_2D_KHR, name, attributes.data());
  if (image == EGL_NO_IMAGE_KHR) return fail(make_image_error(context, "EGL makes no image of the texture."));
  return DmaBufImage(context, image);
}

DmaBufImage::DmaBufImage(DmaBufImage&& other) noexcept
    : context_(other.context_), image_(std::exchange(other.image_, EGL_NO_IMAGE_KHR)) {}

DmaBufImage::~DmaBufImage() {
  if (image_ != EGL_NO_IMAGE_KHR) egl_of(*context_).egl().eglDestroyImageKHR(egl_of(*context_).display(), image_);
}

Result<void> DmaBufImage::attach() const {
  const GlFunctions& gl = context_->gl();
  const EglFunctions& egl = egl_of(*context_).egl();
  // Immutable where it can be: OpenGL ES has no image units for others.
  if (context_->has("GL_EXT_EGL_image_storage") && egl.glEGLImageTargetTexStorageEXT != nullptr) {
    egl.glEGLImageTargetTexStorageEXT(GL_TEXTURE_2D, image_, nullptr);
    return check(gl, "glEGLImageTargetTexStorageEXT");
  }
  egl.glEGLImageTargetTexture2DOES(GL_TEXTURE_2D, image_);
  return check(gl, "glEGLImageTargetTexture2DOES");
}

Result<DmaBufImage::Exported> DmaBufImage::export_planes() const {
  const EglFunctions& egl = egl_of(*context_).egl();
  Exported exported;
  int fourcc = 0;
  int planes = 0;
  EGLuint64KHR modifier = drm_modifier_invalid;
  if (egl.eglExportDMABUFImageQueryMESA(egl_of(*context_).display(), image_, &fourcc, &planes, &modifier) != EGL_TRUE) {
    return fail(make_egl_error(egl, "eglExportDMABUFImageQueryMESA"));
  }
  if (planes < 1 || planes > static_cast<int>(max_memory_planes) || modifier == drm_modifier_invalid) {
    return fail(ErrorCode::unsupported, text("The driver exports a texture with modifier [", modifier, "] and [",
                                             planes, "] planes, which is no layout to tell another."));
  }
  std::array<int, max_memory_planes> descriptors{-1, -1, -1, -1};
  std::array<EGLint, max_memory_planes> strides{};
  std::array<EGLint, max_memory_planes> offsets{};
  const EGLBoolean done = egl.eglExportDMABUFImageMESA(egl_of(*context_).display(), image_, descriptors.data(),
                                                       strides.data(), offsets.data());
  for (const int descriptor : descriptors) {
    if (descriptor < 0) continue;
    exported.handles.at(exported.handle_count++) = OwnedHandle::adopt(HandleKind::dma_buf, descriptor);
  }
  if (done != EGL_TRUE) return fail(make_egl_error(egl, "eglExportDMABUFImageMESA"));
  for (std::uint32_t i = 0; i < exported.handle_count; ++i) {
    // EGL does not promise close-on-exec; a duplicate has it.
    auto copy = exported.handles.at(i).duplicate();
    if (!copy) return fail(std::move(copy.error()));
    exported.handles.at(i) = *std::move(copy);
  }
  if (descriptors[0] < 0) return fail(ErrorCode::unsupported, "The driver exports no descriptor for the texture.");
  const auto size = platform::kernel_size(exported.handles[0].get());
  if (!size) return fail(GeyserError(size.error()));
  exported.fourcc = static_cast<std::uint32_t>(fourcc);
  exported.layout.tiling = Tiling::drm_modifier;
  exported.layout.modifier = modifier;
  exported.layout.allocation_size = *size;
  exported.layout.plane_count = static_cast<std::uint32_t>(planes);
  std::uint32_t handle = 0;
  for (std::uint32_t i = 0; i < exported.layout.plane_count; ++i) {
    // -1: in the buffer of the plane before.
    if (i > 0 && descriptors.at(i) >= 0) ++handle;
    exported.layout.planes.at(i) = {handle, static_cast<std::uint64_t>(offsets.at(i)),
                                    static_cast<std::uint64_t>(strides.at(i))};
  }
  return exported;
}

Result<MemoryLayout> probe_export(const Context& context, TextureFormat format) {
  if (!can_export(context)) return fail(ErrorCode::unsupported, "EGL exports no dma-bufs.");
  const SavedBinding binding(context.gl(), GL_TEXTURE_2D);
  GLuint texture = 0;
  auto exported = [&]() -> Result<DmaBufImage::Exported> {
    if (auto made = make_small(context, format, texture); !made) return fail(std::move(made.error()));
    auto image = DmaBufImage::of_texture(context, texture);
    if (!image) return fail(std::move(image.error()));
    return image->export_planes();
  }();
  context.gl().glDeleteTextures(1, &texture);
  if (!exported) return fail(std::move(exported.error()));
  if (exported->fourcc != format_info(carrier_of(format)).drm_fourcc) {
    return fail(ErrorCode::unsupported,
                text("The driver stores the format as fourcc [", name_of(exported->fourcc), "]."));
  }
  return exported->layout;
}

}  // namespace geyser::opengl
