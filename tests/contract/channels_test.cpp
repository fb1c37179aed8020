// Which bits of memory a channel is, by each API's own clear commands: one channel is set to one, and exactly the
// bits that the format table gives it may change.
#include <gtest/gtest.h>

#include "support/end.hpp"
#ifdef GEYSER_TEST_VULKAN
#include <geyser/vulkan.hpp>

#include "vulkan/commands.hpp"
#include "vulkan/texture.hpp"
#endif
#ifdef GEYSER_TEST_OPENGL
#include <geyser/opengl.hpp>

#include "opengl/texture.hpp"
#endif
#ifdef GEYSER_TEST_WEBGPU
#include <geyser/webgpu.hpp>

#include "webgpu/texture.hpp"
#endif

namespace geyser::test {
namespace {

constexpr std::string_view rgba = "RGBA";

#ifdef GEYSER_TEST_VULKAN
bool is_integer(const FormatInfo& info) {
  return info.numeric == NumericKind::uint || info.numeric == NumericKind::sint;
}

Result<void> clear_vulkan(SharedTexture& texture, std::size_t channel) {
  auto& vulkan_texture = static_cast<vulkan::VulkanTexture&>(texture);
  const auto& device = vulkan_texture.device();
  const auto get = reinterpret_cast<PFN_vkGetDeviceProcAddr>(
      device->native().get_instance_proc_addr(device->native().instance, "vkGetDeviceProcAddr"));
  const auto clear = reinterpret_cast<PFN_vkCmdClearColorImage>(get(device->handle(), "vkCmdClearColorImage"));
  auto commands = vulkan::Commands::record(device, [&](VkCommandBuffer buffer) {
    VkClearColorValue value{};
    if (is_integer(format_info(texture.descriptor().format))) {
      value.uint32[channel] = 1;
    } else {
      value.float32[channel] = 1.0F;
    }
    const VkImageSubresourceRange all{VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    clear(buffer, vulkan_texture.native().image, VK_IMAGE_LAYOUT_GENERAL, &value, 1, &all);
  });
  if (!commands) return fail(std::move(commands.error()));
  const VkCommandBuffer buffer = commands->buffer();
  auto ticket = device->submit({}, {&buffer, 1}, nullptr);
  if (!ticket) return fail(std::move(ticket.error()));
  return device->wait(*ticket, std::chrono::seconds(10));
}
#endif

#ifdef GEYSER_TEST_OPENGL
Result<void> clear_opengl(SharedTexture& texture, std::size_t channel) {
  auto& gl_texture = static_cast<opengl::GlTexture&>(texture);
  auto current = opengl::Current::open(*gl_texture.context());
  if (!current) return fail(std::move(current.error()));
  const auto& gl = gl_texture.context()->gl();
  const auto procedure = [&](const char* name) { return gl_texture.context()->procedure(name); };
  GLuint framebuffer = 0;
  gl.glGenFramebuffers(1, &framebuffer);
  gl.glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  gl.glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, gl_texture.native().name, 0);
  const NumericKind numeric = format_info(texture.descriptor().format).numeric;
  if (numeric == NumericKind::uint) {
    std::array<GLuint, 4> value{};
    value[channel] = 1;
    reinterpret_cast<decltype(&::glClearBufferuiv)>(procedure("glClearBufferuiv"))(GL_COLOR, 0, value.data());
  } else if (numeric == NumericKind::sint) {
    std::array<GLint, 4> value{};
    value[channel] = 1;
    reinterpret_cast<decltype(&::glClearBufferiv)>(procedure("glClearBufferiv"))(GL_COLOR, 0, value.data());
  } else {
    std::array<GLfloat, 4> value{};
    value[channel] = 1.0F;
    reinterpret_cast<decltype(&::glClearBufferfv)>(procedure("glClearBufferfv"))(GL_COLOR, 0, value.data());
  }
  const bool good = gl.glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
  gl.glBindFramebuffer(GL_FRAMEBUFFER, 0);
  gl.glDeleteFramebuffers(1, &framebuffer);
  if (!good || gl.glGetError() != GL_NO_ERROR) return fail(ErrorCode::unsupported, "The texture cannot be cleared.");
  return {};
}
#endif

#ifdef GEYSER_TEST_WEBGPU
Result<void> clear_webgpu(SharedTexture& texture, std::size_t channel) {
  const auto& device = *static_cast<webgpu::WebGpuTexture&>(texture).device();
#define GEYSER_TEST_WGPU(name) \
  const auto name = reinterpret_cast<decltype(&::name)>(device.get_proc_address()({#name, WGPU_STRLEN}))
  GEYSER_TEST_WGPU(wgpuTextureCreateView);
  GEYSER_TEST_WGPU(wgpuTextureViewRelease);
  GEYSER_TEST_WGPU(wgpuCommandEncoderBeginRenderPass);
  GEYSER_TEST_WGPU(wgpuRenderPassEncoderEnd);
  GEYSER_TEST_WGPU(wgpuRenderPassEncoderRelease);
#undef GEYSER_TEST_WGPU
  return device.submit("clear", [&](WGPUCommandEncoder encoder) {
    WGPUTextureView view = wgpuTextureCreateView(webgpu::native(texture)->texture, nullptr);
    WGPURenderPassColorAttachment attachment = WGPU_RENDER_PASS_COLOR_ATTACHMENT_INIT;
    attachment.view = view;
    attachment.loadOp = WGPULoadOp_Clear;
    attachment.storeOp = WGPUStoreOp_Store;
    double* const values[] = {&attachment.clearValue.r, &attachment.clearValue.g, &attachment.clearValue.b,
                              &attachment.clearValue.a};
    attachment.clearValue = {0, 0, 0, 0};
    *values[channel] = 1;
    WGPURenderPassDescriptor pass = WGPU_RENDER_PASS_DESCRIPTOR_INIT;
    pass.colorAttachmentCount = 1;
    pass.colorAttachments = &attachment;
    WGPURenderPassEncoder commands = wgpuCommandEncoderBeginRenderPass(encoder, &pass);
    wgpuRenderPassEncoderEnd(commands);
    wgpuRenderPassEncoderRelease(commands);
    wgpuTextureViewRelease(view);
  });
}
#endif

Result<void> clear([[maybe_unused]] SharedTexture& texture, [[maybe_unused]] std::size_t channel) {
#ifdef GEYSER_TEST_VULKAN
  if (texture.api() == Api::vulkan) return clear_vulkan(texture, channel);
#endif
#ifdef GEYSER_TEST_OPENGL
  if (texture.api() == Api::opengl || texture.api() == Api::opengl_es) return clear_opengl(texture, channel);
#endif
#ifdef GEYSER_TEST_WEBGPU
  if (texture.api() == Api::webgpu) return clear_webgpu(texture, channel);
#endif
  return fail(ErrorCode::unsupported, "No clear for this API.");
}

std::array<bool, 128> bits_of(std::span<const std::byte> texel) {
  std::array<bool, 128> bits{};
  for (std::size_t i = 0; i < texel.size() * 8; ++i) {
    bits[i] = (std::to_integer<unsigned>(texel[i / 8]) >> (i % 8) & 1U) != 0;
  }
  return bits;
}

class Channels : public testing::TestWithParam<std::string> {};

TEST_P(Channels, AreTheBitsOfTheTable) {
  auto made = make_end(GetParam());
  ASSERT_TRUE(made) << made.error().to_string();
  End& end = **made;
  std::size_t formats = 0;
  for (const FormatInfo& info : all_formats()) {
    const bool plain = info.format_class == FormatClass::color || info.format_class == FormatClass::packed;
    // A shared exponent is not a channel's bits.
    if (!plain || info.format == TextureFormat::rgb9e5_float) continue;
    TextureDescriptor descriptor;
    descriptor.extent = {4, 4, 1};
    descriptor.format = info.format;
    descriptor.usage =
        TextureUsage::color_attachment | TextureUsage::transfer_source | TextureUsage::transfer_destination;
    auto texture = end.manager().create_texture(descriptor, HandleKind::host_memory);
    if (!texture) continue;  // not renderable here; what is refused is the pairs' business
    ++formats;
    AccessState state;
    for (std::size_t channel = 0; channel < rgba.size(); ++channel) {
      SCOPED_TRACE(std::string(info.name) + " " + rgba[channel]);
      auto access = (*texture)->begin_access(AccessMode::discard, state);
      ASSERT_TRUE(access) << access.error().to_string();
      auto cleared = clear(**texture, channel);
      ASSERT_TRUE(cleared) << cleared.error().to_string();
      auto bytes = end.read(**texture);
      ASSERT_TRUE(bytes) << bytes.error().to_string();
      state = *(*texture)->end_access(*std::move(access));
      const auto bits = bits_of(std::span(*bytes).first(info.planes[0].block_bytes));
      std::size_t at = 0;
      for (std::size_t i = 0; i < info.channels.size(); ++i) {
        bool any = false;
        for (const std::size_t last = at + info.channel_bits.at(i); at < last; ++at) any = any || bits.at(at);
        EXPECT_EQ(any, info.channels[i] == rgba[channel]) << "channel " << info.channels[i] << " of the table";
      }
    }
  }
  EXPECT_GE(formats, 20U);
  for (const std::string& complaint : end.complaints) ADD_FAILURE() << complaint;
}

std::vector<std::string> gpu_ends() {
  auto names = end_names();
  std::erase(names, "host");
  std::erase(names, "cuda");  // clears nothing, and names no channels: tests/cuda/kernels_test.cpp writes bytes
  return names;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Channels);
INSTANTIATE_TEST_SUITE_P(Ends, Channels, testing::ValuesIn(gpu_ends()), [](const auto& end) { return end.param; });

}  // namespace
}  // namespace geyser::test
