// Dma-bufs between us and GStreamer: pipelines that read ours, pipelines that hand them on untouched, and one that
// gives us its own, rendered by its OpenGL.
#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "contract/host_dma_buf.hpp"
#include "outside/gst_pipe.hpp"
#include "outside/proven.hpp"

namespace geyser::test {
namespace {

class GStreamer : public HostDmaBuf {
 public:
  static void SetUpTestSuite() {
    gst_init(nullptr, nullptr);
    std::printf("%s\n", version().c_str());
  }

 protected:
  static std::string version() {
    gchar* text = gst_version_string();
    std::string copy = text;
    g_free(text);
    return copy;
  }
  // ./dev outside has installed everything.
  static bool must_run() { return std::getenv("GEYSER_OUTSIDE") != nullptr; }

  // A pipeline that has been let go of is destroyed by the last of its threads.
  static std::size_t settled_descriptors() {
    std::size_t count = 0;
    for (int equal = 0; equal < 5;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const std::size_t now = open_descriptors();
      equal = now == count ? equal + 1 : 0;
      count = now;
    }
    return count;
  }
  static Result<std::unique_ptr<SharedTexture>> create(TextureShareManager& maker,
                                                       const TextureDescriptor& descriptor) {
    if (maker.capabilities().api == Api::host) return maker.create_texture(descriptor, HandleKind::dma_buf);
    // A CPU opens dma-bufs with rows of pixels, which are all that GStreamer 1.22 knows.
    NegotiationPolicy policy;
    policy.allow_host_linear = policy.allow_host_copy = false;
    auto agreement = negotiate(descriptor, maker.capabilities(), host().manager().capabilities(), policy);
    if (!agreement) return fail(std::move(agreement.error()));
    EXPECT_EQ(agreement->handle_kind, HandleKind::dma_buf) << to_string(*agreement);
    return maker.create_texture(descriptor, *agreement);
  }
  // A parcel of `descriptor` made by `maker`, with a picture written in an access of ours.
  static ApiTextureHandle made_by(End& maker, const TextureDescriptor& descriptor, std::uint32_t seed) {
    auto texture = create(maker.manager(), descriptor);
    EXPECT_TRUE(texture) << texture.error().to_string();
    if (!texture) return {};
    write(maker, **texture, seed);
    auto parcel = maker.manager().export_texture(**texture);
    EXPECT_TRUE(parcel) << parcel.error().to_string();
    return parcel ? *std::move(parcel) : ApiTextureHandle{};
  }
  // As above by the host, in a buffer with offsets and strides that nobody would choose.
  static ApiTextureHandle oddly_made(const TextureDescriptor& descriptor, std::uint32_t seed) {
    Foreign odd;
    odd.first = 4096 + 36;
    odd.padding = descriptor.format == TextureFormat::r8_unorm || descriptor.format == TextureFormat::nv12 ? 37 : 36;
    odd.gap = 1000;
    ApiTextureHandle parcel = foreign_parcel(descriptor, odd);
    auto opened = host().manager().import_shared_texture(*parcel.duplicate());
    EXPECT_TRUE(opened) << opened.error().to_string();
    if (opened) write(host(), **opened, seed);
    return parcel;
  }
  static void write(End& end, SharedTexture& texture, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::discard, {});
    ASSERT_TRUE(access) << access.error().to_string();
    ASSERT_TRUE(end.fill(texture, make_pattern(texture.descriptor(), seed)));
    ASSERT_TRUE(texture.end_access(*std::move(access)));
  }
  static std::vector<std::byte> read(End& end, const ApiTextureHandle& parcel) {
    auto opened = end.manager().import_shared_texture(*parcel.duplicate());
    EXPECT_TRUE(opened) << opened.error().to_string();
    if (!opened) return {};
    auto access = (*opened)->begin_access(AccessMode::read, written());
    EXPECT_TRUE(access) << access.error().to_string();
    auto seen = end.read(**opened);
    EXPECT_TRUE(seen) << seen.error().to_string();
    EXPECT_TRUE((*opened)->end_access(*std::move(access)));
    EXPECT_EQ((*opened)->statistics().bytes_copied, 0U);
    return seen ? *std::move(seen) : std::vector<std::byte>{};
  }

  // What GStreamer makes of our memory is what it makes of the same picture in its own.
  static void expect_converted(const ApiTextureHandle& parcel, std::uint32_t seed) {
    const TextureDescriptor& d = parcel.descriptor;
    TextureDescriptor other = d;
    other.format = d.format == TextureFormat::rgba8_unorm ? TextureFormat::bgra8_unorm : TextureFormat::rgba8_unorm;
    const std::string description =
        "appsrc name=in format=time caps=" + caps_of(d) + " ! videoconvert ! " + caps_of(other) + " ! appsink name=out";
    std::vector<std::byte> seen[2];
    for (const bool own : {false, true}) {
      auto pipe = GstPipe::start(description);
      ASSERT_NE(pipe, nullptr);
      pipe->push(own ? to_gst(d, make_pattern(d, seed)) : to_gst(parcel));
      const auto sample = pipe->pull();
      ASSERT_NE(sample, nullptr);
      seen[own ? 1 : 0] = read_sample(sample.get(), other);
    }
    EXPECT_EQ(difference(other, seen[1], seen[0]), "");
    if (d.format != TextureFormat::rgba8_unorm) return;
    // Of this conversion we know the result.
    std::vector<std::byte> expected = make_pattern(d, seed);
    for (std::size_t i = 0; i + 3 < expected.size(); i += 4) std::swap(expected[i], expected[i + 2]);
    EXPECT_EQ(difference(other, expected, seen[0]), "");
  }
};

TEST_F(GStreamer, ReadsOurDmaBufs) {
  std::size_t before = 0;
  std::size_t read = 0;
  for (const TextureFormat format :
       {TextureFormat::rgba8_unorm, TextureFormat::bgra8_unorm, TextureFormat::rgb565_unorm, TextureFormat::r8_unorm,
        TextureFormat::nv12, TextureFormat::p010, TextureFormat::i420}) {
    SCOPED_TRACE(format_info(format).name);
    expect_converted(made_by(host(), of(format), 1), 1);
    expect_converted(oddly_made(of(format), 2), 2);
    read += 2;
    if (before == 0) before = settled_descriptors();  // GStreamer keeps some from the first time
  }
  EXPECT_EQ(settled_descriptors(), before);
  if (End* driver = vulkan()) {
    expect_converted(made_by(*driver, of(TextureFormat::rgba8_unorm), 3), 3);
    ++read;
  }
  proven("GStreamer's videoconvert reads our dma-bufs, " + std::to_string(read) + " layouts");
}

// A buffer that we gave comes out of a pipeline as the same kernel object, and is opened again.
TEST_F(GStreamer, HandsOurDmaBufsOn) {
  for (const TextureFormat format : {TextureFormat::rgba8_unorm, TextureFormat::nv12}) {
    SCOPED_TRACE(format_info(format).name);
    const TextureDescriptor d = of(format);
    const ApiTextureHandle parcel = oddly_made(d, 4);
    auto pipe = GstPipe::start("appsrc name=in format=time caps=" + caps_of(d) + " ! queue ! videoconvert ! " +
                               caps_of(d) + " ! appsink name=out");
    ASSERT_NE(pipe, nullptr);
    pipe->push(to_gst(parcel));
    const auto sample = pipe->pull();
    ASSERT_NE(sample, nullptr);
    auto back = to_parcel(sample.get(), d);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*platform::kernel_identity(back->handles[0].get()), *platform::kernel_identity(parcel.handles[0].get()));
    for (std::uint32_t plane = 0; plane < parcel.layout.plane_count; ++plane) {
      EXPECT_EQ(back->layout.planes[plane], parcel.layout.planes[plane]);
    }
    EXPECT_EQ(difference(d, make_pattern(d, 4), read(host(), *back)), "");
    End* driver = format == TextureFormat::rgba8_unorm ? vulkan() : nullptr;
    if (driver != nullptr) {
      EXPECT_EQ(difference(d, make_pattern(d, 4), read(*driver, *back)), "");
    }
  }
  proven("a dma-buf of ours goes through a GStreamer pipeline and is opened again");
}

// GStreamer renders with OpenGL and downloads as a dma-buf: the memory that its texture is in.
TEST_F(GStreamer, GivesUsItsDmaBufs) {
  GstElementFactory* source = gst_element_factory_find("gltestsrc");
  if (source == nullptr || driver_manifest("mesa25") == nullptr) {
    EXPECT_FALSE(must_run());
    std::printf("NOT RUN: needs GStreamer's OpenGL (gstreamer1.0-gl) and Mesa 25, whose EGL exports dma-bufs\n");
    GTEST_SKIP();
  }
  gst_object_unref(source);
  for (const std::uint32_t width : {64U, 61U}) {
    SCOPED_TRACE(width);
    TextureDescriptor d = of(TextureFormat::rgba8_unorm);
    d.extent.width = width;
    const std::string size = ",format=RGBA,width=" + std::to_string(width) + ",height=35";
    const auto picture_of = [&](const std::string& memory) {
      return GstPipe::start("gltestsrc pattern=mandelbrot num-buffers=1 ! video/x-raw(memory:GLMemory)" + size +
                            " ! gldownload ! video/x-raw" + memory + " ! appsink name=out");
    };
    auto plain = picture_of("");
    ASSERT_NE(plain, nullptr);
    const auto expected = plain->pull();
    ASSERT_NE(expected, nullptr);
    const auto picture = read_sample(expected.get(), d);
    plain.reset();
    EXPECT_GT(std::set<std::byte>(picture.begin(), picture.end()).size(), 16U) << "not one colour";

    auto pipe = picture_of("(memory:DMABuf)");
    ASSERT_NE(pipe, nullptr);
    const auto sample = pipe->pull();
    ASSERT_NE(sample, nullptr);
    const auto parcel = to_parcel(sample.get(), d);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    EXPECT_EQ(parcel->layout.planes[0].stride, 256U) << "the driver's rows, not those of the caps";
    EXPECT_EQ(difference(d, picture, read(host(), *parcel)), "");
    EXPECT_EQ(difference(d, picture, read(*vulkan(), *parcel)), "");
  }
  proven("host and Vulkan open the dma-bufs of GStreamer's OpenGL");
}

}  // namespace
}  // namespace geyser::test
