#include <geyser/identity.hpp>

#include "common/text.hpp"

namespace geyser {

bool same_device_and_driver(const DeviceIdentity& a, const DeviceIdentity& b) noexcept {
  // Windows names an adapter by it, and drivers give two of one model one UUID there.
  if (a.has_luid && b.has_luid && (a.luid != b.luid || a.node_mask != b.node_mask)) return false;
  if (!a.has_uuids || !b.has_uuids || a.device_uuid != b.device_uuid) return false;
  return a.driver_uuid == b.driver_uuid || a.driver_uuid == Uuid{} || b.driver_uuid == Uuid{};
}

bool same_adapter(const DeviceIdentity& a, const DeviceIdentity& b) noexcept {
  return a.has_luid && b.has_luid && a.luid == b.luid;
}

std::string to_string(const Uuid& uuid) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : uuid) {
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

std::string to_string(const DeviceIdentity& identity) {
  const std::string name = identity.device_name.empty() ? std::string("unnamed device") : identity.device_name;
  if (!identity.has_uuids) return name + " (no UUIDs)";
  return detail::text(name, " (device ", to_string(identity.device_uuid), ", driver ", to_string(identity.driver_uuid),
                      ")");
}

}  // namespace geyser
