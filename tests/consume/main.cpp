// What a user of an installed Geyser writes first: a texture goes from one manager to another, and its pixels with it.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <span>

#include <geyser/geyser.hpp>
#include <geyser/host.hpp>

namespace {

int complain(const geyser::GeyserError& error) {
  std::fprintf(stderr, "%s\n", error.to_string().c_str());
  return 1;
}

}  // namespace

int main() {
  if (auto fits = geyser::check_version(); !fits) return complain(fits.error());
  auto producer = geyser::host::create_manager();
  if (!producer) return complain(producer.error());
  auto consumer = geyser::host::create_manager();
  if (!consumer) return complain(consumer.error());

  geyser::TextureDescriptor descriptor;
  descriptor.extent = {64, 32, 1};
  descriptor.label = "consume";
  auto texture = (*producer)->create_texture(descriptor, geyser::HandleKind::host_memory);
  if (!texture) return complain(texture.error());

  auto writing = (*texture)->begin_access(geyser::AccessMode::discard, {});
  if (!writing) return complain(writing.error());
  auto pixels = geyser::host::bytes(**texture);
  if (!pixels) return complain(pixels.error());
  unsigned next = 0;
  std::generate(pixels->begin(), pixels->end(), [&] { return static_cast<std::byte>(next++ * 7U % 251U); });
  auto state = (*texture)->end_access(*std::move(writing));
  if (!state) return complain(state.error());

  auto parcel = (*producer)->export_texture(**texture);
  if (!parcel) return complain(parcel.error());
  auto received = (*consumer)->import_shared_texture(*std::move(parcel));
  if (!received) return complain(received.error());
  texture->reset();

  auto reading = (*received)->begin_access(geyser::AccessMode::read, *state);
  if (!reading) return complain(reading.error());
  auto seen = geyser::host::bytes(**received);
  if (!seen) return complain(seen.error());
  if (seen->size() != geyser::host_size(descriptor)) return 2;
  next = 0;
  for (const std::byte value : *seen) {
    if (value != static_cast<std::byte>(next++ * 7U % 251U)) return 3;
  }
  if (auto end = (*received)->end_access(*std::move(reading)); !end) return complain(end.error());
  std::puts("consumed");
  return 0;
}
