// What OpenGL offers of WGL_NV_DX_interop2: what the driver and the device have, and nothing else.
#include <algorithm>
#include <string>
#include <utility>

#include "wgl/dx_interop.hpp"

namespace geyser::test {
namespace {

TEST_F(DxInterop, OffersWhatTheDeviceSharesAndTheDriverBorrows) {
  const Capabilities& capabilities = opengl_->capabilities();
  EXPECT_EQ(capabilities.api, Api::opengl);
  EXPECT_TRUE(capabilities.identity.has_luid);
  EXPECT_EQ(capabilities.identity.luid, direct3d_->capabilities().identity.luid);
  for (const HandleKind kind : {HandleKind::d3d_nt, HandleKind::d3d_kmt}) {
    for (const TextureFormat format :
         {TextureFormat::rgba8_unorm, TextureFormat::bgra8_unorm, TextureFormat::rgba16_float}) {
      const auto rows = rows_of(capabilities, format);
      const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& one) { return one.handle_kind == kind; });
      ASSERT_NE(row, rows.end()) << to_string(kind) << " " << to_string(format);
      EXPECT_TRUE(row->importable && row->exportable && row->requires_dedicated);
      EXPECT_EQ(row->dimensions, dimension_bit(TextureDimension::two_d));
      EXPECT_EQ(row->max_mip_levels, 1U);
      EXPECT_EQ(row->max_array_layers, 1U);
      EXPECT_TRUE(contains(row->usages, TextureUsage::sampled | TextureUsage::color_attachment));
      EXPECT_FALSE(contains(row->usages, TextureUsage::storage));
    }
  }
  const auto& fences = capabilities.fences;
  const auto fence =
      std::find_if(fences.begin(), fences.end(), [](const auto& row) { return row.kind == FenceKind::d3d12_fence; });
  ASSERT_NE(fence, fences.end());
  EXPECT_TRUE(fence->importable && fence->exportable && fence->cpu_access);
  EXPECT_FALSE(fence->gpu_wait) << "the CPU waits before the lock";
  EXPECT_TRUE(said_.empty());
}

TEST_F(DxInterop, OffersNothingWhereTheDriverLacksIt) {
  for (const char* gone : {"WGL_NV_DX_interop2", "wglDXOpenDeviceNV", "wglDXCloseDeviceNV", "wglDXRegisterObjectNV",
                           "wglDXUnregisterObjectNV", "wglDXObjectAccessNV", "wglDXLockObjectsNV",
                           "wglDXUnlockObjectsNV", "wglGetExtensionsStringARB"}) {
    SCOPED_TRACE(gone);
    driver_->wgl->without = {gone};
    open_opengl();
    EXPECT_FALSE(offers(*opengl_, HandleKind::d3d_nt));
    EXPECT_FALSE(offers(*opengl_, FenceKind::d3d12_fence));
    EXPECT_FALSE(opengl_->capabilities().identity.has_luid);
    ASSERT_EQ(said_.size(), 1U);
    const bool named = gone == std::string("wglGetExtensionsStringARB")
                           ? said_[0].find("[WGL_NV_DX_interop2]") != std::string::npos
                           : said_[0].find(std::string("[") + gone + "]") != std::string::npos;
    EXPECT_TRUE(named) << said_[0];
    EXPECT_EQ(driver_->wgl->devices(), 0U);
    auto copied = opengl_->create_texture(picture(), HandleKind::host_memory);
    EXPECT_TRUE(copied) << "what needs no Direct3D works";
  }
}

// Handles that the driver opens by itself are better: no lock, and the device waits.
TEST_F(DxInterop, IsNotUsedWhereTheDriverOpensHandles) {
  driver_->wgl->with = {"GL_EXT_memory_object_win32"};
  open_opengl();
  EXPECT_EQ(driver_->wgl->devices(), 0U);
  EXPECT_TRUE(said_.empty());
}

TEST_F(DxInterop, ADeviceThatTheDriverDoesNotReachIsTold) {
  opengl_.reset();
  for (const auto& [number, name] : {std::pair<DWORD, const char*>{ERROR_NOT_SUPPORTED, "ERROR_NOT_SUPPORTED"},
                                     std::pair<DWORD, const char*>{ERROR_OPEN_FAILED, "ERROR_OPEN_FAILED"}}) {
    stand_in::answer_next("wglDXOpenDeviceNV", static_cast<HRESULT>(number));
    open_opengl();
    EXPECT_FALSE(offers(*opengl_, HandleKind::d3d_nt));
    ASSERT_EQ(said_.size(), 1U);
    EXPECT_NE(said_[0].find(name), std::string::npos) << said_[0];
  }
}

TEST_F(DxInterop, ADeviceForOneThreadAndOneThatIsGoneAreRefused) {
  opengl_.reset();
  stand_in::set_creation_flags(*driver_->device.get(), D3D11_CREATE_DEVICE_SINGLETHREADED);
  auto single = driver_->manager({});
  ASSERT_FALSE(single);
  EXPECT_EQ(single.error().code(), ErrorCode::invalid_argument) << single.error().to_string();
  stand_in::set_creation_flags(*driver_->device.get(), 0);
  stand_in::remove_device(*driver_->device.get(), DXGI_ERROR_DEVICE_HUNG);
  auto gone = driver_->manager({});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ErrorCode::device_lost) << gone.error().to_string();
}

// What the driver makes of a texture is looked at.
TEST_F(DxInterop, AFormatThatBecomesAnotherIsNotOffered) {
  driver_->wgl->makes = {{TextureFormat::rgba8_srgb, GL_RGBA8}};
  open_opengl();
  EXPECT_TRUE(offers(*opengl_, HandleKind::d3d_nt));
  for (const TextureCapability& row : rows_of(opengl_->capabilities(), TextureFormat::rgba8_srgb)) {
    EXPECT_EQ(row.handle_kind, HandleKind::host_memory);
  }
  EXPECT_TRUE(said_.empty()) << "others work";
  EXPECT_EQ(driver_->wgl->objects(), 0U) << "what was tried is given back";
}

}  // namespace
}  // namespace geyser::test
