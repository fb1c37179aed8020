// Which device and driver something lives on. Opaque handles open only where both UUIDs are equal.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <geyser/export.hpp>

namespace geyser {

using Uuid = std::array<std::uint8_t, 16>;

struct PciAddress {
  std::uint32_t domain = 0, bus = 0, device = 0, function = 0;
  friend bool operator==(const PciAddress&, const PciAddress&) = default;
};

// A DRM device node's number; the kernel's major and minor.
struct DrmNode {
  std::int64_t major = 0, minor = 0;
  friend bool operator==(const DrmNode&, const DrmNode&) = default;
};

// What is not known stays empty (has_* false, zero, empty string).
struct DeviceIdentity {
  bool has_uuids = false;
  Uuid device_uuid{};
  Uuid driver_uuid{};
  bool has_luid = false;
  std::array<std::uint8_t, 8> luid{};
  std::uint32_t node_mask = 0;
  bool has_pci = false;
  PciAddress pci;
  bool has_render_node = false;
  DrmNode render_node;
  std::uint64_t metal_registry_id = 0;
  std::string device_name;  // for people
  std::string driver_name;  // for people, with its version

  friend bool operator==(const DeviceIdentity&, const DeviceIdentity&) = default;
};

// Whether opaque handles of `a` open on `b`: both have UUIDs and all 32 bytes are equal (compared as bytes). A driver
// UUID of zeroes is not known (CUDA names devices only), and the device's alone decides.
[[nodiscard]] GEYSER_API bool same_device_and_driver(const DeviceIdentity& a, const DeviceIdentity& b) noexcept;
// Whether both are on one adapter of Windows, by its LUID: where handles of Direct3D (d3d_nt, d3d_kmt, d3d12_fence)
// open.
[[nodiscard]] GEYSER_API bool same_adapter(const DeviceIdentity& a, const DeviceIdentity& b) noexcept;
// "llvmpipe (device 6d65..., driver 6c6c...)"
[[nodiscard]] GEYSER_API std::string to_string(const DeviceIdentity& identity);
[[nodiscard]] GEYSER_API std::string to_string(const Uuid& uuid);  // 32 hexadecimal digits

}  // namespace geyser
