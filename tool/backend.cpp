#include "backend.hpp"

#include <cctype>
#include <charconv>
#include <utility>

#include <geyser/host.hpp>
#ifdef GEYSER_TOOL_VULKAN
#include <geyser/vulkan.hpp>
#endif
#ifdef GEYSER_TOOL_OPENGL
#include <geyser/opengl.hpp>
#endif
#ifdef GEYSER_TOOL_WEBGPU
#include <geyser/webgpu.hpp>
#endif
#ifdef GEYSER_TOOL_CUDA
#include <geyser/cuda.hpp>
#endif
#ifdef GEYSER_TOOL_METAL
#include <geyser/metal.hpp>
#endif
#ifdef GEYSER_TOOL_D3D11
#include <geyser/d3d11.hpp>
#endif
#ifdef GEYSER_TOOL_D3D12
#include <geyser/d3d12.hpp>
#endif

#include "suggest.hpp"

namespace geyser::tool {

namespace {

using Opened = Result<std::shared_ptr<TextureShareManager>>;

void report(const GeyserError& error) { std::fprintf(stderr, "geyser: %s\n", error.to_string().c_str()); }

Opened shared(Result<std::unique_ptr<TextureShareManager>>&& manager) {
  if (!manager) return fail(std::move(manager.error()));
  return std::shared_ptr<TextureShareManager>(*std::move(manager));
}

#ifdef GEYSER_TOOL_VULKAN
vulkan::DeviceSelection selection(const std::string& device) {
  vulkan::DeviceSelection wanted;
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(device.data(), device.data() + device.size(), index);
  if (error == std::errc() && end == device.data() + device.size()) {
    wanted.index = index;
  } else {
    wanted.name_contains = device;
  }
  return wanted;
}

Opened open_vulkan(const BackendChoice& choice) {
  vulkan::Options options;
  if (!choice.device.empty()) options.device = selection(choice.device);
  options.validation = choice.validation;
  options.diagnostics = report;
  return shared(vulkan::create_manager(options));
}
#endif

#ifdef GEYSER_TOOL_OPENGL
Opened open_opengl(const BackendChoice& choice, opengl::Profile profile) {
  opengl::Options options;
  options.profile = profile;
  options.debug = choice.validation;
  options.diagnostics = report;
#ifdef GEYSER_TOOL_VULKAN
  // The device is chosen where devices have names: in Vulkan.
  auto allocator = open_vulkan(choice);
  if (allocator && !choice.device.empty()) options.device_uuid = (*allocator)->capabilities().identity.device_uuid;
#endif
  auto manager = shared(opengl::create_manager(options));
#ifdef GEYSER_TOOL_VULKAN
  // Without one, or on another device, OpenGL publishes copies, and agreements say so.
  if (manager && allocator) static_cast<void>((*manager)->use_allocator(*std::move(allocator)));
#endif
  return manager;
}
#endif

#ifdef GEYSER_TOOL_WEBGPU
Opened open_webgpu(const BackendChoice& choice) {
  webgpu::Options options;
  options.device.name_contains = choice.device;
  options.diagnostics = report;
  auto manager = shared(webgpu::create_manager(options));
#ifdef GEYSER_TOOL_VULKAN
  if (!manager || !(*manager)->capabilities().identity.has_uuids) return manager;
  vulkan::Options same_device;
  same_device.device.device_uuid = (*manager)->capabilities().identity.device_uuid;
  same_device.validation = choice.validation;
  same_device.diagnostics = report;
  if (auto allocator = shared(vulkan::create_manager(same_device))) {
    static_cast<void>((*manager)->use_allocator(*std::move(allocator)));
  }
#endif
  return manager;
}
#endif

#ifdef GEYSER_TOOL_CUDA
Opened open_cuda([[maybe_unused]] const BackendChoice& choice) {
  cuda::Options options;
  options.diagnostics = report;
#ifdef GEYSER_TOOL_VULKAN
  // As for OpenGL; but Vulkan has devices that CUDA has not, and the first of those is not meant.
  if (!choice.device.empty()) {
    auto chosen = open_vulkan(choice);
    if (!chosen) return chosen;
    options.device_uuid = (*chosen)->capabilities().identity.device_uuid;
  }
#endif
  auto manager = shared(cuda::create_manager(options));
#ifdef GEYSER_TOOL_VULKAN
  if (!manager) return manager;
  vulkan::Options same_device;
  same_device.device.device_uuid = (*manager)->capabilities().identity.device_uuid;
  same_device.validation = choice.validation;
  same_device.diagnostics = report;
  // Without one CUDA publishes copies, and agreements say so.
  if (auto allocator = shared(vulkan::create_manager(same_device))) {
    static_cast<void>((*manager)->use_allocator(*std::move(allocator)));
  }
#endif
  return manager;
}
#endif

#ifdef GEYSER_TOOL_METAL
// `device` is a registry id, as `geyser doctor` says it.
Opened open_metal(const BackendChoice& choice) {
  metal::Options options;
  options.diagnostics = report;
  if (!choice.device.empty()) {
    const char* end = choice.device.data() + choice.device.size();
    std::uint64_t id = 0;
    const auto read = std::from_chars(choice.device.data(), end, id);
    if (read.ec != std::errc() || read.ptr != end) {
      return fail(ErrorCode::invalid_argument, "Device [" + choice.device + "] is no registry id of a Metal device.");
    }
    options.registry_id = id;
  }
  return shared(metal::create_manager(options));
}
#endif

#if defined(GEYSER_TOOL_D3D11) || defined(GEYSER_TOOL_D3D12)
// What this device does without is no news here: agreements say it.
DiagnosticHandler report_all_but_lacks() {
  return [](const GeyserError& error) {
    if (error.code() != ErrorCode::unsupported) report(error);
  };
}

// `device` is a part of the adapter's name.
Opened if_named(Opened manager, const std::string& device) {
  if (!manager) return manager;
  const std::string& name = (*manager)->capabilities().identity.device_name;
  if (name.find(device) != std::string::npos) return manager;
  return fail(ErrorCode::not_available, "Direct3D's adapter is [" + name + "], not [" + device + "].");
}
#endif

#ifdef GEYSER_TOOL_D3D11
Opened open_d3d11(const BackendChoice& choice) {
  d3d11::Options options;
  options.debug = choice.validation;
  options.diagnostics = report_all_but_lacks();
  return if_named(shared(d3d11::create_manager(options)), choice.device);
}
#endif

#ifdef GEYSER_TOOL_D3D12
Opened open_d3d12(const BackendChoice& choice) {
  d3d12::Options options;
  options.diagnostics = report_all_but_lacks();
  return if_named(shared(d3d12::create_manager(options)), choice.device);
}
#endif

Opened open_named(const BackendChoice& choice) {
  if (choice.name == "host") return shared(host::create_manager({report}));
#ifdef GEYSER_TOOL_VULKAN
  if (choice.name == "vulkan") return open_vulkan(choice);
#endif
#ifdef GEYSER_TOOL_OPENGL
  if (choice.name == "opengl") return open_opengl(choice, opengl::Profile::core);
  if (choice.name == "opengl_es") return open_opengl(choice, opengl::Profile::es);
#endif
#ifdef GEYSER_TOOL_WEBGPU
  if (choice.name == "webgpu") return open_webgpu(choice);
#endif
#ifdef GEYSER_TOOL_CUDA
  if (choice.name == "cuda") return open_cuda(choice);
#endif
#ifdef GEYSER_TOOL_METAL
  if (choice.name == "metal") return open_metal(choice);
#endif
#ifdef GEYSER_TOOL_D3D11
  if (choice.name == "d3d11") return open_d3d11(choice);
#endif
#ifdef GEYSER_TOOL_D3D12
  if (choice.name == "d3d12") return open_d3d12(choice);
#endif
  const std::vector<std::string> names = backend_names();
  GeyserError error(ErrorCode::invalid_argument, "There is no backend [" + choice.name + "] in this build.");
  const std::string near = nearest(choice.name, names);
  error.suggest(near.empty() ? join(names) : near);
  return fail(std::move(error));
}

}  // namespace

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
#ifdef GEYSER_TOOL_METAL
  names.emplace_back("metal");
#endif
#ifdef GEYSER_TOOL_VULKAN
  names.emplace_back("vulkan");
#endif
#ifdef GEYSER_TOOL_OPENGL
  names.emplace_back("opengl");
  names.emplace_back("opengl_es");
#endif
#ifdef GEYSER_TOOL_WEBGPU
  names.emplace_back("webgpu");
#endif
#ifdef GEYSER_TOOL_CUDA
  names.emplace_back("cuda");
#endif
#ifdef GEYSER_TOOL_D3D11
  names.emplace_back("d3d11");
#endif
#ifdef GEYSER_TOOL_D3D12
  names.emplace_back("d3d12");
#endif
  names.emplace_back("host");
  return names;
}

Opened open_backend(const BackendChoice& choice) {
  if (choice.name != "auto") return open_named(choice);
  Opened last = fail(ErrorCode::not_available, "No backend opens.");
  for (const std::string& name : backend_names()) {
    BackendChoice one = choice;
    one.name = name;
    last = open_named(one);
    if (last) return last;
  }
  return last;
}

}  // namespace geyser::tool
