// The check that a program's headers fit its library. tests/consume/version_trap springs it for real.
#include <gtest/gtest.h>

#include <string>

#include <geyser/version.hpp>

namespace geyser {
namespace {

TEST(Version, MacrosConstantAndLibraryAgree) {
  EXPECT_EQ(header_version, (Version{GEYSER_VERSION_MAJOR, GEYSER_VERSION_MINOR, GEYSER_VERSION_PATCH}));
  EXPECT_EQ(library_version(), header_version);
  EXPECT_EQ(std::string(GEYSER_VERSION_STRING), std::to_string(GEYSER_VERSION_MAJOR) + "." +
                                                    std::to_string(GEYSER_VERSION_MINOR) + "." +
                                                    std::to_string(GEYSER_VERSION_PATCH));
  EXPECT_TRUE(check_version());
}

TEST(Version, PatchesFitAndOtherVersionsDoNot) {
  const Version mine = library_version();
  EXPECT_TRUE(check_version({mine.major, mine.minor, mine.patch + 7}));
  const bool minor_fits = mine.major > 0;
  EXPECT_EQ(check_version({mine.major, mine.minor + 1, mine.patch}).has_value(), minor_fits);
  EXPECT_EQ(check_version({mine.major, mine.minor - 1, mine.patch}).has_value(), minor_fits);
  EXPECT_FALSE(check_version({mine.major + 1, mine.minor, mine.patch}));
  EXPECT_FALSE(check_version({mine.major - 1, mine.minor, mine.patch}));
}

TEST(Version, BothVersionsAreNamed) {
  const auto refused = check_version({99, 2, 3});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::version_mismatch);
  EXPECT_EQ(refused.error().message(), "The program was compiled with Geyser's headers [99.2.3], but the library is [" +
                                           std::string(GEYSER_VERSION_STRING) + "].");
}

}  // namespace
}  // namespace geyser
