#include "painter.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#define GL_GLEXT_PROTOTYPES
#include <geyser/picture_transform.hpp>

#include <GL/gl.h>
#include <GL/glext.h>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb/stb_easy_font.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace geyser::tool {

namespace {

// clang-format off
#define GEYSER_TOOL_GL(X) \
  X(glViewport) X(glClearColor) X(glClear) X(glCreateShader) X(glShaderSource) X(glCompileShader) \
  X(glGetShaderiv) X(glGetShaderInfoLog) X(glCreateProgram) X(glAttachShader) X(glLinkProgram) \
  X(glGetProgramiv) X(glUseProgram) X(glGetUniformLocation) X(glUniform1i) X(glUniform4f) \
  X(glGenVertexArrays) X(glBindVertexArray) X(glDrawArrays) X(glGenBuffers) X(glBindBuffer) \
  X(glBufferData) X(glVertexAttribPointer) X(glEnableVertexAttribArray) X(glActiveTexture) \
  X(glBindTexture) X(glTexParameteri) X(glGenTextures) X(glTexStorage2D) X(glGenFramebuffers) \
  X(glBindFramebuffer) X(glFramebufferTexture2D) X(glCheckFramebufferStatus) X(glReadPixels) \
  X(glPixelStorei) X(glDisable) X(glUniformMatrix3x4fv) X(glUniformMatrix3fv)
// clang-format on

struct Gl {
#define GEYSER_TOOL_MEMBER(name) decltype(&::name) name = nullptr;
  GEYSER_TOOL_GL(GEYSER_TOOL_MEMBER)
#undef GEYSER_TOOL_MEMBER
};

constexpr const char* picture_vertex = R"(#version 330 core
uniform vec4 rect;  // left, bottom, right, top in clip space
uniform vec4 sampled;  // PictureTransform's scale and offset
out vec2 where;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  where = vec2(corner.x, 1.0 - corner.y) * sampled.xy + sampled.zw;
  gl_Position = vec4(mix(rect.xy, rect.zw, corner), 0.0, 1.0);
})";

// Behind the version line and Geyser's transfer functions.
constexpr const char* picture_fragment = R"(
uniform sampler2D picture;
uniform int alpha;     // AlphaMode: 0 opaque, 1 premultiplied, 2 straight
uniform int transfer;  // what the sampled values are encoded by
uniform int stays;     // 1: as the screen wants them already
uniform mat3x4 to_rgb;
uniform mat3 to_bt709;
in vec2 where;
out vec4 colour;
void main() {
  vec4 c = texture(picture, where);
  if (alpha == 1 && c.a > 0.0) c.rgb /= c.a;  // encoded colours are not to be scaled
  c.rgb = vec4(c.rgb, 1.0) * to_rgb;
  if (stays == 0) {
    c.rgb = to_bt709 * geyser_to_linear(transfer, c.rgb);
    c.rgb = geyser_from_linear(13, clamp(c.rgb, 0.0, 1.0));
  }
  ivec2 square = ivec2(gl_FragCoord.xy) / 12;
  vec3 board = vec3((square.x + square.y) % 2 == 0 ? 0.35 : 0.55);
  if (alpha == 0) c.a = 1.0;
  colour = vec4(mix(board, c.rgb, c.a), 1.0);
})";

constexpr const char* text_vertex = R"(#version 330 core
layout(location = 0) in vec2 at;
uniform vec4 rect;  // width, height of the target
void main() { gl_Position = vec4(at.x / rect.x * 2.0 - 1.0, 1.0 - at.y / rect.y * 2.0, 0.0, 1.0); })";

constexpr const char* text_fragment = R"(#version 330 core
uniform vec4 rect;
out vec4 colour;
void main() { colour = vec4(vec3(rect.z), 1.0); })";

// Whether values reach the screen as they are stored: sRGB's primaries, and an encoding that screens take for sRGB's.
bool stays(const PictureTransform& transform) {
  const std::uint8_t t = transform.transfer;
  const bool like_srgb = t != 8 && t != 16 && t != 18;
  return like_srgb && transform.to_bt709 == PictureTransform{}.to_bt709;
}

class GlPainter final : public Painter {
 public:
  Result<void> open(const GlLoader& load) {
#define GEYSER_TOOL_LOAD(name)                                  \
  gl_.name = reinterpret_cast<decltype(gl_.name)>(load(#name)); \
  if (gl_.name == nullptr) return fail(ErrorCode::not_available, "OpenGL has no [" #name "].");
    GEYSER_TOOL_GL(GEYSER_TOOL_LOAD)
#undef GEYSER_TOOL_LOAD
    const std::string fragment = "#version 330 core\n" + std::string(glsl_transfer_functions()) + picture_fragment;
    auto picture = link(picture_vertex, fragment.c_str());
    if (!picture) return fail(std::move(picture.error()));
    auto letters = link(text_vertex, text_fragment);
    if (!letters) return fail(std::move(letters.error()));
    picture_ = *picture;
    letters_ = *letters;
    gl_.glGenVertexArrays(1, &empty_);
    gl_.glGenVertexArrays(1, &quads_);
    gl_.glGenBuffers(1, &buffer_);
    return {};
  }

  void begin(int width, int height) override {
    width_ = width;
    height_ = height;
    gl_.glBindFramebuffer(GL_FRAMEBUFFER, target_);
    gl_.glDisable(GL_FRAMEBUFFER_SRGB);  // what the shaders write is encoded already
    gl_.glViewport(0, 0, width, height);
    gl_.glClearColor(0, 0, 0, 1);
    gl_.glClear(GL_COLOR_BUFFER_BIT);
  }

  void draw(std::uint32_t texture, const TextureDescriptor& descriptor) override {
    const float wide = static_cast<float>(descriptor.extent.width) * static_cast<float>(height_);
    const float high = static_cast<float>(descriptor.extent.height) * static_cast<float>(width_);
    const float x = wide < high ? wide / high : 1.0F;
    const float y = wide < high ? 1.0F : high / wide;
    gl_.glUseProgram(picture_);
    gl_.glUniform4f(gl_.glGetUniformLocation(picture_, "rect"), -x, -y, x, y);
    const PictureTransform transform = picture_transform(descriptor);
    gl_.glUniform4f(gl_.glGetUniformLocation(picture_, "sampled"), transform.scale[0], transform.scale[1],
                    transform.offset[0], transform.offset[1]);
    gl_.glUniform1i(gl_.glGetUniformLocation(picture_, "alpha"), static_cast<int>(transform.alpha));
    gl_.glUniform1i(gl_.glGetUniformLocation(picture_, "transfer"), transform.transfer);
    gl_.glUniform1i(gl_.glGetUniformLocation(picture_, "stays"), stays(transform) ? 1 : 0);
    // Three columns of four: the rows of to_rgb, multiplied from the left.
    gl_.glUniformMatrix3x4fv(gl_.glGetUniformLocation(picture_, "to_rgb"), 1, GL_FALSE, transform.to_rgb[0].data());
    gl_.glUniformMatrix3fv(gl_.glGetUniformLocation(picture_, "to_bt709"), 1, GL_TRUE, transform.to_bt709[0].data());
    gl_.glActiveTexture(GL_TEXTURE0);
    gl_.glBindTexture(GL_TEXTURE_2D, texture);
    gl_.glBindVertexArray(empty_);
    gl_.glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    gl_.glBindTexture(GL_TEXTURE_2D, 0);
  }

  void text(int x, int y, int scale, const std::string& lines) override {
    std::string mutable_lines = lines;
    std::vector<char> quads(lines.size() * 300 + 64);
    const int count =
        stb_easy_font_print(0, 0, mutable_lines.data(), nullptr, quads.data(), static_cast<int>(quads.size()));
    std::vector<float> corners;
    constexpr std::array<std::size_t, 6> triangles{0, 1, 2, 0, 2, 3};
    for (std::size_t quad = 0; quad < static_cast<std::size_t>(count); ++quad) {
      for (const std::size_t corner : triangles) {
        std::array<float, 2> at{};  // of x, y, z and a colour
        std::copy_n(quads.data() + (quad * 4 + corner) * 16, sizeof(at), reinterpret_cast<char*>(at.data()));
        corners.push_back(static_cast<float>(x) + at[0] * static_cast<float>(scale));
        corners.push_back(static_cast<float>(y) + at[1] * static_cast<float>(scale));
      }
    }
    gl_.glUseProgram(letters_);
    gl_.glBindVertexArray(quads_);
    gl_.glBindBuffer(GL_ARRAY_BUFFER, buffer_);
    gl_.glEnableVertexAttribArray(0);
    // Dark first, a pixel aside, so that letters show on every picture.
    for (const float light : {0.0F, 1.0F}) {
      if (light == 1.0F) {
        for (float& value : corners) value -= static_cast<float>(scale);
      }
      gl_.glBufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(corners.size() * sizeof(float)), corners.data(),
                       GL_STREAM_DRAW);
      gl_.glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, nullptr);
      gl_.glUniform4f(gl_.glGetUniformLocation(letters_, "rect"), static_cast<float>(width_),
                      static_cast<float>(height_), light, 0);
      gl_.glDrawArrays(GL_TRIANGLES, 0, static_cast<GLsizei>(corners.size() / 2));
    }
    gl_.glBindBuffer(GL_ARRAY_BUFFER, 0);
  }

  Result<void> use_own_target(int width, int height) override {
    GLuint texture = 0;
    gl_.glGenTextures(1, &texture);
    gl_.glBindTexture(GL_TEXTURE_2D, texture);
    gl_.glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, width, height);
    gl_.glGenFramebuffers(1, &target_);
    gl_.glBindFramebuffer(GL_FRAMEBUFFER, target_);
    gl_.glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
    if (gl_.glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE) return {};
    return fail(ErrorCode::not_available, "OpenGL draws into no texture of this size.");
  }

  Picture read(int width, int height) override {
    Picture picture{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), {}};
    const std::size_t row = picture.width * std::size_t{4};
    std::vector<std::uint8_t> upside_down(row * picture.height);
    gl_.glPixelStorei(GL_PACK_ALIGNMENT, 1);
    gl_.glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, upside_down.data());
    for (std::uint32_t y = picture.height; y-- > 0;) {
      const auto first = upside_down.begin() + static_cast<std::ptrdiff_t>(row * y);
      picture.rgba.insert(picture.rgba.end(), first, first + static_cast<std::ptrdiff_t>(row));
    }
    return picture;
  }

 private:
  Result<GLuint> link(const char* vertex, const char* fragment) {
    const GLuint program = gl_.glCreateProgram();
    for (const auto& [kind, source] : {std::pair(GL_VERTEX_SHADER, vertex), std::pair(GL_FRAGMENT_SHADER, fragment)}) {
      const GLuint shader = gl_.glCreateShader(static_cast<GLenum>(kind));
      gl_.glShaderSource(shader, 1, &source, nullptr);
      gl_.glCompileShader(shader);
      GLint good = 0;
      gl_.glGetShaderiv(shader, GL_COMPILE_STATUS, &good);
      if (good == 0) {
        std::array<char, 512> log{};
        gl_.glGetShaderInfoLog(shader, static_cast<GLsizei>(log.size()), nullptr, log.data());
        return fail(ErrorCode::not_available,
                    std::string("OpenGL does not compile the viewer's shader: ") + log.data());
      }
      gl_.glAttachShader(program, shader);
    }
    gl_.glLinkProgram(program);
    GLint good = 0;
    gl_.glGetProgramiv(program, GL_LINK_STATUS, &good);
    if (good == 0) return fail(ErrorCode::not_available, "OpenGL does not link the viewer's shaders.");
    return program;
  }

  Gl gl_;
  GLuint picture_ = 0;
  GLuint letters_ = 0;
  GLuint empty_ = 0;
  GLuint quads_ = 0;
  GLuint buffer_ = 0;
  GLuint target_ = 0;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace

std::string Painter::why_not(const TextureDescriptor& descriptor) {
  const FormatInfo& info = format_info(descriptor.format);
  const std::string name(to_string(descriptor.format));
  if (descriptor.dimension != TextureDimension::two_d) return "a texture that is not two-dimensional is not drawn";
  if (info.is_multi_planar()) return "format [" + name + "] has several planes, which are not drawn yet";
  if (info.has_depth || info.has_stencil || info.numeric == NumericKind::uint || info.numeric == NumericKind::sint) {
    return "format [" + name + "] is no picture";
  }
  return "";
}

Result<std::unique_ptr<Painter>> Painter::create(const GlLoader& load) {
  auto painter = std::make_unique<GlPainter>();
  if (auto opened = painter->open(load); !opened) return fail(std::move(opened.error()));
  return painter;
}

}  // namespace geyser::tool
