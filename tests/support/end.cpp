#include "support/end.hpp"

#include <cstdlib>

namespace geyser::test {

std::vector<std::string> end_names() {
  std::vector<std::string> names{"host"};
#ifdef GEYSER_TEST_VULKAN
  names.emplace_back("vulkan");
  if (std::getenv("GEYSER_SWIFTSHADER") != nullptr) names.emplace_back("swiftshader");
#endif
#ifdef GEYSER_TEST_OPENGL
  names.emplace_back("opengl");
  names.emplace_back("opengl_es");
#endif
  return names;
}

Result<std::unique_ptr<End>> make_end(const std::string& name) {
  if (name == "host") return make_host_end();
#ifdef GEYSER_TEST_VULKAN
  if (name == "vulkan" || name == "swiftshader") return make_vulkan_end(name);
#endif
#ifdef GEYSER_TEST_OPENGL
  if (name == "opengl" || name == "opengl_es") return make_opengl_end(name);
#endif
  return fail(ErrorCode::not_available, "No end is named [" + name + "].");
}

}  // namespace geyser::test
