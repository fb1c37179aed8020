// Who the device is. Dawn says names and numbers of its adapter; UUIDs, LUIDs and registry ids are the system's to say.
#include <utility>

#include "common/text.hpp"
#include "webgpu/device.hpp"
#include "webgpu/error.hpp"

namespace geyser::webgpu {

using detail::text;

Result<void> Device::identify(const KnownDevice& known) {
  WGPUAdapterInfo info = WGPU_ADAPTER_INFO_INIT;
  if (functions().wgpuAdapterGetInfo(native_.adapter, &info) != WGPUStatus_Success) {
    return fail(make_status_error("wgpuAdapterGetInfo"));
  }
  identity_.device_name = to_text(info.device);
  identity_.driver_name = to_text(info.description);
  const bool shares = shares_on(info.backendType);
  if (shares) system_ = ask_system(loader_, native_, info, known, identity_);
  functions().wgpuAdapterInfoFreeMembers(info);
  if (shares) return {};
  return fail(ErrorCode::invalid_argument,
              text("The device [", identity_.device_name, "] is not one of Dawn's ", backend_name(), " backend."));
}

}  // namespace geyser::webgpu
