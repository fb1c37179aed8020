#include "painter.hpp"

#include <algorithm>
#include <array>
#include <vector>

#define GL_GLEXT_PROTOTYPES
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
  X(glPixelStorei) X(glDisable)
// clang-format on

struct Gl {
#define GEYSER_TOOL_MEMBER(name) decltype(&::name) name = nullptr;
  GEYSER_TOOL_GL(GEYSER_TOOL_MEMBER)
#undef GEYSER_TOOL_MEMBER
};

constexpr const char* picture_vertex = R"(#version 330 core
uniform vec4 rect;  // left, bottom, right, top in clip space
uniform int flip;   // 1: the first row in memory is the picture's highest
out vec2 where;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  where = vec2(corner.x, flip == 1 ? 1.0 - corner.y : corner.y);
  gl_Position = vec4(mix(rect.xy, rect.zw, corner), 0.0, 1.0);
})";

constexpr const char* picture_fragment = R"(#version 330 core
uniform sampler2D picture;
uniform int alpha;     // AlphaMode: 0 opaque, 1 premultiplied, 2 straight
uniform int transfer;  // what the sampled values are: 0 encoded as the screen wants them, 8 linear, 16 PQ, 18 HLG
in vec2 where;
out vec4 colour;
vec3 encode(vec3 c) {
  c = clamp(c, 0.0, 1.0);
  return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
vec3 from_pq(vec3 v) {  // SMPTE ST 2084; 1.0 is reference white, 203 cd/m2
  vec3 p = pow(max(v, 0.0), vec3(1.0 / 78.84375));
  vec3 l = pow(max(p - 0.8359375, 0.0) / (18.8515625 - 18.6875 * p), vec3(1.0 / 0.1593017578125));
  return l * 10000.0 / 203.0;
}
vec3 from_hlg(vec3 v) {  // ARIB STD-B67, without the system gamma
  return mix(v * v / 3.0, (exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12.0, step(0.5, v)) * 3.77;
}
void main() {
  vec4 c = texture(picture, where);
  if (transfer == 8) c.rgb = encode(c.rgb);
  if (transfer == 16) c.rgb = encode(from_pq(c.rgb));
  if (transfer == 18) c.rgb = encode(from_hlg(c.rgb));
  ivec2 square = ivec2(gl_FragCoord.xy) / 12;
  vec3 board = vec3((square.x + square.y) % 2 == 0 ? 0.35 : 0.55);
  if (alpha == 0) c.a = 1.0;
  if (alpha == 2) c.rgb *= c.a;
  colour = vec4(c.rgb + board * (1.0 - c.a), 1.0);
})";

constexpr const char* text_vertex = R"(#version 330 core
layout(location = 0) in vec2 at;
uniform vec4 rect;  // width, height of the target
void main() { gl_Position = vec4(at.x / rect.x * 2.0 - 1.0, 1.0 - at.y / rect.y * 2.0, 0.0, 1.0); })";

constexpr const char* text_fragment = R"(#version 330 core
uniform vec4 rect;
out vec4 colour;
void main() { colour = vec4(vec3(rect.z), 1.0); })";

int transfer_of(const TextureDescriptor& descriptor) {
  const FormatInfo& info = format_info(descriptor.format);
  if (info.is_srgb()) return 8;  // the sampler gives linear light
  const int stated = descriptor.picture.transfer_characteristics;
  return stated == 8 || stated == 16 || stated == 18 ? stated : 0;
}

class GlPainter final : public Painter {
 public:
  Result<void> open(const GlLoader& load) {
#define GEYSER_TOOL_LOAD(name)                                  \
  gl_.name = reinterpret_cast<decltype(gl_.name)>(load(#name)); \
  if (gl_.name == nullptr) return fail(ErrorCode::not_available, "OpenGL has no [" #name "].");
    GEYSER_TOOL_GL(GEYSER_TOOL_LOAD)
#undef GEYSER_TOOL_LOAD
    auto picture = link(picture_vertex, picture_fragment);
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
    gl_.glUniform1i(gl_.glGetUniformLocation(picture_, "flip"),
                    descriptor.picture.origin == PictureOrigin::top_left ? 1 : 0);
    gl_.glUniform1i(gl_.glGetUniformLocation(picture_, "alpha"), static_cast<int>(descriptor.picture.alpha));
    gl_.glUniform1i(gl_.glGetUniformLocation(picture_, "transfer"), transfer_of(descriptor));
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
