// Says what devices WebGPU shares, or why there are none.
#include <cstdio>

#include <geyser/webgpu.hpp>

int main() {
  const auto manager = geyser::webgpu::create_manager();
  std::puts(manager ? to_string((*manager)->capabilities().identity).c_str() : manager.error().to_string().c_str());
  return manager ? 0 : 1;
}
