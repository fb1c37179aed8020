// A context of the test's own over the double of WGL_NV_DX_interop2, and a device of the stand-in of Direct3D 11.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

#include <geyser/opengl.hpp>

#include "d3d11/stand_in.hpp"
#include "wgl/callers_context.hpp"
#include "wgl/interop_double.hpp"

namespace geyser::test {

class InteropDriver {
 public:
  explicit InteropDriver(const stand_in::Options& options = {}) : device(stand_in::make_device(options)) {
    below_.make_current();
    auto system = opengl::wrap_current_context();
    EXPECT_TRUE(system) << (system ? "" : system.error().to_string());
    if (system) system_ = *std::move(system);
    wgl.emplace([this](const char* name) { return opengl::get_procedure(*system_, name); });
    use();
  }
  ~InteropDriver() {
    EXPECT_EQ(wgl->devices(), 0U) << "the driver's device is closed with its manager";
    EXPECT_EQ(wgl->objects(), 0U);
    wgl.reset();
    below_.make_current();
    system_.reset();
  }
  // Its context is current from then on.
  void use() const { context_.make_current(); }
  void leave() const { context_.release(); }
  Result<std::unique_ptr<TextureShareManager>> manager(DiagnosticHandler diagnostics) const {
    use();
    opengl::WrapOptions options;
    options.procedure = &InteropDouble::find;
    options.diagnostics = std::move(diagnostics);
    options.direct3d_device = device.get();
    return opengl::wrap_current_context(options);
  }

  dxgi::Com<ID3D11Device> device;
  std::optional<InteropDouble> wgl;

 private:
  CallersContext below_, context_;
  std::unique_ptr<TextureShareManager> system_;
};

}  // namespace geyser::test
