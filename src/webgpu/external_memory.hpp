// Memory of others as Dawn opens it, and what an access to it begins and ends with beside fences: fd_memory.cpp,
// win32_memory.cpp, metal_memory.cpp. Dawn makes none of it for others, on no system.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/texture.hpp>

#include "webgpu/device.hpp"

namespace geyser::webgpu {

// The ways in which this device opens a format, made from a row that says its name and all its usages.
void add_shared_rows(const Device& device, TextureCapability row, std::vector<TextureCapability>& rows);

struct ImportedMemory {
  // The caller's to release, also after an error: it may be one of Dawn's error objects.
  WGPUSharedTextureMemory memory = nullptr;
  std::shared_ptr<void> keep;  // as long as the memory is used
};
// The parcel's handles stay its own: Dawn has its own references. `usages`: all that Dawn lets a texture of the format
// be used for.
Result<void> import_memory(Device& device, const ApiTextureHandle& parcel, TextureUsage usages, ImportedMemory& out);

// Calls `call` with what the system wants to be chained to an access's beginning.
void with_begin_state(WGPUSharedTextureMemoryBeginAccessDescriptor& descriptor, const std::function<void()>& call);
// The same at its end. Errors: unsupported (what Dawn then says of the memory is not how it is published).
Result<void> with_end_state(WGPUSharedTextureMemoryEndAccessState& state, const std::function<void()>& call);

}  // namespace geyser::webgpu
