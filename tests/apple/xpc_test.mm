// Messages as XPC objects, as far as two ends of one process show them.
#include <geyser/host.hpp>
#include <geyser/xpc.hpp>
#include <xpc/xpc.h>

#include "metal_fixture.hpp"

namespace geyser::test {
namespace {

using Xpc = Metal;

wire::Message offer_of(TextureShareManager& manager, SharedTexture& texture) {
  wire::Offer offer;
  offer.textures.push_back(parcel_of(manager, texture));
  offer.agreement.handle_kind = texture.handle_kind();
  offer.agreement.tiling = Tiling::linear;
  return wire::Message(std::move(offer));
}

TEST_F(Xpc, ParcelsGoAsObjects) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  auto texture = first().create_texture(describe(TextureFormat::nv12), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto object = xpc::encode(offer_of(first(), **texture));
  ASSERT_TRUE(object) << object.error().to_string();
  auto message = xpc::decode(*object);
  ASSERT_TRUE(message) << message.error().to_string();
  xpc_release(*object);
  auto* offer = std::get_if<wire::Offer>(&*message);
  ASSERT_NE(offer, nullptr);
  ASSERT_EQ(offer->textures.size(), 1U);
  auto opened = second().import_shared_texture(std::move(offer->textures[0]));
  ASSERT_TRUE(opened) << opened.error().to_string();
  AccessState state;
  hand_off(**end, **texture, **opened, state, 1);
}

TEST_F(Xpc, WhatXpcDoesNotCarryIsRefused) {
  auto texture = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::host_memory);
  ASSERT_TRUE(texture);
  auto object = xpc::encode(offer_of(first(), **texture));
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().code(), ErrorCode::unsupported);
  EXPECT_EQ(object.error().message(), "A handle of kind [host_memory] is none that XPC carries.");
}

TEST_F(Xpc, ObjectsOfAnybodysAreChecked) {
  const auto refusal = [](void* object) {
    auto message = xpc::decode(object);
    EXPECT_FALSE(message);
    return message ? ErrorCode::busy : message.error().code();
  };
  EXPECT_EQ(refusal(nullptr), ErrorCode::protocol);
  xpc_object_t array = xpc_array_create(nullptr, 0);
  EXPECT_EQ(refusal(array), ErrorCode::protocol);
  xpc_object_t dictionary = xpc_dictionary_create(nullptr, nullptr, 0);
  EXPECT_EQ(refusal(dictionary), ErrorCode::protocol);
  xpc_dictionary_set_data(dictionary, "dev.geyser.bytes", "nonsense", 8);
  EXPECT_EQ(refusal(dictionary), ErrorCode::protocol);
  xpc_dictionary_set_value(dictionary, "dev.geyser.surfaces", dictionary == nullptr ? nullptr : array);
  EXPECT_EQ(refusal(dictionary), ErrorCode::protocol);  // of wire::decode()
  // Something else in a surface's place; too many; none for a message that has one.
  xpc_object_t inner = xpc_dictionary_create(nullptr, nullptr, 0);
  xpc_array_append_value(array, inner);
  EXPECT_EQ(refusal(dictionary), ErrorCode::invalid_handle);
  for (int i = 0; i < 64; ++i) xpc_array_append_value(array, inner);
  EXPECT_EQ(refusal(dictionary), ErrorCode::protocol);
  auto texture = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto object = xpc::encode(offer_of(first(), **texture));
  ASSERT_TRUE(object);
  xpc_object_t empty = xpc_array_create(nullptr, 0);
  xpc_dictionary_set_value(*object, "dev.geyser.surfaces", empty);
  EXPECT_EQ(refusal(*object), ErrorCode::protocol);
  for (xpc_object_t one : {array, dictionary, inner, empty, static_cast<xpc_object_t>(*object)}) xpc_release(one);
}

}  // namespace
}  // namespace geyser::test
