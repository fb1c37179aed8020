// Every ordered pair of APIs in one process, every format, and shapes: the exporter writes and the importer reads,
// then the other way round. What a pair cannot do must be in expected_refusals.txt with its reason, and what is
// there must still be refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

std::map<std::string, std::unique_ptr<End>>& ends() {
  static std::map<std::string, std::unique_ptr<End>> all = [] {
    std::map<std::string, std::unique_ptr<End>> made;
    for (const std::string& name : end_names()) {
      auto end = make_end(name);
      EXPECT_TRUE(end) << name << ": " << (end ? "" : end.error().to_string());
      if (end) made.emplace(name, *std::move(end));
    }
    return made;
  }();
  return all;
}

struct Shape {
  const char* name;
  TextureDimension dimension;
  Extent3D extent;
  std::uint32_t mips;
  std::uint32_t layers;
};
// Odd sizes wherever the format's blocks allow; multi-planar formats use even ones.
constexpr Shape plain{"plain", TextureDimension::two_d, {37, 23, 1}, 1, 1};
constexpr Shape shapes[] = {
    {"mips", TextureDimension::two_d, {53, 31, 1}, 6, 1},
    {"one_texel", TextureDimension::two_d, {1, 1, 1}, 1, 1},
    {"array", TextureDimension::two_d_array, {19, 27, 1}, 3, 5},
    {"cube", TextureDimension::cube, {24, 24, 1}, 4, 6},
    {"volume", TextureDimension::three_d, {17, 9, 7}, 3, 1},
};

// Refusals seen: "from to shape: why the last rung fails too", and the formats that it holds for.
std::map<std::string, std::set<std::string>>& refusals() {
  static std::map<std::string, std::set<std::string>> seen;
  return seen;
}
// As lines of expected_refusals.txt.
std::set<std::string> refusal_lines() {
  std::set<std::string> lines;
  for (const auto& [reason, formats] : refusals()) {
    std::string line = reason + ":";
    for (const std::string& format : formats) line += " " + format;
    lines.insert(line);
  }
  return lines;
}

TextureDescriptor describe(TextureFormat format, const Shape& shape) {
  TextureDescriptor d;
  d.dimension = shape.dimension;
  d.extent = shape.extent;
  d.mip_levels = shape.mips;
  d.array_layers = shape.layers;
  d.format = format;
  const FormatInfo& info = format_info(format);
  if (info.is_multi_planar()) {
    d.extent.width &= ~1U;
    d.extent.height &= ~1U;
  }
  return d;
}

// One direction of a hand-off: `writer` fills, `reader` compares.
void hand_off(End& writer, SharedTexture& source, End& reader, SharedTexture& destination, AccessState& state,
              std::uint32_t seed) {
  const auto expected = make_pattern(source.descriptor(), seed);
  auto write = source.begin_access(AccessMode::discard, state);
  ASSERT_TRUE(write) << write.error().to_string();
  auto filled = writer.fill(source, expected);
  ASSERT_TRUE(filled) << filled.error().to_string();
  auto written = source.end_access(*std::move(write));
  ASSERT_TRUE(written) << written.error().to_string();
  auto read = destination.begin_access(AccessMode::read, *written);
  ASSERT_TRUE(read) << read.error().to_string();
  auto actual = reader.read(destination);
  ASSERT_TRUE(actual) << actual.error().to_string();
  auto done = destination.end_access(*std::move(read));
  ASSERT_TRUE(done) << done.error().to_string();
  state = *done;
  EXPECT_EQ(difference(source.descriptor(), expected, *actual), "");
}

// The last rung's reason, without the devices' names, which differ between machines.
std::string last_reason(std::string message, const std::string& format, const End& from, const End& to) {
  const std::string_view rung = "[host_memory]: ";
  if (const auto at = message.find(rung); at != std::string::npos) message.erase(0, at + rung.size());
  if (const auto at = message.find(" format [" + format + "]"); at != std::string::npos) {
    message.erase(at, format.size() + 10);
  }
  for (const End* end : {&from, &to}) {
    const std::string device = " on [" + const_cast<End*>(end)->manager().capabilities().identity.device_name + "]";
    for (auto at = message.find(device); at != std::string::npos; at = message.find(device)) {
      message.erase(at, device.size());
    }
  }
  return message;
}

bool exports_opaque(const Capabilities& capabilities) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::opaque_fd && row.exportable;
  });
}

void run(End& from, End& to, TextureFormat format, const Shape& shape) {
  const TextureDescriptor d = describe(format, shape);
  const std::string name(to_string(format));
  const std::string where = from.name() + " " + to.name() + " " + shape.name;
  SCOPED_TRACE(where + " " + name);
  auto agreement = negotiate(d, from.manager().capabilities(), to.manager().capabilities());
  if (!agreement) {
    refusals()[where + ": " + last_reason(agreement.error().message(), name, from, to)].insert(name);
    return;
  }
  auto texture = from.manager().create_texture(d, *agreement);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto parcel = from.manager().export_texture(**texture);
  ASSERT_TRUE(parcel) << parcel.error().to_string();
  EXPECT_EQ(parcel->kind, agreement->handle_kind);
  auto imported = to.manager().import_shared_texture(*std::move(parcel));
  ASSERT_TRUE(imported) << imported.error().to_string();
  EXPECT_EQ((*imported)->descriptor(), d);
  const Capabilities& a = from.manager().capabilities();
  const Capabilities& b = to.manager().capabilities();
  if (same_device_and_driver(a.identity, b.identity) && exports_opaque(a) && agreement->path != SharePath::zero_copy) {
    refusals()[where + ": works, but not zero_copy on one device"].insert(name);
  }
  AccessState state;
  hand_off(from, **texture, to, **imported, state, 1);
  hand_off(to, **imported, from, **texture, state, 2);
  const bool copied = agreement->path == SharePath::host_copy;
  EXPECT_EQ((*texture)->statistics().bytes_copied + (*imported)->statistics().bytes_copied != 0, copied);
}

class Pairs : public testing::TestWithParam<std::pair<std::string, std::string>> {
 protected:
  End& from() { return *ends().at(GetParam().first); }
  End& to() { return *ends().at(GetParam().second); }
  void TearDown() override {
    for (auto& [name, end] : ends()) {
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << name << ": " << complaint;
      end->complaints.clear();
    }
  }
};

TEST_P(Pairs, EveryFormatIsEqual) {
  for (const FormatInfo& info : all_formats()) {
    run(from(), to(), info.format, plain);
  }
}

TEST_P(Pairs, EveryShapeIsEqual) {
  for (const Shape& shape : shapes) {
    for (const TextureFormat format : {TextureFormat::rgba8_unorm, TextureFormat::r16_float, TextureFormat::bgra8_unorm,
                                       TextureFormat::bc7_unorm, TextureFormat::astc_8x5_unorm}) {
      run(from(), to(), format, shape);
    }
  }
}

std::vector<std::pair<std::string, std::string>> all_pairs() {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& a : end_names()) {
    for (const auto& b : end_names()) pairs.emplace_back(a, b);
  }
  return pairs;
}

INSTANTIATE_TEST_SUITE_P(All, Pairs, testing::ValuesIn(all_pairs()),
                         [](const auto& pair) { return pair.param.first + "_to_" + pair.param.second; });

// Runs after every pair.
class Refusals : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::GTEST_FLAG(filter) != "*") return;  // needs every pair
    if (std::getenv("GEYSER_WRITE_REFUSALS") != nullptr) return write();
    std::set<std::string> reviewed;
    std::ifstream file(GEYSER_REFUSALS);
    ASSERT_TRUE(file.is_open()) << GEYSER_REFUSALS;
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line[0] != '#') reviewed.insert(line);
    }
    if (std::getenv("GEYSER_SWIFTSHADER") == nullptr) {
      std::erase_if(reviewed, [](const std::string& line) { return line.find("swiftshader") != std::string::npos; });
      std::printf("NOT RUN: pairs with SwiftShader; ./dev drivers unpacks it\n");
    }
    const auto seen = refusal_lines();
    for (const auto& line : seen) EXPECT_TRUE(reviewed.contains(line)) << "refused, and not reviewed: " << line;
    for (const auto& line : reviewed)
      EXPECT_TRUE(seen.contains(line)) << "reviewed, but works or is not tried: " << line;
  }

 private:
  static void write() {
    std::ofstream out(GEYSER_REFUSALS);
    out << "# What a pair cannot share on Debian 12's drivers, and why. Reviewed: a line more or less fails the "
           "suite.\n"
           "# Written by GEYSER_WRITE_REFUSALS=1 test_pairs; read the difference before committing it.\n";
    for (const auto& line : refusal_lines()) out << line << "\n";
  }
};

const testing::Environment* const refusals_environment = testing::AddGlobalTestEnvironment(new Refusals);

}  // namespace
}  // namespace geyser::test
