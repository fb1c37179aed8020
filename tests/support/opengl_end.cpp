#include <geyser/opengl.hpp>
#ifdef GEYSER_TEST_VULKAN
#include <geyser/vulkan.hpp>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "opengl/dma_buf.hpp"
#include "opengl/error.hpp"
#include "opengl/format.hpp"
#include "opengl/staging.hpp"
#include "opengl/state.hpp"
#include "opengl/texture.hpp"
#include "support/end.hpp"
#ifdef GEYSER_TEST_DX_INTEROP
#include "wgl/interop_driver.hpp"
#endif

namespace geyser::test {

namespace {

class OpenGlEnd final : public End {
 public:
  explicit OpenGlEnd(const std::string& name) : End(name) {}
  Result<void> open(opengl::Profile profile, Validation validation) {
    opengl::Options options;
    options.profile = profile;
    options.debug = validation == Validation::on;
    options.diagnostics = collector();
    options.device_uuid = chosen_gpu();
#ifdef GEYSER_TEST_DX_INTEROP
    auto manager = driver_.manager(collector());
#else
    auto manager = opengl::create_manager(options);
#endif
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
#ifdef GEYSER_TEST_VULKAN
    // Where a Vulkan device of the same driver is, it makes what OpenGL exports.
    vulkan::Options same_device;
    same_device.device.device_uuid = manager_->capabilities().identity.device_uuid;
    same_device.validation = validation == Validation::on;
    same_device.diagnostics = collector();
    if (auto vulkan = vulkan::create_manager(same_device)) {
      allocator_ = *std::move(vulkan);
      expect_misjudged_modifiers(misjudges_modifiers(*allocator_));
      return manager_->use_allocator(allocator_);
    }
#endif
    return {};
  }
  TextureShareManager& manager() override {
#ifdef GEYSER_TEST_DX_INTEROP
    for (std::string& complaint : std::exchange(driver_.wgl->complaints, {}))
      complaints.push_back(std::move(complaint));
#endif
    return *manager_;
  }
  Result<void> settle() override {
    // Mesa keeps the textures that its last commands of each sort used, deleted or not: others take their place.
    for (const TextureFormat format :
         {TextureFormat::r8_unorm, TextureFormat::rg8_unorm, TextureFormat::rgba8_unorm, TextureFormat::rgb565_unorm}) {
      TextureDescriptor d;
      d.format = format;
      d.extent = {4, 4, 1};
      auto texture = manager_->create_texture(d, HandleKind::host_memory);
      if (!texture) return fail(std::move(texture.error()));
      if (auto filled = fill(**texture, std::vector<std::byte>(host_size(d))); !filled) return filled;
      if (auto bytes = read(**texture); !bytes) return fail(std::move(bytes.error()));
    }
    // Mesa 26's llvmpipe lets go of imported memory when the last work with it is done.
    if (auto current = opengl::make_current(*manager_); !current) return current;
    reinterpret_cast<void (*)()>(opengl::get_procedure(*manager_, "glFinish"))();
    opengl::release_current(*manager_);
#ifdef GEYSER_TEST_DX_INTEROP
    driver_.use();
#endif
#ifdef GEYSER_TEST_VULKAN
    if (allocator_ != nullptr) return settle_vulkan(*allocator_);
#endif
    return {};
  }
  void close() override {
    manager_.reset();
    allocator_.reset();
  }

  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) override {
    return each_plane(texture, [&](const Plane& plane) -> Result<void> {
      std::vector<std::byte> mine(bytes.begin() + static_cast<std::ptrdiff_t>(plane.offset),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(plane.offset + plane.size));
      if (plane.exchanged) exchange_red_blue(plane.descriptor.format, mine);
      auto staging = opengl::Staging::create(plane.context, plane.descriptor, plane.texture);
      if (!staging) return fail(std::move(staging.error()));
      auto copied = staging->upload(mine);
      if (!copied) return fail(std::move(copied.error()));
      return plane.exchanged ? blit(plane, plane.texture, plane.shared) : Result<void>{};
    });
  }

  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    std::vector<std::byte> bytes(host_size(texture.descriptor()));
    auto done = each_plane(texture, [&](const Plane& plane) -> Result<void> {
      if (plane.exchanged) {
        if (auto copied = blit(plane, plane.shared, plane.texture); !copied) return copied;
      }
      auto staging = opengl::Staging::create(plane.context, plane.descriptor, plane.texture);
      if (!staging) return fail(std::move(staging.error()));
      std::vector<std::byte> mine(plane.size);
      auto copied = staging->download(mine);
      if (!copied) return fail(std::move(copied.error()));
      if (plane.exchanged) exchange_red_blue(plane.descriptor.format, mine);
      std::copy(mine.begin(), mine.end(), bytes.begin() + static_cast<std::ptrdiff_t>(plane.offset));
      return {};
    });
    if (!done) return fail(std::move(done.error()));
    return bytes;
  }

 private:
  // One texture of GL's, with its part of the host packing.
  struct Plane {
    std::shared_ptr<opengl::Context> context;
    TextureDescriptor descriptor;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    GLuint texture = 0;  // where the bytes go to and come from
    GLuint shared = 0;   // the shared one
    // The shared one is really BGRA: the bytes go through a texture of RGBA and a blit, which knows colours and not
    // bytes. So a driver that takes one channel for another is seen, and glCopyImageSubData, which may exchange
    // channels between formats that are stored differently, is not asked.
    bool exchanged = false;
  };

  static void exchange_red_blue(TextureFormat format, std::vector<std::byte>& bytes) {
    for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
      if (format == TextureFormat::rgba8_unorm || format == TextureFormat::rgba8_srgb) {
        std::swap(bytes[at], bytes[at + 2]);
        continue;
      }
      std::uint32_t word = 0;
      std::memcpy(&word, &bytes[at], 4);
      word = (word & 0xc00ffc00U) | (word & 0x3ffU) << 20U | (word >> 20U & 0x3ffU);
      std::memcpy(&bytes[at], &word, 4);
    }
  }

  static Result<void> blit(const Plane& plane, GLuint from, GLuint to) {
    const opengl::GlFunctions& gl = plane.context->gl();
    const auto blit = reinterpret_cast<PFNGLBLITFRAMEBUFFERPROC>(plane.context->procedure("glBlitFramebuffer"));
    const opengl::SavedTransferState saved(gl, plane.context->is_es());
    std::array<GLuint, 2> framebuffers{};
    gl.glGenFramebuffers(2, framebuffers.data());
    gl.glBindFramebuffer(GL_READ_FRAMEBUFFER, framebuffers[0]);
    gl.glFramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, from, 0);
    gl.glBindFramebuffer(GL_DRAW_FRAMEBUFFER, framebuffers[1]);
    gl.glFramebufferTexture2D(GL_DRAW_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, to, 0);
    const auto width = static_cast<GLint>(plane.descriptor.extent.width);
    const auto height = static_cast<GLint>(plane.descriptor.extent.height);
    blit(0, 0, width, height, 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
    gl.glDeleteFramebuffers(2, framebuffers.data());
    return opengl::check(gl, "glBlitFramebuffer");
  }

  template <typename Visit>
  Result<void> each_plane(SharedTexture& texture, Visit visit) {
    const auto& context = static_cast<opengl::ContextTexture&>(texture).context();
    auto current = opengl::Current::open(*context);
    if (!current) return fail(std::move(current.error()));
    const opengl::GlFunctions& gl = context->gl();
    const TextureDescriptor& d = texture.descriptor();
    const auto native = opengl::native(texture);
    if (native->plane_count == 1) {
      Plane plane{context, d, 0, host_size(d), native->name, native->name};
      const bool srgb = d.format == TextureFormat::bgra8_srgb;
      const bool bgra = srgb || d.format == TextureFormat::bgra8_unorm || d.format == TextureFormat::bgr10a2_unorm;
      plane.exchanged = bgra && (texture.handle_kind() == HandleKind::dma_buf || context->interop() != nullptr) &&
                        texture.path() == SharePath::zero_copy;
      if (!plane.exchanged) return visit(plane);
      plane.descriptor.format = srgb                                     ? TextureFormat::rgba8_srgb
                                : d.format == TextureFormat::bgra8_unorm ? TextureFormat::rgba8_unorm
                                                                         : TextureFormat::rgb10a2_unorm;
      const opengl::SavedBinding saved(gl, GL_TEXTURE_2D);
      gl.glGenTextures(1, &plane.texture);
      gl.glBindTexture(GL_TEXTURE_2D, plane.texture);
      gl.glTexStorage2D(GL_TEXTURE_2D, 1, opengl::to_gl(plane.descriptor.format).internal_format,
                        static_cast<GLsizei>(d.extent.width), static_cast<GLsizei>(d.extent.height));
      gl.glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
      auto done = visit(plane);
      gl.glDeleteTextures(1, &plane.texture);
      return done;
    }
    for (std::uint32_t i = 0; i < native->plane_count; ++i) {
      const TextureDescriptor mine = opengl::plane_descriptor(d, i);
      const GLuint name = native->planes.at(i).name;
      const Plane plane{context, mine, host_subresource(d, i, 0, 0).offset, host_size(mine), name, name};
      if (auto done = visit(plane); !done) return done;
    }
    return {};
  }

#ifdef GEYSER_TEST_DX_INTEROP
  InteropDriver driver_;
#endif
  std::shared_ptr<TextureShareManager> allocator_;
  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_opengl_end(const std::string& name, Validation validation) {
  auto end = std::make_unique<OpenGlEnd>(name);
  auto opened = end->open(name == "opengl" ? opengl::Profile::core : opengl::Profile::es, validation);
  if (!opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
