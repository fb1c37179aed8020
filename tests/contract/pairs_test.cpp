// Every ordered pair of APIs in one process, every format, and shapes: the exporter writes and the importer reads,
// then the other way round. What a pair cannot do must be in tests/contract/refusals with its reason, and what is
// there must still be refused. tests/process/two_processes_test.cpp does the same between two processes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "support/end.hpp"
#include "support/pattern.hpp"
#include "support/refusals.hpp"
#include "support/shapes.hpp"

namespace geyser::test {
namespace {

using Ends = std::map<std::string, std::unique_ptr<End>>;
Ends make_ends() {
  Ends made;
  for (const std::string& name : end_names()) {
    auto end = make_end(name);
    EXPECT_TRUE(end) << name << ": " << (end ? "" : end.error().to_string());
    if (end) made.emplace(name, *std::move(end));
  }
  return made;
}
Ends& ends() {
  static Ends all = make_ends();
  return all;
}
// The same, or those on another GPU.
Ends& importing_ends() {
  if (!OnSecondGpu::exists()) return ends();
  static Ends all = [] {
    const OnSecondGpu second;
    return make_ends();
  }();
  return all;
}

Refusals& refusals() {
  static Refusals seen;
  return seen;
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

void share(End& from, End& to, const TextureDescriptor& d, const Agreement& agreement);

bool can_copy(const Capabilities& side, TextureFormat format) {
  const auto rows = rows_of(side, format);
  return std::any_of(rows.begin(), rows.end(), [](const TextureCapability& row) { return row.tiling == Tiling::host; });
}

void run(End& from, End& to, const Case& c) {
  const TextureDescriptor d = describe(c);
  const std::string where = from.name() + " " + to.name() + " " + c.shape.name;
  SCOPED_TRACE(where + " " + std::string(to_string(c.format)));
  const Capabilities& a = from.manager().capabilities();
  const Capabilities& b = to.manager().capabilities();
  auto agreement = negotiate(d, a, b);
  refusals().note(where, c.format, a, b, agreement);
  // Ends of one Metal device hand textures on, too, which no channel carries.
  NegotiationPolicy objects;
  objects.allow_objects = true;
  objects.allow_io_surface = false;
  const auto of_metal = negotiate(d, a, b, objects);
  if (of_metal && of_metal->handle_kind == HandleKind::metal_shared_texture) share(from, to, d, *of_metal);
  if (!agreement) return;
  share(from, to, d, *agreement);
  if (agreement->handle_kind == HandleKind::opaque_fd) {
    // Between drivers that have both, dma-bufs too.
    NegotiationPolicy without_opaque;
    without_opaque.allow_opaque = false;
    agreement = negotiate(d, a, b, without_opaque);
    if (agreement && agreement->handle_kind == HandleKind::dma_buf) share(from, to, d, *agreement);
    return;
  }
  if (agreement->handle_kind != HandleKind::host_memory || agreement->tiling != Tiling::linear) return;
  // The rung below it, too.
  NegotiationPolicy copying;
  copying.allow_host_linear = false;
  agreement = negotiate(d, a, b, copying);
  // Rows may hold formats that a device copies nothing of: CUDA's do.
  const bool copies = can_copy(a, c.format) && can_copy(b, c.format);
  ASSERT_EQ(agreement.has_value(), copies) << (agreement ? "works" : agreement.error().to_string());
  if (!copies) return;
  share(from, to, d, *agreement);
}

void share(End& from, End& to, const TextureDescriptor& d, const Agreement& agreement) {
  auto texture = from.manager().create_texture(d, agreement);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto parcel = from.manager().export_texture(**texture);
  ASSERT_TRUE(parcel) << parcel.error().to_string();
  EXPECT_EQ(parcel->kind, agreement.handle_kind);
  auto imported = to.manager().import_shared_texture(*std::move(parcel));
  ASSERT_TRUE(imported) << imported.error().to_string();
  EXPECT_EQ((*imported)->descriptor(), d);
  AccessState state;
  hand_off(from, **texture, to, **imported, state, 1);
  hand_off(to, **imported, from, **texture, state, 2);
  const bool copied = agreement.path != SharePath::zero_copy;
  EXPECT_EQ((*texture)->statistics().bytes_copied + (*imported)->statistics().bytes_copied != 0, copied);
}

class Pairs : public testing::TestWithParam<std::pair<std::string, std::string>> {
 protected:
  End& from() { return *ends().at(GetParam().first); }
  End& to() { return *importing_ends().at(GetParam().second); }
  void TearDown() override {
    for (Ends* all : {&ends(), &importing_ends()}) {
      for (auto& [name, end] : *all) {
        for (const std::string& complaint : end->complaints) ADD_FAILURE() << name << ": " << complaint;
        end->complaints.clear();
      }
    }
  }
};

TEST_P(Pairs, EveryFormatIsEqual) {
  for (const Case& c : format_cases()) run(from(), to(), c);
}

TEST_P(Pairs, EveryShapeIsEqual) {
  for (const Case& c : shape_cases()) run(from(), to(), c);
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

// What drivers do at the program's end they do before anything static is destroyed.
class NoEndsLeft : public testing::Environment {
 public:
  void TearDown() override {
    importing_ends().clear();
    ends().clear();
  }
};
const testing::Environment* const ends_environment = testing::AddGlobalTestEnvironment(new NoEndsLeft);

// Runs after every pair.
class ReviewedRefusals : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::GTEST_FLAG(filter) != "*") return;  // needs every pair
    if (std::getenv("GEYSER_WRITE_REFUSALS") != nullptr) {
      EXPECT_TRUE(refusals().write());
      return;
    }
    for (const char* driver : {"swiftshader", "mesa25"}) {
      if (driver_manifest(driver) == nullptr) std::printf("NOT RUN: pairs with %s; ./dev drivers unpacks it\n", driver);
    }
    if (OnSecondGpu::exists()) {
      std::printf("NOT COMPARED: what two GPUs refuse, with the list of one\n");
      return;
    }
    if (!Refusals::has_list()) {
      std::printf("NOT COMPARED: this system has no reviewed list in tests/contract/refusals\n");
      return;
    }
    for (const std::string& difference : refusals().compare()) ADD_FAILURE() << difference;
  }
};

const testing::Environment* const refusals_environment = testing::AddGlobalTestEnvironment(new ReviewedRefusals);

}  // namespace
}  // namespace geyser::test
