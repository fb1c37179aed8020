// A reader for each noun of the schema. What is wrong the fields remember (fields.hpp); a value that comes back after
// that means nothing.
#pragma once

#include <cstdint>
#include <vector>

#include <geyser/wire.hpp>

#include "geyser_generated.h"
#include "wire/fields.hpp"

namespace geyser::wire {

// decode_texture.cpp
DeviceIdentity read_identity(Fields& fields, const fb::Identity* in);
Extent3D read_extent(Fields& fields, const fb::Extent* in, const char* field);
TextureDescriptor read_descriptor(Fields& fields, const fb::Descriptor* in);
ApiTextureHandle read_parcel(Fields& fields, const fb::Parcel* in);

// decode_session.cpp
Hello read_hello(Fields& fields, const fb::Hello* in);
std::vector<std::uint64_t> read_modifiers(Fields& fields, const flatbuffers::Vector<std::uint64_t>* in,
                                          const char* field);
Offer read_offer(Fields& fields, const fb::Offer* in);
Fences read_newer_fences(Fields& fields, const fb::Fences* in);
Accept read_accept(Fields& fields, const fb::Accept* in);
Refusal read_refusal(Fields& fields, const fb::Refusal* in);

// decode_stream.cpp
Subscribe read_subscribe(Fields& fields, const fb::Subscribe* in);
Pool read_pool(Fields& fields, const fb::Pool* in);
Feed read_feed(Fields& fields, const fb::Feed* in);

}  // namespace geyser::wire
