#include "platform/drm_node.hpp"

#include <drm.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>

#include "common/text.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;

std::vector<std::string> drm_node_paths() {
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/dev/dri", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("renderD") || name.starts_with("card")) paths.push_back(entry->path().string());
  }
  // "renderD128" before "renderD129", and both before "card0".
  std::sort(paths.begin(), paths.end(), [](const std::string& a, const std::string& b) {
    const bool render = a.find("renderD") != std::string::npos;
    return render != (b.find("renderD") != std::string::npos) ? render : a < b;
  });
  return paths;
}

Result<OwnedHandle> open_drm_node(const std::string& path) {
  auto node = OwnedHandle::adopt(HandleKind::none, ::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!node.has_value()) {
    const int number = errno;
    return fail(posix_error(ErrorCode::not_available, text("DRM node [", path, "] cannot be opened."), number));
  }
  drm_version version{};
  if (::ioctl(descriptor_of(node.get()), DRM_IOCTL_VERSION, &version) != 0) {
    const int number = errno;
    return fail(posix_error(ErrorCode::not_available, text("[", path, "] is no DRM node."), number));
  }
  return node;
}

std::string drm_driver_name(NativeHandle node) {
  std::array<char, 64> name{};
  drm_version version{};
  version.name = name.data();
  version.name_len = name.size() - 1;
  return ::ioctl(descriptor_of(node), DRM_IOCTL_VERSION, &version) == 0 ? name.data() : "";
}

DrmNode drm_node_number(NativeHandle node) noexcept {
  struct stat status {};
  if (::fstat(descriptor_of(node), &status) != 0) return {};
  return {static_cast<std::int64_t>(major(status.st_rdev)), static_cast<std::int64_t>(minor(status.st_rdev))};
}

Result<OwnedHandle> export_drm_object(NativeHandle node, std::uint32_t object) {
  int number = 0;
  // Some drivers refuse the flag for writing, and give a buffer that can be written all the same.
  for (const unsigned flags : {unsigned{DRM_CLOEXEC} | unsigned{DRM_RDWR}, unsigned{DRM_CLOEXEC}}) {
    drm_prime_handle prime{object, flags, -1};
    if (::ioctl(descriptor_of(node), DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) == 0) {
      return OwnedHandle::adopt(HandleKind::dma_buf, prime.fd);
    }
    number = errno;
  }
  return fail(posix_error(ErrorCode::operating_system,
                          text("Object [", object, "] of the DRM node is not exported as a dma-buf."), number));
}

}  // namespace geyser::platform
