// HRESULT in Geyser's words.
#pragma once

#include <windows.h>

#include <string>

#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser::dxgi {

// "DXGI_ERROR_DEVICE_REMOVED"; "HRESULT 0x8899000a" for those without a name here.
[[nodiscard]] GEYSER_API std::string result_name(HRESULT result);
// Whether the device is gone: removed, reset or hung.
[[nodiscard]] GEYSER_API bool is_device_lost(HRESULT result) noexcept;
// "<call> failed." with the code and its name. Every HRESULT but S_OK is an error here: some codes that count as
// success (WAIT_TIMEOUT, WAIT_ABANDONED, S_FALSE, DXGI_STATUS_OCCLUDED) are none.
[[nodiscard]] GEYSER_API GeyserError make_error(HRESULT result, const char* call);
// As above with another code for what does not say itself what it is (E_INVALIDARG, E_FAIL and unknown ones): a handle
// that no driver opens is invalid_handle.
[[nodiscard]] GEYSER_API GeyserError make_error(HRESULT result, const char* call, ErrorCode otherwise);

}  // namespace geyser::dxgi
