// Adapters: which GPU a device is on, by the number that the system gives it (LUID).
#pragma once

#include <dxgi1_4.h>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/identity.hpp>

#include "dxgi/com.hpp"

namespace geyser::dxgi {

[[nodiscard]] GEYSER_API std::array<std::uint8_t, 8> luid_bytes(const LUID& luid) noexcept;

// Name, LUID and driver version of an adapter. A LUID holds until the system starts anew or the GPU goes.
// Errors: device_lost and others of the adapter.
[[nodiscard]] GEYSER_API Result<DeviceIdentity> identify(IDXGIAdapter& adapter);

// dxgi.dll's factory, loaded at run time. Errors: not_available.
[[nodiscard]] GEYSER_API Result<Com<IDXGIFactory1>> create_factory();

// Errors: not_available (no DXGI, no adapter of that LUID: those that there are are named).
[[nodiscard]] GEYSER_API Result<Com<IDXGIAdapter1>> find_adapter(const std::array<std::uint8_t, 8>& luid);

}  // namespace geyser::dxgi
