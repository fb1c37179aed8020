#include <geyser/opengl.hpp>
#ifdef GEYSER_TEST_VULKAN
#include <geyser/vulkan.hpp>
#endif

#include "opengl/staging.hpp"
#include "opengl/texture.hpp"
#include "support/end.hpp"

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
    auto manager = opengl::create_manager(options);
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
      return manager_->use_allocator(allocator_);
    }
#endif
    return {};
  }
  TextureShareManager& manager() override { return *manager_; }
  Result<void> settle() override {
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
    const auto& context = static_cast<opengl::GlTexture&>(texture).context();
    auto current = opengl::Current::open(*context);
    if (!current) return fail(std::move(current.error()));
    auto staging = opengl::Staging::create(context, texture.descriptor(), opengl::native(texture)->name);
    if (!staging) return fail(std::move(staging.error()));
    auto copied = staging->upload(bytes);
    if (!copied) return fail(std::move(copied.error()));
    return {};
  }

  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    const auto& context = static_cast<opengl::GlTexture&>(texture).context();
    auto current = opengl::Current::open(*context);
    if (!current) return fail(std::move(current.error()));
    auto staging = opengl::Staging::create(context, texture.descriptor(), opengl::native(texture)->name);
    if (!staging) return fail(std::move(staging.error()));
    std::vector<std::byte> bytes(host_size(texture.descriptor()));
    auto copied = staging->download(bytes);
    if (!copied) return fail(std::move(copied.error()));
    return bytes;
  }

 private:
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
