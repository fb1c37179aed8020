// What both processes of tests/process/two_processes_test.cpp do, and what they say to each other.
//
// The importer sends a Hello. For each case the exporter sends a Request, an Offer; the importer answers with an
// Accept, or with a Refusal and is ready for the next case; a Frame, which the importer answers with a text, empty
// when all is well, and then with a Frame of its own. A Request without a case ends it; its answer is one last text.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "platform/shared_memory.hpp"
#include "process/child.hpp"
#include "support/end.hpp"
#include "support/shapes.hpp"

namespace geyser::test {

std::vector<Case> all_cases();

struct Request {
  static constexpr std::uint64_t no_case = ~0ULL;
  std::uint64_t index = no_case;  // in all_cases()
  // The kernel's objects behind the parcel's handles, as the exporter sees them.
  std::array<platform::KernelIdentity, max_memory_planes> objects{};
};
// All zero where the system has no name for an object (Windows): there only the pictures show that it is the same.
Result<platform::KernelIdentity> object_of(const OwnedHandle& handle);
// Errors: invalid_handle.
Result<Request> make_request(std::uint64_t index, const ApiTextureHandle& parcel);
Result<void> send(Channel& channel, const Request& request);
Result<Request> receive_request(Channel& channel);

// What README.md promises: one device shares without a copy, whatever the APIs. With an allocator, which an end has
// where this build has Vulkan, OpenGL exports too. Devices that use host memory in place share it, too: both of Mesa's
// drivers do, with rows of one alignment; GEYSER_IN_PLACE lists the ends on another machine.
inline bool is_zero_copy_pair(const std::string& from, const std::string& to) {
  const auto is_gl = [](const std::string& name) { return name == "opengl" || name == "opengl_es"; };
#ifdef GEYSER_TEST_VULKAN
  // Elsewhere than on a GPU CUDA is the tests' stand-in.
  const auto is_system = [&](const std::string& name) {
    return name == "vulkan" || is_gl(name) || (is_rig("gpu") && (name == "cuda" || name == "webgpu"));
  };
  const char* listed = std::getenv("GEYSER_IN_PLACE");
  const std::string in_place = std::string(" ") + (listed != nullptr ? listed : "host vulkan mesa25 cuda") + " ";
  const auto is_in_place = [&](const std::string& name) {
    return in_place.find(" " + name + " ") != std::string::npos;
  };
  // With dma-bufs the CPU and OpenGL share, too. A CPU makes them; OpenGL's are the allocator's or its own.
  const bool dma_bufs = is_rig("mesa");
  if (dma_bufs && ((from == "host" && is_gl(to)) || (is_gl(from) && to == "host"))) return true;
  // WebGPU's end is Dawn on SwiftShader.
  const auto is_swiftshader = [](const std::string& name) { return name == "swiftshader" || name == "webgpu"; };
  return from == to || (is_system(from) && is_system(to)) || (is_swiftshader(from) && is_swiftshader(to)) ||
         (is_in_place(from) && is_in_place(to));
#else
#ifdef GEYSER_TEST_DX_INTEROP
  if ((from == "d3d11" || is_gl(from)) && (to == "d3d11" || is_gl(to))) return true;
#endif
#ifdef GEYSER_TEST_CGL
  // By surfaces.
  const auto has_surfaces = [&](const std::string& name) {
    return name == "metal" || name == "moltenvk" || is_gl(name);
  };
  if (has_surfaces(from) && has_surfaces(to)) return true;
#endif
  const auto is_in_place = [](const std::string& name) { return name == "host" || name == "cuda" || name == "metal"; };
  return (from == to && !is_gl(from) && from != "webgpu") || (is_in_place(from) && is_in_place(to));
#endif
}

// Writes a whole picture, dropping the old one.
Result<AccessState> write_pattern(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed);
// Errors: protocol (another picture is there).
Result<AccessState> expect_pattern(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed);
// Copies where the agreement says so, and nowhere else. Errors: protocol.
enum class Side { exporter, importer };
Result<void> expect_path(const SharedTexture& texture, const Agreement& agreement, Side side);

// Whether an end can make a fence of that kind for others; where one cannot, the other makes both.
bool makes_fences(const Capabilities& capabilities, FenceKind kind);

// The process that imports. The exit status.
int run_importer(int count, char** values);

}  // namespace geyser::test
