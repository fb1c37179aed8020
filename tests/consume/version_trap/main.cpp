// Succeeds when the trap springs, and says what is what.
#include <cstdio>
#include <string>

#include <geyser/version.hpp>

static_assert(geyser::header_version == geyser::Version{7, 8, 9}, "this must be compiled with the other header");

int main() {
  const auto fits = geyser::check_version();
  if (fits) {
    std::puts("headers [7.8.9] pass for the library's");
    return 1;
  }
  std::puts(fits.error().to_string().c_str());
  const std::string expected = "The program was compiled with Geyser's headers [7.8.9], but the library is [" +
                               std::string(GEYSER_LIBRARY_VERSION) + "].";
  const bool right = fits.error().code() == geyser::ErrorCode::version_mismatch && fits.error().message() == expected;
  return right ? 0 : 2;
}
