#include "process/hand_off.hpp"

#include <algorithm>
#include <utility>

#include "support/pattern.hpp"

namespace geyser::test {

std::vector<Case> all_cases() {
  std::vector<Case> cases = format_cases();
  const std::vector<Case> shaped = shape_cases();
  cases.insert(cases.end(), shaped.begin(), shaped.end());
  return cases;
}

Result<platform::KernelIdentity> object_of(const OwnedHandle& handle) {
  // Only Direct3D can ask what its handles are of.
  if (handle.kind() == HandleKind::d3d_nt || handle.kind() == HandleKind::d3d_kmt) return platform::KernelIdentity{};
  auto object = platform::kernel_identity(handle.get());
  if (!object && object.error().code() == ErrorCode::unsupported) return platform::KernelIdentity{};
  return object;
}

Result<Request> make_request(std::uint64_t index, const ApiTextureHandle& parcel) {
  Request request;
  request.index = index;
  for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
    auto object = object_of(parcel.handles.at(i));
    if (!object) return fail(std::move(object.error()));
    request.objects.at(i) = *object;
  }
  return request;
}

Result<void> send(Channel& channel, const Request& request) {
  return channel.send(std::as_bytes(std::span(&request, 1)), {}, patience);
}

Result<Request> receive_request(Channel& channel) {
  Request request;
  std::vector<OwnedHandle> none;
  auto size = channel.receive(std::as_writable_bytes(std::span(&request, 1)), none, patience);
  if (!size) return fail(std::move(size.error()).during("receiving a request"));
  if (*size != sizeof(request) || !none.empty()) return fail(ErrorCode::protocol, "The message is no request.");
  return request;
}

Result<AccessState> write_pattern(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
  auto access = texture.begin_access(AccessMode::discard, state);
  if (!access) return fail(std::move(access.error()));
  if (auto done = end.fill(texture, make_pattern(texture.descriptor(), seed)); !done) {
    return fail(std::move(done.error()));
  }
  return texture.end_access(*std::move(access));
}

Result<AccessState> expect_pattern(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
  auto access = texture.begin_access(AccessMode::read, state);
  if (!access) return fail(std::move(access.error()));
  auto actual = end.read(texture);
  if (!actual) return fail(std::move(actual.error()));
  auto ended = texture.end_access(*std::move(access));
  const TextureDescriptor& d = texture.descriptor();
  const std::string difference = test::difference(d, make_pattern(d, seed), *actual);
  if (!difference.empty())
    return fail(ErrorCode::protocol, "Not picture [" + std::to_string(seed) + "]: " + difference);
  return ended;
}

Result<void> expect_path(const SharedTexture& texture, const Agreement& agreement, Side side) {
  const bool copies = agreement.path == SharePath::gpu_copy
                          ? side == Side::importer
                          : agreement.path == SharePath::host_copy && texture.api() != Api::host;
  const SharePath path = copies ? agreement.path : SharePath::zero_copy;
  const std::uint64_t bytes = texture.statistics().bytes_copied;
  if (texture.path() == path && (bytes != 0) == copies) return {};
  return fail(ErrorCode::protocol, "The agreed path is [" + std::string(to_string(agreement.path)) +
                                       "], but a texture of API [" + std::string(to_string(texture.api())) + "] is [" +
                                       std::string(to_string(texture.path())) + "] and has copied [" +
                                       std::to_string(bytes) + "] bytes.");
}

bool makes_fences(const Capabilities& capabilities, FenceKind kind) {
  return std::any_of(capabilities.fences.begin(), capabilities.fences.end(),
                     [&](const FenceCapability& row) { return row.kind == kind && row.exportable; });
}

}  // namespace geyser::test
