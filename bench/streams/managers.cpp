#include "managers.hpp"

#include <utility>

#include <geyser/host.hpp>
#ifdef GEYSER_BENCH_VULKAN
#include <geyser/vulkan.hpp>
#endif
#ifdef GEYSER_BENCH_OPENGL
#include <geyser/opengl.hpp>
#endif

namespace bench {

namespace {

using Opened = geyser::Result<std::shared_ptr<geyser::TextureShareManager>>;

Opened shared(geyser::Result<std::unique_ptr<geyser::TextureShareManager>>&& manager) {
  if (!manager) return geyser::fail(std::move(manager.error()));
  return std::shared_ptr<geyser::TextureShareManager>(*std::move(manager));
}

}  // namespace

std::vector<std::string> api_names() {
  std::vector<std::string> names{"host"};
#ifdef GEYSER_BENCH_VULKAN
  names.emplace_back("vulkan");
#endif
#ifdef GEYSER_BENCH_OPENGL
  names.emplace_back("opengl");
#endif
  return names;
}

Opened open_manager(const std::string& api) {
#ifdef GEYSER_BENCH_VULKAN
  if (api == "vulkan") return shared(geyser::vulkan::create_manager());
#endif
#ifdef GEYSER_BENCH_OPENGL
  if (api == "opengl") {
    auto manager = shared(geyser::opengl::create_manager());
#ifdef GEYSER_BENCH_VULKAN
    auto allocator = open_manager("vulkan");
    if (manager && allocator) static_cast<void>((*manager)->use_allocator(*std::move(allocator)));
#endif
    return manager;
  }
#endif
  return shared(geyser::host::create_manager());
}

}  // namespace bench
