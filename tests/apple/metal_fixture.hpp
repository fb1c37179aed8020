// What the tests of Metal over the double share. Objective-C++ only.
#pragma once

#import <Metal/Metal.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>

#include <geyser/metal.hpp>

#include "double.hpp"
#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {

using Manager = std::unique_ptr<TextureShareManager>;

inline Manager make_manager(std::optional<std::uint64_t> registry = {}) {
  metal::Options options;
  options.registry_id = registry;
  auto manager = metal::create_manager(options);
  EXPECT_TRUE(manager) << manager.error().to_string();
  return manager ? *std::move(manager) : nullptr;
}

inline TextureDescriptor describe(TextureFormat format, std::uint32_t width = 38, std::uint32_t height = 22) {
  TextureDescriptor d;
  d.format = format;
  d.extent = {width, height, 1};
  return d;
}

// As another program makes it, of texels of four bytes, with further properties. The caller releases it.
struct SurfaceProperty {
  CFStringRef key;
  unsigned value;
};
inline IOSurfaceRef new_surface(unsigned width, unsigned height, std::initializer_list<SurfaceProperty> further) {
  @autoreleasepool {
    NSMutableDictionary* properties = [NSMutableDictionary dictionary];
    const auto set = [&](CFStringRef key, unsigned value) {
      [properties setObject:[NSNumber numberWithUnsignedInt:value] forKey:(NSString*)key];
    };
    set(kIOSurfaceWidth, width);
    set(kIOSurfaceHeight, height);
    set(kIOSurfaceBytesPerElement, 4);
    for (const SurfaceProperty& one : further) set(one.key, one.value);
    return IOSurfaceCreate((CFDictionaryRef)properties);
  }
}

inline ApiTextureHandle parcel_of(TextureShareManager& manager, SharedTexture& texture) {
  auto parcel = manager.export_texture(texture);
  EXPECT_TRUE(parcel) << parcel.error().to_string();
  return parcel ? *std::move(parcel) : ApiTextureHandle();
}

// Whatever a test does, at its end there is what there was before: objects, use counts of surfaces, descriptors.
class Metal : public testing::Test {
 protected:
  void TearDown() override {
    first_.reset();
    second_.reset();
    EXPECT_EQ(open_descriptors(), descriptors_);
    const apple_double::Alive now = apple_double::alive();
    EXPECT_TRUE(now == before_) << now.surfaces << " surfaces, " << now.textures << " textures, " << now.buffers
                                << " buffers, " << now.events << " events, " << now.event_handles << "+"
                                << now.texture_handles << " handles, " << now.queues << " queues, "
                                << now.command_buffers << " command buffers, " << now.descriptors << " descriptors";
  }
  TextureShareManager& first() {
    if (!first_) first_ = make_manager();
    return *first_;
  }
  TextureShareManager& second() {
    if (!second_) second_ = make_manager();
    return *second_;
  }

  apple_double::Alive before_ = apple_double::alive();
  std::size_t descriptors_ = open_descriptors();
  Manager first_, second_;
};

// Writes a picture in one texture and finds it in the other.
inline void hand_off(End& end, SharedTexture& from, SharedTexture& to, AccessState& state, std::uint32_t seed) {
  const auto picture = make_pattern(from.descriptor(), seed);
  auto write = from.begin_access(AccessMode::discard, state);
  ASSERT_TRUE(write) << write.error().to_string();
  ASSERT_TRUE(end.fill(from, picture));
  auto written = from.end_access(*std::move(write));
  ASSERT_TRUE(written) << written.error().to_string();
  auto read = to.begin_access(AccessMode::read, *written);
  ASSERT_TRUE(read) << read.error().to_string();
  auto seen = end.read(to);
  ASSERT_TRUE(seen) << seen.error().to_string();
  auto done = to.end_access(*std::move(read));
  ASSERT_TRUE(done) << done.error().to_string();
  state = *done;
  EXPECT_EQ(difference(from.descriptor(), picture, *seen), "");
}

}  // namespace geyser::test
