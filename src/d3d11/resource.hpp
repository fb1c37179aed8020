// Textures of Direct3D 11: made, described, shared and opened.
#pragma once

#include <geyser/descriptor.hpp>
#include <geyser/handle.hpp>

#include "d3d11/context.hpp"

namespace geyser::d3d11 {

enum class Sharing : std::uint8_t {
  none,         // the device's own
  staging,      // for the CPU to map
  keyed_mutex,  // by NT handle, with a keyed mutex
  fences,       // by NT handle, without one
  legacy,       // by global number
};

// Errors: unsupported (what the device does not make), out_of_memory, device_lost.
Result<Com<ID3D11Resource>> create_resource(const Context& context, const TextureDescriptor& descriptor,
                                            Sharing sharing);

// A new NT handle (d3d_nt), or the texture's number (d3d_kmt). Errors: unsupported, device_lost, operating_system.
Result<OwnedHandle> share_resource(const Context& context, const Com<ID3D11Resource>& resource, HandleKind kind);

// The handle stays the caller's. Errors: invalid_handle (nothing alive, no right to it), unsupported, device_lost.
Result<Com<ID3D11Resource>> open_resource(const Context& context, const OwnedHandle& handle);

// What a texture is. Errors: unsupported (no 2D texture, a format without an equal).
Result<TextureDescriptor> describe_resource(const Com<ID3D11Resource>& resource);

// Whether it is what a descriptor says, which came from somewhere else. Errors: incompatible_layout (both values).
Result<void> check_resource(const Com<ID3D11Resource>& resource, const TextureDescriptor& descriptor);

}  // namespace geyser::d3d11
