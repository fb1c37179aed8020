#include "d3d11/device.hpp"
#include "d3d11/stand_in.hpp"

namespace geyser::test {

dxgi::Com<ID3D11Device> d3d11_device() { return stand_in::make_device(); }

}  // namespace geyser::test
