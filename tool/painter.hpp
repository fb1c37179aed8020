// Draws a frame of a feed, and text over it, by OpenGL 3.3 and later.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>

#include "texel.hpp"

namespace geyser::tool {

using GlProcedure = void (*)();
using GlLoader = std::function<GlProcedure(const char* name)>;

class Painter {
 public:
  // The context is current, here and in every call. Errors: not_available (a missing function, a shader).
  [[nodiscard]] static Result<std::unique_ptr<Painter>> create(const GlLoader& load);
  virtual ~Painter() = default;

  // Whether this program can draw such a texture; empty, or why not.
  [[nodiscard]] static std::string why_not(const TextureDescriptor& descriptor);

  // Fills the target with black.
  virtual void begin(int width, int height) = 0;
  // As large as it fits, upright, in its colours, over a checkerboard where it is transparent.
  virtual void draw(std::uint32_t texture, const TextureDescriptor& descriptor) = 0;
  // Lines of text from a corner; `scale` 1 is seven pixels high.
  virtual void text(int x, int y, int scale, const std::string& lines) = 0;
  // A target of its own instead of the window's, and what was drawn into it, top row first.
  [[nodiscard]] virtual Result<void> use_own_target(int width, int height) = 0;
  [[nodiscard]] virtual Picture read(int width, int height) = 0;
};

}  // namespace geyser::tool
