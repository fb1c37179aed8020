// What an end of the demo does with its API: reads one texture in a shader and writes another.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <geyser/geyser.hpp>

namespace demo {

class Pass {
 public:
  virtual ~Pass() = default;
  virtual geyser::TextureShareManager& manager() = 0;
  // What `target` must be usable as, in this API.
  virtual geyser::TextureUsage target_usage() const = 0;
  // Fills all of `target` from `source`; both are open and of manager(). With a phase the picture is turned, zoomed
  // and tinted; without, each texel is copied by the shader.
  virtual geyser::Result<void> run(geyser::SharedTexture& source, geyser::SharedTexture& target,
                                   std::optional<float> phase) = 0;
};

// "host", "vulkan", "opengl", "opengl_es", as far as this build has them.
std::vector<std::string> pass_names();
geyser::Result<std::unique_ptr<Pass>> make_pass(const std::string& name, geyser::DiagnosticHandler diagnostics);

geyser::Result<std::unique_ptr<Pass>> make_host_pass(geyser::DiagnosticHandler diagnostics);
geyser::Result<std::unique_ptr<Pass>> make_vulkan_pass(geyser::DiagnosticHandler diagnostics);
geyser::Result<std::unique_ptr<Pass>> make_opengl_pass(bool es, geyser::DiagnosticHandler diagnostics);

// A texture of the pass's API beside plain bytes: the way in for the picture, the way out for what was seen.
class PlainTexture {
 public:
  static geyser::Result<PlainTexture> create(Pass& pass, geyser::Extent3D extent);
  geyser::SharedTexture& texture() { return *texture_; }
  // Rows of rgba8, without padding.
  geyser::Result<void> put(const std::vector<std::byte>& pixels);
  geyser::Result<std::vector<std::byte>> get();
  // Runs `pass` from `source`, which is open, into this texture.
  geyser::Result<void> fill(Pass& pass, geyser::SharedTexture& source);
  // Runs `pass` from this texture into `target`, which is open.
  geyser::Result<void> draw(Pass& pass, geyser::SharedTexture& target, float phase);

 private:
  std::shared_ptr<geyser::TextureShareManager> host_;
  std::unique_ptr<geyser::SharedTexture> bytes_;  // the same memory, mapped
  std::unique_ptr<geyser::SharedTexture> texture_;
  geyser::AccessState state_;
};

// FNV-1a, 64 bits.
std::uint64_t checksum(const std::vector<std::byte>& bytes);

}  // namespace demo
