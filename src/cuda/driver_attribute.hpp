// What devices are asked (driver_api.hpp).
#pragma once

namespace geyser::cuda::driver {

// CUdevice_attribute.
enum class Attribute : int {
  can_map_host_memory = 19,
  texture_2d_width = 22,
  texture_2d_height = 23,
  texture_3d_width = 24,
  texture_3d_height = 25,
  texture_3d_depth = 26,
  texture_2d_layered_width = 27,
  texture_2d_layered_height = 28,
  texture_2d_layered_layers = 29,
  pci_bus_id = 33,
  pci_device_id = 34,
  pci_domain_id = 50,
  texture_pitch_alignment = 51,
  texture_cubemap_width = 52,
  texture_cubemap_layered_width = 53,
  texture_cubemap_layered_layers = 54,
  texture_2d_mipmapped_width = 73,
  texture_2d_mipmapped_height = 74,
  host_register_supported = 99,
  virtual_memory_management_supported = 102,
  posix_fd_supported = 103,
  timeline_semaphore_interop_supported = 114,
  dma_buf_supported = 124,
};

}  // namespace geyser::cuda::driver
