// OpenGL's rectangle textures on surfaces: what CGL is told, what is drawn and seen, and what is refused before.
#include <geyser/cgl.hpp>
#include <geyser/host.hpp>
#include <geyser/opengl.hpp>

#include <OpenGL/OpenGL.h>

#include <algorithm>

#include "metal_fixture.hpp"

namespace geyser::test {
namespace {

// What this system's OpenGL opens first stays open.
void warm_up() {
  static const bool once = [] { return opengl::create_manager().has_value(); }();
  ASSERT_TRUE(once);
}

class Cgl : public Metal {
 protected:
  void SetUp() override {
    warm_up();
    descriptors_ = open_descriptors();
    before_ = apple_double::alive();
    auto manager = opengl::create_manager();
    ASSERT_TRUE(manager) << manager.error().to_string();
    opengl_ = *std::move(manager);
    apple_double::take_cgl_calls();
  }
  void TearDown() override {
    opengl_.reset();
    Metal::TearDown();
  }
  TextureShareManager& gl() { return *opengl_; }

  // With a rectangle texture bound, as a program of its own has it.
  template <typename Body>
  void with_texture(Body body) {
    ASSERT_TRUE(opengl::make_current(gl()));
    const auto generate = reinterpret_cast<void (*)(int, unsigned*)>(opengl::get_procedure(gl(), "glGenTextures"));
    const auto bind = reinterpret_cast<void (*)(unsigned, unsigned)>(opengl::get_procedure(gl(), "glBindTexture"));
    const auto remove =
        reinterpret_cast<void (*)(int, const unsigned*)>(opengl::get_procedure(gl(), "glDeleteTextures"));
    unsigned name = 0;
    generate(1, &name);
    bind(rectangle, name);
    body(CGLGetCurrentContext());
    remove(1, &name);
    opengl::release_current(gl());
  }

  static constexpr unsigned rectangle = 0x84F5;
  Manager opengl_;
};

TEST_F(Cgl, EveryPlaneIsAttached) {
  using F = TextureFormat;
  for (const TextureFormat format : cgl::formats()) {
    SCOPED_TRACE(to_string(format));
    const TextureDescriptor d = describe(format);
    auto texture = first().create_texture(d, HandleKind::io_surface);
    ASSERT_TRUE(texture) << texture.error().to_string();
    void* surface = metal::native(**texture)->io_surface;
    with_texture([&](void* context) {
      for (std::uint32_t plane = 0; plane < format_info(format).plane_count; ++plane) {
        auto attached = cgl::attach_plane(context, surface, d, plane);
        ASSERT_TRUE(attached) << attached.error().to_string();
        const auto calls = apple_double::take_cgl_calls();
        ASSERT_EQ(calls.size(), 1U);
        EXPECT_EQ(calls[0].plane, plane);
        EXPECT_EQ(calls[0].width, mip_extent(d, 0, plane).width);
        EXPECT_EQ(calls[0].height, mip_extent(d, 0, plane).height);
        // GL_RED, GL_RG; GL_BGRA as little-endian words.
        if (format == F::nv12) EXPECT_EQ(calls[0].format, plane == 0 ? 0x1903U : 0x8227U);
        if (format == F::bgra8_unorm) EXPECT_EQ(calls[0].type, 0x8367U);
      }
      EXPECT_EQ(cgl::attach_plane(context, surface, d, format_info(format).plane_count).error().code(),
                ErrorCode::invalid_argument);
    });
  }
}

TEST_F(Cgl, WhatOpenGlDoesNotSeeIsRefused) {
  const TextureDescriptor d = describe(TextureFormat::rgba32_float);
  auto texture = first().create_texture(d, HandleKind::io_surface);
  ASSERT_TRUE(texture);
  void* surface = metal::native(**texture)->io_surface;
  with_texture([&](void* context) {
    auto other = cgl::attach_plane(context, surface, d);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), ErrorCode::unsupported);
    EXPECT_EQ(other.error().alternatives().size(), cgl::formats().size());
    // A surface that is not what the descriptor says.
    EXPECT_EQ(cgl::attach_plane(context, surface, describe(TextureFormat::bgra8_unorm)).error().code(),
              ErrorCode::incompatible_layout);
    EXPECT_EQ(cgl::attach_plane(nullptr, surface, d).error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(cgl::attach_plane(context, nullptr, d).error().code(), ErrorCode::invalid_argument);
  });
  EXPECT_TRUE(apple_double::take_cgl_calls().empty());
}

TEST_F(Cgl, ManagersSayWhatTheyHave) {
  const Capabilities& mine = gl().capabilities();
  EXPECT_EQ(mine.api, Api::opengl);
  EXPECT_EQ(mine.identity.metal_registry_id, apple_double::built_in);
  EXPECT_EQ(mine.identity.metal_registry_id, first().capabilities().identity.metal_registry_id);
  ASSERT_EQ(mine.fences.size(), 1U);
  EXPECT_EQ(mine.fences[0].kind, FenceKind::host_timeline);
  for (const TextureFormat format : cgl::formats()) {
    EXPECT_TRUE(std::any_of(mine.textures.begin(), mine.textures.end(), [&](const TextureCapability& row) {
      return row.format == format && row.handle_kind == HandleKind::io_surface && row.exportable && row.importable;
    })) << to_string(format);
  }
  // Another device of CGL's, and what there is none of.
  opengl::Options options;
  options.device_index = 1;
  auto other = opengl::create_manager(options);
  ASSERT_TRUE(other) << other.error().to_string();
  EXPECT_EQ((*other)->capabilities().identity.metal_registry_id, apple_double::external);
  options.device_index = 2;
  EXPECT_EQ(opengl::create_manager(options).error().code(), ErrorCode::not_available);
  options.device_index.reset();
  options.profile = opengl::Profile::es;
  EXPECT_EQ(opengl::create_manager(options).error().code(), ErrorCode::not_available);
  EXPECT_EQ(opengl::wrap_current_context().error().code(), ErrorCode::not_available);
}

TEST_F(Cgl, TexturesAreRectangles) {
  auto texture = gl().create_texture(describe(TextureFormat::nv12), HandleKind::io_surface);
  ASSERT_TRUE(texture) << texture.error().to_string();
  const auto native = opengl::native(**texture);
  ASSERT_TRUE(native);
  EXPECT_EQ(native->target, rectangle);
  EXPECT_EQ(native->plane_count, 2U);
  EXPECT_EQ(native->planes[0].internal_format, 0x8229U);  // GL_R8
  EXPECT_EQ(native->planes[1].internal_format, 0x822BU);  // GL_RG8
  EXPECT_NE(native->planes[0].name, native->planes[1].name);
  EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
  auto shape = describe(TextureFormat::bgra8_unorm);
  shape.mip_levels = 2;
  EXPECT_EQ(gl().create_texture(shape, HandleKind::io_surface).error().code(), ErrorCode::unsupported);
  auto none = gl().create_texture(describe(TextureFormat::rgba32_float), HandleKind::io_surface);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::unsupported);
}

TEST_F(Cgl, CallersContextsAreWrapped) {
  ASSERT_TRUE(opengl::make_current(gl()));
  {
    auto wrapped = opengl::wrap_current_context();
    ASSERT_TRUE(wrapped) << wrapped.error().to_string();
    auto texture = (*wrapped)->create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
    ASSERT_TRUE(texture) << texture.error().to_string();
    // Not this one's: it would find its names in another context.
    EXPECT_EQ(gl().export_texture(**texture).error().code(), ErrorCode::invalid_argument);
    opengl::release_current(gl());
    EXPECT_EQ((*wrapped)->create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface).error().code(),
              ErrorCode::invalid_argument);
    ASSERT_TRUE(opengl::make_current(gl()));
  }
  opengl::release_current(gl());
}

TEST_F(Cgl, LyingParcelsAreRefusedByField) {
  auto texture = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto smaller = parcel_of(first(), **texture);
  smaller.descriptor.extent.width /= 2;
  auto refused = gl().import_shared_texture(std::move(smaller));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
  EXPECT_NE(refused.error().to_string().find("descriptor.extent"), std::string::npos) << refused.error().to_string();
  auto shorter = parcel_of(first(), **texture);
  shorter.layout.planes[0].stride += 64;
  shorter.layout.allocation_size += 64U * 22;
  EXPECT_EQ(gl().import_shared_texture(std::move(shorter)).error().code(), ErrorCode::incompatible_layout);
  // The right of something else.
  auto memory = host::create_manager();
  ASSERT_TRUE(memory);
  auto plain = (*memory)->create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::host_memory);
  ASSERT_TRUE(plain);
  auto theirs = parcel_of(**memory, **plain);
  auto parcel = parcel_of(first(), **texture);
  parcel.handles[0] = OwnedHandle::adopt(HandleKind::io_surface, theirs.handles[0].detach());
  EXPECT_EQ(gl().import_shared_texture(std::move(parcel)).error().code(), ErrorCode::invalid_handle);
}

TEST_F(Cgl, CopiesOnTheDevice) {
  auto end = make_cgl_end();
  ASSERT_TRUE(end) << end.error().to_string();
  TextureShareManager& manager = (*end)->manager();
  for (const TextureFormat format : {TextureFormat::bgra8_unorm, TextureFormat::nv12, TextureFormat::rgba16_float}) {
    SCOPED_TRACE(to_string(format));
    const TextureDescriptor d = describe(format);
    auto from = manager.create_texture(d, HandleKind::io_surface);
    auto to = manager.create_texture(d, HandleKind::io_surface);
    ASSERT_TRUE(from && to);
    const auto picture = make_pattern(d, 7);
    auto write = (*from)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(write);
    ASSERT_TRUE((*end)->fill(**from, picture));
    auto written = (*from)->end_access(*std::move(write));
    ASSERT_TRUE(written);
    auto reading = (*from)->begin_access(AccessMode::read, *written);
    auto writing = (*to)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(reading && writing);
    auto copied = manager.copy_texture(**from, **to);
    ASSERT_TRUE(copied) << copied.error().to_string();
    ASSERT_TRUE((*from)->end_access(*std::move(reading)));
    auto state = (*to)->end_access(*std::move(writing));
    ASSERT_TRUE(state);
    auto last = (*to)->begin_access(AccessMode::read, *state);
    ASSERT_TRUE(last);
    auto seen = (*end)->read(**to);
    ASSERT_TRUE(seen);
    EXPECT_EQ(difference(d, picture, *seen), "");
    ASSERT_TRUE((*to)->end_access(*std::move(last)));
  }
}

TEST_F(Cgl, ForeignFencesAreRefused) {
  auto texture = gl().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto event = first().create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(event);
  EXPECT_EQ((*texture)->set_signal_fence(*event).error().code(), ErrorCode::invalid_argument);
  AccessState state;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*event, 1}));
  auto refused = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace geyser::test
