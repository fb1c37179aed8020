// Directories that a feed's name is not put into, by their rights.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "stream/scene.hpp"

namespace geyser::test {
namespace {

TEST(UnsafeDirectories, GetNoNames) {
  const RuntimeDirectory runtime;
  const auto end = open_end("host");
  const auto publish = [&](const std::string& directory) {
    stream::PublisherOptions options;
    options.name = "camera";
    options.runtime_directory = directory;
    return stream::Publisher::create(share(end), small_picture(), std::move(options));
  };
  const std::string open = runtime.path() + "/open";
  ASSERT_EQ(::mkdir(open.c_str(), 0777), 0);
  ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
  const std::string target = runtime.path() + "/target";
  ASSERT_EQ(::mkdir(target.c_str(), 0700), 0);
  const std::string link = runtime.path() + "/link";
  std::filesystem::create_symlink(target, link);
  const std::string file = runtime.path() + "/file";
  std::ofstream(file) << "x";
  for (const std::string& path : {open, link, file, runtime.path() + "/missing/deeper"}) {
    auto publisher = publish(path);
    ASSERT_FALSE(publisher) << path;
    EXPECT_EQ(publisher.error().code(), ErrorCode::operating_system);
    EXPECT_FALSE(publisher.error().alternatives().empty()) << publisher.error().to_string();
    EXPECT_FALSE(stream::Directory::open(path));
  }
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(target.c_str(), 65534, 65534), 0);
    auto publisher = publish(target);
    ASSERT_FALSE(publisher);
    EXPECT_NE(publisher.error().message().find("belongs to user [65534]"), std::string::npos);
  }
}

}  // namespace
}  // namespace geyser::test
