// The pass as a full-screen triangle in OpenGL.
#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>

#include <array>

#include <geyser/opengl.hpp>
#ifdef DEMO_VULKAN
#include <geyser/vulkan.hpp>
#endif

#include "pass.hpp"

namespace demo {

namespace {

constexpr const char* vertex_source = R"(
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
})";

constexpr const char* fragment_source = R"(
uniform sampler2D source;
uniform float phase;
uniform vec2 size;
out vec4 color;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  if (phase < 0.0) {
    color = texelFetch(source, at, 0);
    return;
  }
  vec2 p = gl_FragCoord.xy / size - 0.5;
  float aspect = size.x / size.y;
  p.x *= aspect;
  float angle = 0.35 * sin(phase * 0.7);
  float zoom = 1.15 + 0.25 * sin(phase);
  p = mat2(cos(angle), sin(angle), -sin(angle), cos(angle)) * p / zoom;
  p.x /= aspect;
  vec3 tint = 0.85 + 0.15 * cos(phase + vec3(0.0, 2.1, 4.2));
  color = vec4(texture(source, p + 0.5).rgb * tint, 1.0);
})";

#define DEMO_GL(X)            \
  X(glCreateShader)           \
  X(glShaderSource)           \
  X(glCompileShader)          \
  X(glCreateProgram)          \
  X(glAttachShader)           \
  X(glLinkProgram)            \
  X(glGetProgramiv)           \
  X(glUseProgram)             \
  X(glGetUniformLocation)     \
  X(glUniform1f)              \
  X(glUniform2f)              \
  X(glGenVertexArrays)        \
  X(glBindVertexArray)        \
  X(glGenFramebuffers)        \
  X(glBindFramebuffer)        \
  X(glFramebufferTexture2D)   \
  X(glCheckFramebufferStatus) \
  X(glActiveTexture)          \
  X(glBindTexture)            \
  X(glViewport)               \
  X(glDrawArrays)             \
  X(glGetError)

struct Gl {
#define DEMO_GL_MEMBER(name) decltype(&::name) name = nullptr;
  DEMO_GL(DEMO_GL_MEMBER)
#undef DEMO_GL_MEMBER
};

class OpenGlPass final : public Pass {
 public:
  explicit OpenGlPass(std::unique_ptr<geyser::TextureShareManager> manager) : manager_(std::move(manager)) {}
  ~OpenGlPass() override { geyser::opengl::release_current(*manager_); }

  geyser::Result<void> open(bool es) {
    // Current for the whole program: Geyser's own calls then have nothing to switch.
    if (auto made = geyser::opengl::make_current(*manager_); !made) return made;
#define DEMO_GL_LOAD(name) \
  gl_.name = reinterpret_cast<decltype(&::name)>(geyser::opengl::get_procedure(*manager_, #name));
    DEMO_GL(DEMO_GL_LOAD)
#undef DEMO_GL_LOAD
    program_ = gl_.glCreateProgram();
    const char* version = es ? "#version 320 es\nprecision highp float;\n" : "#version 450 core\n";
    for (const auto& [type, source] :
         {std::pair{GL_VERTEX_SHADER, vertex_source}, {GL_FRAGMENT_SHADER, fragment_source}}) {
      const GLuint shader = gl_.glCreateShader(static_cast<GLenum>(type));
      const std::array<const char*, 2> parts{version, source};
      gl_.glShaderSource(shader, 2, parts.data(), nullptr);
      gl_.glCompileShader(shader);
      gl_.glAttachShader(program_, shader);
    }
    gl_.glLinkProgram(program_);
    GLint linked = GL_FALSE;
    gl_.glGetProgramiv(program_, GL_LINK_STATUS, &linked);
    if (linked != GL_TRUE) return geyser::fail(geyser::ErrorCode::unsupported, "The demo's shaders do not link.");
    gl_.glGenVertexArrays(1, &vertex_array_);
    gl_.glGenFramebuffers(1, &framebuffer_);
    phase_ = gl_.glGetUniformLocation(program_, "phase");
    size_ = gl_.glGetUniformLocation(program_, "size");
    return {};
  }

  geyser::TextureShareManager& manager() override { return *manager_; }
  geyser::TextureUsage target_usage() const override { return geyser::TextureUsage::color_attachment; }

  geyser::Result<void> run(geyser::SharedTexture& source, geyser::SharedTexture& target,
                           std::optional<float> phase) override {
    auto from = geyser::opengl::native(source);
    if (!from) return geyser::fail(std::move(from.error()));
    auto to = geyser::opengl::native(target);
    if (!to) return geyser::fail(std::move(to.error()));
    const geyser::Extent3D extent = target.descriptor().extent;
    gl_.glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
    gl_.glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, to->target, to->name, 0);
    if (gl_.glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
      return geyser::fail(geyser::ErrorCode::unsupported, "The target cannot be rendered to.");
    }
    gl_.glViewport(0, 0, static_cast<GLsizei>(extent.width), static_cast<GLsizei>(extent.height));
    gl_.glUseProgram(program_);
    gl_.glUniform1f(phase_, phase.value_or(-1.0F));
    gl_.glUniform2f(size_, static_cast<float>(extent.width), static_cast<float>(extent.height));
    gl_.glActiveTexture(GL_TEXTURE0);
    gl_.glBindTexture(from->target, from->name);
    gl_.glBindVertexArray(vertex_array_);
    gl_.glDrawArrays(GL_TRIANGLES, 0, 3);
    gl_.glBindFramebuffer(GL_FRAMEBUFFER, 0);
    if (gl_.glGetError() != GL_NO_ERROR) return geyser::fail(geyser::ErrorCode::unsupported, "Drawing fails.");
    return {};
  }

 private:
  std::unique_ptr<geyser::TextureShareManager> manager_;
  Gl gl_;
  GLuint program_ = 0;
  GLuint vertex_array_ = 0;
  GLuint framebuffer_ = 0;
  GLint phase_ = -1;
  GLint size_ = -1;
};

}  // namespace

geyser::Result<std::unique_ptr<Pass>> make_opengl_pass(bool es, geyser::DiagnosticHandler diagnostics) {
  geyser::opengl::Options options;
  options.profile = es ? geyser::opengl::Profile::es : geyser::opengl::Profile::core;
  options.diagnostics = std::move(diagnostics);
  auto manager = geyser::opengl::create_manager(options);
  if (!manager) return geyser::fail(std::move(manager.error()));
#ifdef DEMO_VULKAN
  // OpenGL opens shared memory and makes none: on the same device, Vulkan makes it. Without one, pixels are copied.
  geyser::vulkan::Options same_device;
  same_device.device.device_uuid = (*manager)->capabilities().identity.device_uuid;
  if (auto vulkan = geyser::vulkan::create_manager(same_device)) {
    auto used = (*manager)->use_allocator(*std::move(vulkan));
    if (!used && used.error().code() != geyser::ErrorCode::incompatible_device) {
      return geyser::fail(std::move(used.error()));
    }
  }
#endif
  auto pass = std::make_unique<OpenGlPass>(*std::move(manager));
  if (auto opened = pass->open(es); !opened) return geyser::fail(std::move(opened.error()));
  return pass;
}

}  // namespace demo
