// Which device the end "d3d11" is on: one of two sources is linked.
#pragma once

#include <d3d11_4.h>

#include "dxgi/com.hpp"

namespace geyser::test {

// Null: the system's own (real_device.cpp). stand_in_device.cpp: a new stand-in, on the one adapter of all of them.
dxgi::Com<ID3D11Device> d3d11_device();

}  // namespace geyser::test
