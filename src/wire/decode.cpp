// Nothing is trusted: the buffer is verified, every number is checked for its range, every handle is used exactly
// once, and what is decoded passes the same validate() as a caller's own values.
#include <geyser/wire.hpp>

#include <cstring>
#include <utility>

#include "common/text.hpp"
#include "geyser_generated.h"
#include "wire/decoders.hpp"

namespace geyser::wire {

using detail::text;

namespace {

// Each becomes of the kind that the message says.
Result<void> name_handles(const fb::Envelope& envelope, std::vector<OwnedHandle>& handles) {
  const std::size_t kinds = envelope.handle_kinds() != nullptr ? envelope.handle_kinds()->size() : 0;
  if (kinds != handles.size()) {
    return fail(ErrorCode::protocol, text("Field [handle_kinds] names [", kinds, "] handles, but [", handles.size(),
                                          "] came with the message."));
  }
  Fields fields(handles);
  for (std::size_t i = 0; i < kinds; ++i) {
    const auto kind = fields.enumerator<HandleKind>(
        envelope.handle_kinds()->Get(static_cast<flatbuffers::uoffset_t>(i)), 1, handle_kind_count - 1, "handle_kinds");
    if (!fields.good()) return fail(fields.problem());
    // A number must not be taken for a handle of this process, nor a handle be kept as a number that nobody closes.
    if (handle_kind_info(kind).is_global_number != handle_kind_info(handles[i].kind()).is_global_number) {
      return fail(ErrorCode::protocol, text("Field [handle_kinds] says [", to_string(kind), "], but handle [", i,
                                            "] came as another thing."));
    }
    // An object's handle is a pointer: a peer that could name this kind could have any number called one.
    if (!handle_kind_info(kind).crosses_process) {
      return fail(ErrorCode::protocol,
                  text("Field [handle_kinds] names [", to_string(kind), "], which no message carries."));
    }
    handles[i] = OwnedHandle::adopt(kind, handles[i].detach());
  }
  return {};
}

Message read_body(Fields& fields, const fb::Envelope& envelope) {
  switch (envelope.body_type()) {
    case fb::Body::Hello:
      return read_hello(fields, envelope.body_as_Hello());
    case fb::Body::Offer:
      return read_offer(fields, envelope.body_as_Offer());
    case fb::Body::Accept:
      return read_accept(fields, envelope.body_as_Accept());
    case fb::Body::Refusal:
      return read_refusal(fields, envelope.body_as_Refusal());
    case fb::Body::Subscribe:
      return read_subscribe(fields, envelope.body_as_Subscribe());
    case fb::Body::Pool:
      return read_pool(fields, envelope.body_as_Pool());
    case fb::Body::Feed:
      return read_feed(fields, envelope.body_as_Feed());
    case fb::Body::Fences:
      return read_newer_fences(fields, envelope.body_as_Fences());
    case fb::Body::NONE:
      fields.complain("body", "is missing");
      break;
    default:
      fields.complain("body", "is of an unknown type");
  }
  return {};
}

}  // namespace

Result<Message> decode(std::span<const std::byte> bytes, std::vector<OwnedHandle>&& handles) {
  // Closed here unless the message takes them.
  std::vector<OwnedHandle> owned = std::move(handles);
  if (bytes.size() > max_message_bytes || bytes.size() < 12) {
    return fail(ErrorCode::protocol,
                text("The message has [", bytes.size(), "] bytes, outside [12] to [", max_message_bytes, "]."));
  }
  // FlatBuffers wants aligned memory; a caller's span need not be.
  std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  if (!fb::EnvelopeBufferHasIdentifier(data)) {
    return fail(ErrorCode::protocol, "The message is not Geyser's: its identifier is not [GYSR].");
  }
  flatbuffers::Verifier verifier(data, bytes.size(), 16, 100'000);
  if (!fb::VerifyEnvelopeBuffer(verifier)) {
    return fail(ErrorCode::protocol, text("The message of [", bytes.size(), "] bytes is not a valid FlatBuffer."));
  }
  const fb::Envelope* envelope = fb::GetEnvelope(data);
  if (envelope->version() != protocol_version) {
    return fail(ErrorCode::version_mismatch, text("The message is of protocol version [", envelope->version(),
                                                  "], this library speaks [", protocol_version, "]."));
  }
  if (auto named = name_handles(*envelope, owned); !named) return fail(std::move(named.error()));
  Fields fields(owned);
  Message message = read_body(fields, *envelope);
  fields.expect_all_taken();
  if (!fields.good()) return fail(fields.problem());
  return message;
}

}  // namespace geyser::wire
