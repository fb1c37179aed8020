// The importing process.
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "process/hand_off.hpp"
#include "support/descriptors.hpp"
#include "support/system.hpp"

namespace geyser::test {

namespace {

class Importer {
 public:
  Importer(Channel& channel, End& end) : channel_(channel), end_(end) {}

  // Serves cases until a request has none. Errors: the exporter is gone or breaks the protocol.
  Result<void> serve() {
    auto greeted = channel_.send(wire::Message(wire::Hello{wire::protocol_version, "test", capabilities()}), patience);
    if (!greeted) return greeted;
    for (;;) {
      auto request = receive_request(channel_);
      if (!request) return fail(std::move(request.error()));
      if (request->index == Request::no_case) return {};
      if (request->index >= cases_.size()) return fail(ErrorCode::protocol, "The exporter knows other cases.");
      if (auto done = serve_case(*request); !done) return done;
    }
  }

  // What the end has complained about since the last call, after `text`.
  std::string with_complaints(std::string text) {
    for (const std::string& complaint : std::exchange(end_.complaints, {})) text += "\n" + complaint;
    return text;
  }

 private:
  struct Session {
    Agreement agreement;
    std::unique_ptr<SharedTexture> texture;
    std::vector<std::shared_ptr<SharedFence>> fences;  // both ends'; the last is this end's
  };
  const Capabilities& capabilities() { return end_.manager().capabilities(); }

  Result<void> serve_case(const Request& request) {
    auto message = channel_.receive_message(patience);
    if (!message) return fail(std::move(message.error()));
    auto* offer = std::get_if<wire::Offer>(&*message);
    if (offer == nullptr) return fail(ErrorCode::protocol, "The exporter sends no Offer.");
    wire::Accept answer;
    auto session = accept(request, *offer, answer);
    if (!session) {
      const wire::Refusal refusal{session.error().code(), with_complaints(session.error().to_string())};
      return channel_.send(wire::Message(refusal), patience);
    }
    if (auto sent = channel_.send(wire::Message(std::move(answer)), patience); !sent) return sent;
    auto frame = channel_.receive_frame(session->fences, patience);
    if (!frame) return fail(std::move(frame.error()));
    auto state = exchange(*session, *frame);
    const std::string text = with_complaints(state ? "" : state.error().to_string());
    if (auto sent = send_text(channel_, text); !sent) return sent;
    if (!text.empty()) return {};
    if (auto sent = channel_.send_fences(*state, patience); !sent) return sent;
    return channel_.send(wire::to_frame(*state, 0, 1), patience);
  }

  Result<Session> accept(const Request& request, wire::Offer& offer, wire::Accept& answer) {
    if (offer.textures.size() != 1) return fail(ErrorCode::protocol, "The Offer has not one texture.");
    Session session;
    session.agreement = std::move(offer.agreement);
    ApiTextureHandle& parcel = offer.textures[0];
    for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
      auto object = object_of(parcel.handles.at(i));
      if (!object) return fail(std::move(object.error()));
      if (*object != request.objects.at(i)) return fail(ErrorCode::protocol, "The handle is another kernel object.");
    }
    auto texture = end_.manager().import_shared_texture(std::move(parcel));
    if (!texture) return fail(std::move(texture.error()));
    session.texture = *std::move(texture);
    if (session.texture->descriptor() != describe(cases_[request.index])) {
      return fail(ErrorCode::protocol, "The descriptor became " + to_string(session.texture->descriptor()) + ".");
    }
    for (FenceHandle& handle : offer.fences) {
      auto fence = end_.manager().import_fence(std::move(handle));
      if (!fence) return fail(std::move(fence.error()));
      session.fences.push_back(*std::move(fence));
    }
    if (makes_fences(capabilities(), session.agreement.fence_kind)) {
      auto own = end_.manager().create_fence(session.agreement.fence_kind);
      if (!own) return fail(std::move(own.error()));
      auto handle = (*own)->export_handle();
      if (!handle) return fail(std::move(handle.error()));
      answer.fences.push_back(*std::move(handle));
      session.fences.push_back(*std::move(own));
    }
    if (session.fences.size() != 2) return fail(ErrorCode::protocol, "The two ends have not two fences.");
    if (auto set = session.texture->set_signal_fence(session.fences[1]); !set) return fail(std::move(set.error()));
    return session;
  }

  // Reads the exporter's picture, and answers with one of its own.
  Result<AccessState> exchange(Session& session, const wire::Frame& frame) {
    auto written = wire::to_access_state(frame, session.fences);
    if (!written) return fail(std::move(written.error()));
    auto read = expect_pattern(end_, *session.texture, *written, 1);
    if (!read) return fail(std::move(read.error()).during("reading in the importer"));
    auto state = write_pattern(end_, *session.texture, *read, 2);
    if (!state) return fail(std::move(state.error()).during("writing in the importer"));
    if (auto good = expect_path(*session.texture, session.agreement, Side::importer); !good)
      return fail(std::move(good.error()));
    return state;
  }

  Channel& channel_;
  End& end_;
  std::vector<Case> cases_ = all_cases();
};

int stop(const GeyserError& error) {
  std::fprintf(stderr, "importer: %s\n", error.to_string().c_str());
  return 1;
}

}  // namespace

int run_importer(int count, char** values) {
  const std::size_t inherited = given_descriptors();
  auto channel = parent_channel(count, values);
  if (!channel) return stop(channel.error());
  const OnSecondGpu second;
  auto end = make_end(argument(count, values, "--importer").value_or(""));
  if (!end) return stop(end.error());
  const std::size_t before = open_descriptors();
  Importer importer(*channel, **end);
  if (auto served = importer.serve(); !served) return stop(served.error());
  if (auto settled = (*end)->settle(); !settled) return stop(settled.error());
  const std::size_t after = open_descriptors();
  (*end)->close();
  std::string text = importer.with_complaints("");
  // llvmpipe of Mesa 25 keeps the memory of a texture or two that were written by planes, however many there were
  // (opengl_dma_buf_test counts them over many).
  const bool is_gl = (*end)->name().starts_with("opengl");
  const std::size_t kept = (is_gl && std::getenv("GEYSER_RIG") != nullptr ? 2 : 0) + kept_by_a_channel();
  if (after < before || after > before + kept) {
    text += "\nThe importer had [" + std::to_string(before) + "] descriptors, and has [" + std::to_string(after) + "].";
  }
  const std::string expected = argument(count, values, "--descriptors").value_or("");
  if (std::to_string(inherited) != expected) {
    text += "\nThe importer began with [" + std::to_string(inherited) + "] descriptors instead of [" + expected + "].";
  }
  if (auto sent = send_text(*channel, text); !sent) return stop(sent.error());
  return 0;
}

}  // namespace geyser::test
