#include "d3d11/device.hpp"

namespace geyser::test {

dxgi::Com<ID3D11Device> d3d11_device() { return {}; }

}  // namespace geyser::test
