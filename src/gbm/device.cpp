#include "gbm/device.hpp"

#include <utility>

#include "common/text.hpp"
#include "platform/drm_node.hpp"

namespace geyser::gbm {

using detail::text;

Result<std::shared_ptr<Device>> Device::open(const platform::DynamicLibrary& library, const std::string& path,
                                             bool scanout) {
  auto functions = load_gbm(library);
  if (!functions) return fail(std::move(functions.error()));
  auto node = platform::open_drm_node(path);
  if (!node) return fail(std::move(node.error()));
  std::shared_ptr<Device> device(new Device);
  device->library_ = library;
  device->functions_ = *functions;
  device->node_ = *std::move(node);
  device->gbm_ = functions->gbm_create_device(static_cast<int>(device->node_.get()));
  if (device->gbm_ == nullptr) {
    return fail(ErrorCode::not_available, text("GBM has no driver for DRM node [", path, "]."));
  }
  if (scanout) device->use_ |= use_scanout;
  DeviceIdentity& identity = device->identity_;
  identity.has_render_node = path.find("renderD") != std::string::npos;
  if (identity.has_render_node) identity.render_node = platform::drm_node_number(device->node_.get());
  identity.device_name = text(path, " (", platform::drm_driver_name(device->node_.get()), ")");
  const char* backend = functions->gbm_device_get_backend_name(device->gbm_);
  identity.driver_name = text("GBM ", backend != nullptr ? backend : "");
  return device;
}

Device::~Device() {
  if (gbm_ != nullptr) functions_.gbm_device_destroy(gbm_);
}

}  // namespace geyser::gbm
