#include <geyser/version.hpp>

#include "common/text.hpp"

namespace geyser {

Version library_version() noexcept { return {GEYSER_VERSION_MAJOR, GEYSER_VERSION_MINOR, GEYSER_VERSION_PATCH}; }

Result<void> check_version(Version header) {
  const Version library = library_version();
  const bool fits = header.major == library.major && (library.major > 0 || header.minor == library.minor);
  if (fits) return {};
  const auto name = [](Version v) { return detail::text(v.major, ".", v.minor, ".", v.patch); };
  return fail(ErrorCode::version_mismatch, detail::text("The program was compiled with Geyser's headers [",
                                                        name(header), "], but the library is [", name(library), "]."));
}

}  // namespace geyser
