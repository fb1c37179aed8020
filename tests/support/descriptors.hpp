// How many descriptors this process has open; on Windows, handles.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace geyser::test {

// Not the memory for code that SwiftShader has open while it compiles, and keeps or not as it likes.
std::size_t open_descriptors();

// Those that this process was started with. Not those that Mesa 25 lets slip into every process that its user starts:
// it opens /dev/udmabuf without close-on-exec, and makes the memory of a first dma-buf and of a first fence so.
std::size_t given_descriptors();

}  // namespace geyser::test
