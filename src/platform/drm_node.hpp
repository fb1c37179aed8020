// Nodes of DRM drivers: /dev/dri. Only Linux has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>
#include <geyser/identity.hpp>

namespace geyser::platform {

// Their paths, render nodes first: no display server minds who opens those.
[[nodiscard]] GEYSER_API std::vector<std::string> drm_node_paths();

// Errors: not_available (it cannot be opened, or is no such node).
[[nodiscard]] GEYSER_API Result<OwnedHandle> open_drm_node(const std::string& path);
// "virtio_gpu"; empty when it does not say.
[[nodiscard]] GEYSER_API std::string drm_driver_name(NativeHandle node);
// The node's own number. Zeroes when the kernel does not say.
[[nodiscard]] GEYSER_API DrmNode drm_node_number(NativeHandle node) noexcept;

// A dma-buf of an object that `object` names at this node, for reading and writing where the driver lets it be written.
// Errors: operating_system.
[[nodiscard]] GEYSER_API Result<OwnedHandle> export_drm_object(NativeHandle node, std::uint32_t object);

}  // namespace geyser::platform
