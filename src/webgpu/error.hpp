// Dawn's statuses and error messages in Geyser's words.
#pragma once

#include <string>

#include <webgpu/webgpu.h>

#include <geyser/error.hpp>

namespace geyser::webgpu {

std::string to_text(WGPUStringView view);
// "WGPUErrorType_Validation"
std::string error_name(WGPUErrorType type);

// What an error scope caught of `call`. Dawn's sentence is kept, the lines on where it was are not.
GeyserError make_error(WGPUErrorType type, WGPUStringView message, const char* call);
// A call that answers a status and said no more.
GeyserError make_status_error(const char* call);

}  // namespace geyser::webgpu
