// What only OpenGL has: the caller's own context, current on this thread, whose state is none of Geyser's business.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include <geyser/opengl.hpp>

#include "opengl/egl_loader.hpp"
#include "platform/shared_memory.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

// A context as a program makes it, without Geyser: surfaceless, by hand. Entry points through Geyser's loader.
class CallersContext {
 public:
  void open(bool es) {
    library_ = *opengl::open_egl();
    egl_ = *opengl::load_egl(library_);
    ASSERT_NE(egl_.eglGetPlatformDisplayEXT, nullptr);
    display_ = egl_.eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
    ASSERT_EQ(egl_.eglInitialize(display_, nullptr, nullptr), EGL_TRUE);
    bind_api(es);
    const EGLint core[] = {
        EGL_CONTEXT_MAJOR_VERSION,           4,       EGL_CONTEXT_MINOR_VERSION, 5, EGL_CONTEXT_OPENGL_PROFILE_MASK,
        EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
    const EGLint embedded[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 2, EGL_NONE};
    context_ = egl_.eglCreateContext(display_, nullptr, EGL_NO_CONTEXT, es ? embedded : core);
    ASSERT_NE(context_, EGL_NO_CONTEXT);
    make_current();
    gl_ = *opengl::load_gl([this](const char* name) { return egl_.eglGetProcAddress(name); });
  }
  ~CallersContext() {
    if (context_ == EGL_NO_CONTEXT) return;
    release();
    egl_.eglDestroyContext(display_, context_);
  }
  void bind_api(bool es) { ASSERT_EQ(egl_.eglBindAPI(es ? EGL_OPENGL_ES_API : EGL_OPENGL_API), EGL_TRUE); }
  void make_current() { ASSERT_EQ(egl_.eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_), EGL_TRUE); }
  void release() { egl_.eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT); }
  bool is_current() const { return egl_.eglGetCurrentContext() == context_; }
  const opengl::GlFunctions& gl() const { return gl_; }
  template <typename Function>
  Function* procedure(const char* name) const {
    return reinterpret_cast<Function*>(egl_.eglGetProcAddress(name));
  }

 private:
  platform::DynamicLibrary library_;
  opengl::EglFunctions egl_;
  opengl::GlFunctions gl_;
  EGLDisplay display_ = EGL_NO_DISPLAY;
  EGLContext context_ = EGL_NO_CONTEXT;
};

struct Binding {
  GLenum target;
  GLenum query;
};
constexpr Binding texture_bindings[] = {{GL_TEXTURE_2D, GL_TEXTURE_BINDING_2D},
                                        {GL_TEXTURE_2D_ARRAY, GL_TEXTURE_BINDING_2D_ARRAY},
                                        {GL_TEXTURE_CUBE_MAP, GL_TEXTURE_BINDING_CUBE_MAP},
                                        {GL_TEXTURE_CUBE_MAP_ARRAY, GL_TEXTURE_BINDING_CUBE_MAP_ARRAY},
                                        {GL_TEXTURE_3D, GL_TEXTURE_BINDING_3D}};
constexpr Binding buffer_bindings[] = {{GL_ARRAY_BUFFER, GL_ARRAY_BUFFER_BINDING},
                                       {GL_PIXEL_PACK_BUFFER, GL_PIXEL_PACK_BUFFER_BINDING},
                                       {GL_PIXEL_UNPACK_BUFFER, GL_PIXEL_UNPACK_BUFFER_BINDING},
                                       {GL_UNIFORM_BUFFER, GL_UNIFORM_BUFFER_BINDING},
                                       {GL_COPY_READ_BUFFER, GL_COPY_READ_BUFFER_BINDING},
                                       {GL_COPY_WRITE_BUFFER, GL_COPY_WRITE_BUFFER_BINDING}};
// Both APIs have these; each gets a value of its own.
constexpr GLenum pixel_stores[] = {GL_UNPACK_ROW_LENGTH,   GL_UNPACK_SKIP_ROWS,   GL_UNPACK_SKIP_PIXELS,
                                   GL_UNPACK_IMAGE_HEIGHT, GL_UNPACK_SKIP_IMAGES, GL_PACK_ROW_LENGTH,
                                   GL_PACK_SKIP_ROWS,      GL_PACK_SKIP_PIXELS};
constexpr GLenum others[] = {GL_ACTIVE_TEXTURE,
                             GL_DRAW_FRAMEBUFFER_BINDING,
                             GL_READ_FRAMEBUFFER_BINDING,
                             GL_RENDERBUFFER_BINDING,
                             GL_CURRENT_PROGRAM,
                             GL_VERTEX_ARRAY_BINDING,
                             GL_UNPACK_ALIGNMENT,
                             GL_PACK_ALIGNMENT,
                             GL_SCISSOR_TEST,
                             GL_BLEND,
                             GL_DEPTH_TEST,
                             GL_CULL_FACE,
                             GL_READ_BUFFER,
                             GL_DRAW_BUFFER0};
constexpr GLenum capabilities[] = {GL_SCISSOR_TEST, GL_BLEND, GL_DEPTH_TEST, GL_CULL_FACE};
constexpr GLenum four_values[] = {GL_VIEWPORT, GL_SCISSOR_BOX, GL_COLOR_WRITEMASK, GL_COLOR_CLEAR_VALUE};
constexpr GLenum units = 3;

// A caller that leaves nothing as it was created.
class CallersState {
 public:
  explicit CallersState(const CallersContext& context) : context_(context), gl_(context.gl()) {
    active_texture_ = context.procedure<decltype(::glActiveTexture)>("glActiveTexture");
    bind_sampler_ = context.procedure<decltype(::glBindSampler)>("glBindSampler");
    GLint last = 0;
    const auto gen_buffers = context.procedure<decltype(::glGenBuffers)>("glGenBuffers");
    const auto gen_samplers = context.procedure<decltype(::glGenSamplers)>("glGenSamplers");
    for (GLenum unit = 0; unit < units; ++unit) {
      active_texture_(GL_TEXTURE0 + unit);
      for (const Binding& binding : texture_bindings) {
        GLuint texture = 0;
        gl_.glGenTextures(1, &texture);
        gl_.glBindTexture(binding.target, texture);
      }
      GLuint sampler = 0;
      gen_samplers(1, &sampler);
      bind_sampler_(unit, sampler);
    }
    active_texture_(GL_TEXTURE1);
    for (const Binding& binding : buffer_bindings) {
      GLuint buffer = 0;
      gen_buffers(1, &buffer);
      gl_.glBindBuffer(binding.target, buffer);
    }
    for (const GLenum store : pixel_stores) gl_.glPixelStorei(store, ++last);
    gl_.glPixelStorei(GL_UNPACK_ALIGNMENT, 8);
    gl_.glPixelStorei(GL_PACK_ALIGNMENT, 2);
    std::array<GLuint, 2> framebuffers{};
    gl_.glGenFramebuffers(2, framebuffers.data());
    gl_.glBindFramebuffer(GL_DRAW_FRAMEBUFFER, framebuffers[0]);
    gl_.glBindFramebuffer(GL_READ_FRAMEBUFFER, framebuffers[1]);
    GLuint renderbuffer = 0;
    context.procedure<decltype(::glGenRenderbuffers)>("glGenRenderbuffers")(1, &renderbuffer);
    context.procedure<decltype(::glBindRenderbuffer)>("glBindRenderbuffer")(GL_RENDERBUFFER, renderbuffer);
    GLuint array = 0;
    context.procedure<decltype(::glGenVertexArrays)>("glGenVertexArrays")(1, &array);
    context.procedure<decltype(::glBindVertexArray)>("glBindVertexArray")(array);
    use_program();
    for (const GLenum capability : capabilities) context.procedure<decltype(::glEnable)>("glEnable")(capability);
    context.procedure<decltype(::glViewport)>("glViewport")(1, 2, 3, 4);
    context.procedure<decltype(::glScissor)>("glScissor")(5, 6, 7, 8);
    context.procedure<decltype(::glColorMask)>("glColorMask")(GL_TRUE, GL_FALSE, GL_TRUE, GL_FALSE);
    context.procedure<decltype(::glClearColor)>("glClearColor")(0.0F, 1.0F, 0.0F, 1.0F);
    before_ = look();
    EXPECT_EQ(gl_.glGetError(), static_cast<GLenum>(GL_NO_ERROR));
    for (const auto& [name, value] : before_) {
      if (!name.starts_with("state")) {
        EXPECT_NE(value, 0) << name << " is as it was created";
      }
    }
  }

  // Whatever Geyser did, all is as before, and no error is left for the caller to find.
  void expect_unchanged(const char* after) const {
    SCOPED_TRACE(after);
    EXPECT_TRUE(context_.is_current());
    EXPECT_EQ(gl_.glGetError(), static_cast<GLenum>(GL_NO_ERROR));
    const auto now = look();
    for (const auto& [name, value] : before_) EXPECT_EQ(now.at(name), value) << name;
  }

 private:
  void use_program() const {
    const auto attach = context_.procedure<decltype(::glAttachShader)>("glAttachShader");
    const GLuint program = context_.procedure<decltype(::glCreateProgram)>("glCreateProgram")();
    const std::pair<GLenum, const char*> stages[] = {
        {GL_VERTEX_SHADER, "#version 310 es\nvoid main() { gl_Position = vec4(0.0); }"},
        {GL_FRAGMENT_SHADER,
         "#version 310 es\nprecision mediump float; out vec4 color; void main() { color = vec4(1.0); }"}};
    for (const auto& [stage, source] : stages) {
      const GLuint shader = context_.procedure<decltype(::glCreateShader)>("glCreateShader")(stage);
      context_.procedure<decltype(::glShaderSource)>("glShaderSource")(shader, 1, &source, nullptr);
      context_.procedure<decltype(::glCompileShader)>("glCompileShader")(shader);
      attach(program, shader);
    }
    context_.procedure<decltype(::glLinkProgram)>("glLinkProgram")(program);
    context_.procedure<decltype(::glUseProgram)>("glUseProgram")(program);
  }

  std::map<std::string, GLint> look() const {
    std::map<std::string, GLint> all;
    const auto integer = [&](GLenum name) {
      GLint value = -1;
      gl_.glGetIntegerv(name, &value);
      return value;
    };
    for (const GLenum name : others) all["state " + std::to_string(name)] = integer(name);
    all["program"] = integer(GL_CURRENT_PROGRAM);
    for (const GLenum name : pixel_stores) all["pixel store " + std::to_string(name)] = integer(name);
    for (const Binding& binding : buffer_bindings) {
      all["buffer " + std::to_string(binding.target)] = integer(binding.query);
    }
    for (const GLenum name : four_values) {
      std::array<GLint, 4> values{};
      gl_.glGetIntegerv(name, values.data());
      for (std::size_t i = 0; i < values.size(); ++i) {
        all["state " + std::to_string(name) + "[" + std::to_string(i) + "]"] = values.at(i);
      }
    }
    const auto active = static_cast<GLenum>(integer(GL_ACTIVE_TEXTURE));
    for (GLenum unit = 0; unit < units; ++unit) {
      active_texture_(GL_TEXTURE0 + unit);
      const std::string of_unit = " of unit " + std::to_string(unit);
      for (const Binding& binding : texture_bindings) {
        all["texture " + std::to_string(binding.target) + of_unit] = integer(binding.query);
      }
      all["sampler" + of_unit] = integer(GL_SAMPLER_BINDING);
    }
    active_texture_(active);
    return all;
  }

  const CallersContext& context_;
  const opengl::GlFunctions& gl_;
  decltype(::glActiveTexture)* active_texture_;
  decltype(::glBindSampler)* bind_sampler_;
  std::map<std::string, GLint> before_;
};

class OpenGl : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    auto filler = make_end(GetParam() ? "opengl_es" : "opengl");
    ASSERT_TRUE(filler) << filler.error().to_string();
    filler_ = *std::move(filler);
    context_.open(GetParam());
  }
  void TearDown() override {
    for (const std::string& complaint : complaints_) ADD_FAILURE() << complaint;
    for (End* end : {filler_.get(), other_.get()}) {
      if (end == nullptr) continue;
      end->close();
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << end->name() << ": " << complaint;
    }
  }
  Result<std::unique_ptr<TextureShareManager>> wrap() {
    return opengl::wrap_current_context([this](const GeyserError& error) { complaints_.push_back(error.to_string()); });
  }
  // A picture is written at one end and read at the other; the wrapped one's context is looked at after each step.
  void hand_off(End& writer, SharedTexture& source, End& reader, SharedTexture& destination, AccessState& state,
                std::uint32_t seed, const CallersState& callers) {
    const auto expected = make_pattern(source.descriptor(), seed);
    auto write = source.begin_access(AccessMode::discard, state);
    ASSERT_TRUE(write) << write.error().to_string();
    callers.expect_unchanged("begin_access to write");
    ASSERT_TRUE(writer.fill(source, expected));
    auto written = source.end_access(*std::move(write));
    ASSERT_TRUE(written) << written.error().to_string();
    callers.expect_unchanged("end_access of a writer");
    auto read = destination.begin_access(AccessMode::read, *written);
    ASSERT_TRUE(read) << read.error().to_string();
    callers.expect_unchanged("begin_access to read");
    auto actual = reader.read(destination);
    ASSERT_TRUE(actual) << actual.error().to_string();
    auto done = destination.end_access(*std::move(read));
    ASSERT_TRUE(done) << done.error().to_string();
    callers.expect_unchanged("end_access of a reader");
    EXPECT_EQ(difference(source.descriptor(), expected, *actual), "");
    state = *done;
  }
  // Both directions of a texture that `from` makes and `to` opens.
  void share(TextureShareManager& from, End& from_end, TextureShareManager& to, End& to_end,
             const TextureDescriptor& descriptor, const CallersState& callers) {
    SCOPED_TRACE(to_string(descriptor));
    auto agreement = negotiate(descriptor, from.capabilities(), to.capabilities());
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    auto texture = from.create_texture(descriptor, *agreement);
    ASSERT_TRUE(texture) << texture.error().to_string();
    callers.expect_unchanged("create_texture");
    auto parcel = from.export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    auto imported = to.import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(imported) << imported.error().to_string();
    callers.expect_unchanged("import_shared_texture");
    auto fence = from.create_fence(FenceKind::host_timeline);
    ASSERT_TRUE(fence);
    ASSERT_TRUE((*texture)->set_signal_fence(*fence));
    AccessState state;
    hand_off(from_end, **texture, to_end, **imported, state, 1, callers);
    hand_off(to_end, **imported, from_end, **texture, state, 2, callers);
    const bool from_vulkan = from.capabilities().api == Api::vulkan;
    EXPECT_EQ((*imported)->path(), from_vulkan ? SharePath::zero_copy : SharePath::host_copy);
    texture->reset();
    imported->reset();
    callers.expect_unchanged("destroying the textures");
  }

  CallersContext context_;
  std::unique_ptr<End> filler_;  // its fill() and read() take any OpenGL texture whose context is current
  std::unique_ptr<End> other_;
  std::vector<std::string> complaints_;
};

#ifdef GEYSER_TEST_VULKAN
std::vector<TextureDescriptor> descriptors() {
  std::vector<TextureDescriptor> all(4);
  for (TextureDescriptor& d : all) d.extent = {31, 18, 1};
  all[0].mip_levels = 3;
  all[1].dimension = TextureDimension::two_d_array;
  all[1].array_layers = 3;
  all[1].format = TextureFormat::bgra8_unorm;
  all[2].dimension = TextureDimension::cube;
  all[2].extent = {16, 16, 1};
  all[2].array_layers = 6;
  all[3].dimension = TextureDimension::three_d;
  all[3].extent.depth = 4;
  all[3].format = TextureFormat::r16_float;
  return all;
}

TEST_P(OpenGl, TheCallersContextSharesWithVulkanAndKeepsItsState) {
  auto vulkan = make_end("vulkan");
  ASSERT_TRUE(vulkan) << vulkan.error().to_string();
  other_ = *std::move(vulkan);
  const CallersState callers(context_);
  auto wrapped = wrap();
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  callers.expect_unchanged("wrap_current_context");
  EXPECT_EQ((*wrapped)->capabilities().api, GetParam() ? Api::opengl_es : Api::opengl);
  // The end has an allocator's rows after its own.
  const Capabilities& mine = (*wrapped)->capabilities();
  const Capabilities& theirs = filler_->manager().capabilities();
  EXPECT_EQ(mine.api, theirs.api);
  EXPECT_EQ(mine.identity, theirs.identity);
  ASSERT_LE(mine.textures.size(), theirs.textures.size());
  EXPECT_TRUE(std::equal(mine.textures.begin(), mine.textures.end(), theirs.textures.begin()));
  for (const TextureDescriptor& descriptor : descriptors()) {
    share(other_->manager(), *other_, **wrapped, *filler_, descriptor, callers);
    share(**wrapped, *filler_, other_->manager(), *other_, descriptor, callers);
    if (HasFatalFailure()) return;
  }
  wrapped->reset();
  callers.expect_unchanged("destroying the manager");
}

// Drivers trust the size that they are told.
TEST_P(OpenGl, AShortVulkanHandleIsRefused) {
  auto vulkan = make_end("vulkan");
  ASSERT_TRUE(vulkan) << vulkan.error().to_string();
  other_ = *std::move(vulkan);
  auto wrapped = wrap();
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  TextureDescriptor small;
  small.extent = {16, 8, 1};
  TextureDescriptor large;
  large.extent = {256, 200, 1};
  auto small_texture = other_->manager().create_texture(small, HandleKind::opaque_fd);
  auto large_texture = other_->manager().create_texture(large, HandleKind::opaque_fd);
  ASSERT_TRUE(small_texture) << small_texture.error().to_string();
  ASSERT_TRUE(large_texture) << large_texture.error().to_string();
  auto small_parcel = other_->manager().export_texture(**small_texture);
  auto large_parcel = other_->manager().export_texture(**large_texture);
  ASSERT_TRUE(small_parcel);
  ASSERT_TRUE(large_parcel);
  std::swap(small_parcel->handles[0], large_parcel->handles[0]);
  // Where the kernel cannot say how large a handle's memory is, the driver refuses it, with a code of its own.
  const bool measured = platform::kernel_size(large_parcel->handles[0].get()).has_value();
  auto imported = (*wrapped)->import_shared_texture(*std::move(large_parcel));
  ASSERT_FALSE(imported);
  const ErrorCode code = imported.error().code();
  EXPECT_TRUE(code == ErrorCode::incompatible_layout || (!measured && code == ErrorCode::out_of_memory))
      << imported.error().to_string();
  EXPECT_EQ(context_.gl().glGetError(), static_cast<GLenum>(GL_NO_ERROR));
}

// Duplicates of a descriptor share its file offset, also those in other processes. Mesa's software drivers read what
// memory a descriptor is of at that offset.
TEST(OpenGlContext, NobodyElseMovesTheOffsetOfWhatIsOpened) {
  auto vulkan = make_end("vulkan");
  auto end = make_end("opengl");
  ASSERT_TRUE(vulkan) << vulkan.error().to_string();
  ASSERT_TRUE(end) << end.error().to_string();
  TextureDescriptor descriptor;
  descriptor.extent = {16, 16, 1};
  auto texture = (*vulkan)->manager().create_texture(descriptor, HandleKind::opaque_fd);
  ASSERT_TRUE(texture) << texture.error().to_string();
  const auto expected = make_pattern(descriptor, 1);
  auto write = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  ASSERT_TRUE((*vulkan)->fill(**texture, expected));
  auto written = (*texture)->end_access(*std::move(write));
  ASSERT_TRUE(written) << written.error().to_string();
  auto parcel = (*vulkan)->manager().export_texture(**texture);
  ASSERT_TRUE(parcel);

  std::atomic<bool> done = false;
  std::vector<std::thread> disturbers;
  for (int k = 0; k < 4; ++k) {
    disturbers.emplace_back([&done, descriptor_number = static_cast<int>(parcel->handles[0].get())] {
      while (!done) ::lseek(descriptor_number, 4, SEEK_SET);
    });
  }
  const auto open_and_read = [&]() -> std::string {
    auto same = parcel->duplicate();
    if (!same) return same.error().to_string();
    auto imported = (*end)->manager().import_shared_texture(*std::move(same));
    if (!imported) return imported.error().to_string();
    auto read = (*imported)->begin_access(AccessMode::read, *written);
    if (!read) return read.error().to_string();
    auto actual = (*end)->read(**imported);
    if (!actual) return actual.error().to_string();
    auto ended = (*imported)->end_access(*std::move(read));
    return ended ? difference(descriptor, expected, *actual) : ended.error().to_string();
  };
  std::map<std::string, int> said;
  for (int i = 0; i < 200; ++i) ++said[open_and_read()];
  done = true;
  for (std::thread& disturber : disturbers) disturber.join();
  EXPECT_EQ(said, (std::map<std::string, int>{{"", 200}}));
}
#endif

// An error of the caller's own is not taken for a failure of Geyser's, and is not lost without a word.
TEST_P(OpenGl, APendingErrorOfTheCallersIsReported) {
  auto wrapped = wrap();
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  context_.gl().glBindTexture(0xdead, 0);
  TextureDescriptor descriptor;
  descriptor.extent = {8, 8, 1};
  auto texture = (*wrapped)->create_texture(descriptor, HandleKind::host_memory);
  EXPECT_TRUE(texture) << texture.error().to_string();
  ASSERT_EQ(complaints_.size(), 1U);
  EXPECT_NE(complaints_[0].find("GL_INVALID_ENUM"), std::string::npos) << complaints_[0];
  complaints_.clear();
}

TEST(OpenGlContext, EveryDeviceIsFoundByItsUuid) {
  std::vector<DeviceIdentity> devices;
  for (std::uint32_t index = 0;; ++index) {
    opengl::Options options;
    options.device_index = index;
    auto manager = opengl::create_manager(options);
    if (!manager) break;
    devices.push_back((*manager)->capabilities().identity);
  }
  ASSERT_FALSE(devices.empty());
  opengl::Options options;
  for (const DeviceIdentity& device : devices) {
    if (!device.has_uuids) continue;
    options.device_uuid = device.device_uuid;
    auto manager = opengl::create_manager(options);
    ASSERT_TRUE(manager) << manager.error().to_string();
    EXPECT_EQ((*manager)->capabilities().identity.device_uuid, device.device_uuid);
  }
  options.device_uuid = Uuid{1, 2, 3};
  auto none = opengl::create_manager(options);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_available);
  std::printf("%zu devices of EGL's\n", devices.size());
}

TEST_P(OpenGl, AWrappedContextMustBeCurrent) {
  auto wrapped = wrap();
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  TextureDescriptor descriptor;
  descriptor.extent = {8, 8, 1};
  auto texture = (*wrapped)->create_texture(descriptor, HandleKind::host_memory);
  ASSERT_TRUE(texture) << texture.error().to_string();
  context_.release();
  auto other = (*wrapped)->create_texture(descriptor, HandleKind::host_memory);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::invalid_argument);
  auto access = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(wrap().error().code(), ErrorCode::not_available);
  context_.make_current();
  auto now = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(now) << now.error().to_string();
  EXPECT_TRUE((*texture)->end_access(*std::move(now)));
}

// What eglBindAPI() said last is about contexts to come.
TEST_P(OpenGl, TheContextsOwnApiCounts) {
  context_.bind_api(!GetParam());
  auto wrapped = wrap();
  context_.bind_api(GetParam());
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  EXPECT_EQ((*wrapped)->capabilities().api, GetParam() ? Api::opengl_es : Api::opengl);
}

INSTANTIATE_TEST_SUITE_P(Profiles, OpenGl, testing::Bool(),
                         [](const auto& es) { return es.param ? "opengl_es" : "opengl"; });

}  // namespace
}  // namespace geyser::test
