#include <geyser/xpc.hpp>

// It knows XPC's objects.
#include <IOSurface/IOSurface.h>
#include <xpc/xpc.h>

#include <memory>
#include <utility>
#include <vector>

#include "common/text.hpp"
#include "surface/surface.hpp"

namespace geyser::xpc {

using detail::text;
using surface::Surface;

namespace {

// Of the dictionary.
constexpr const char* bytes_key = "dev.geyser.bytes";
constexpr const char* surfaces_key = "dev.geyser.surfaces";
// More than any message of Geyser's has.
constexpr std::size_t max_surfaces = 64;

struct Release {
  void operator()(xpc_object_t object) const noexcept { xpc_release(object); }
};
using Object = std::unique_ptr<std::remove_pointer_t<xpc_object_t>, Release>;

Result<Object> wrap(const OwnedHandle& handle) {
  if (handle.kind() != HandleKind::io_surface) {
    GeyserError error(ErrorCode::unsupported,
                      text("A handle of kind [", to_string(handle.kind()), "] is none that XPC carries."));
    error.suggest("handle kind [io_surface]");
    return fail(std::move(error));
  }
  auto surface = Surface::open(handle);
  if (!surface) return fail(std::move(surface.error()));
  return Object(IOSurfaceCreateXPCObject(surface->get()));
}

Result<OwnedHandle> unwrap(xpc_object_t object) {
  IOSurfaceRef found = object != nullptr ? IOSurfaceLookupFromXPCObject(object) : nullptr;
  if (found == nullptr) return fail(ErrorCode::invalid_handle, "An object of the message is no IOSurface.");
  const Surface surface = Surface::share(found);
  CFRelease(found);
  return surface.right();
}

}  // namespace

Result<void*> encode(wire::Message&& message) {
  auto encoded = wire::encode(std::move(message));
  if (!encoded) return fail(std::move(encoded.error()));
  Object surfaces(xpc_array_create(nullptr, 0));
  for (const OwnedHandle& handle : encoded->handles) {
    auto object = wrap(handle);
    if (!object) return fail(std::move(object.error()));
    xpc_array_append_value(surfaces.get(), object->get());
  }
  Object dictionary(xpc_dictionary_create(nullptr, nullptr, 0));
  xpc_dictionary_set_data(dictionary.get(), bytes_key, encoded->bytes.data(), encoded->bytes.size());
  xpc_dictionary_set_value(dictionary.get(), surfaces_key, surfaces.get());
  return static_cast<void*>(dictionary.release());
}

Result<wire::Message> decode(void* object) {
  auto* dictionary = static_cast<xpc_object_t>(object);
  if (dictionary == nullptr || xpc_get_type(dictionary) != XPC_TYPE_DICTIONARY) {
    return fail(ErrorCode::protocol, "The XPC object is no dictionary.");
  }
  std::size_t size = 0;
  const void* bytes = xpc_dictionary_get_data(dictionary, bytes_key, &size);
  xpc_object_t surfaces = xpc_dictionary_get_value(dictionary, surfaces_key);
  if (bytes == nullptr || surfaces == nullptr || xpc_get_type(surfaces) != XPC_TYPE_ARRAY) {
    return fail(ErrorCode::protocol,
                text("The XPC dictionary has not both [", bytes_key, "] and [", surfaces_key, "]."));
  }
  const std::size_t count = xpc_array_get_count(surfaces);
  if (count > max_surfaces) {
    return fail(ErrorCode::protocol, text("[", count, "] surfaces are more than the limit [", max_surfaces, "]."));
  }
  std::vector<OwnedHandle> handles;
  for (std::size_t i = 0; i < count; ++i) {
    auto handle = unwrap(xpc_array_get_value(surfaces, i));
    if (!handle) return fail(std::move(handle.error()).during(text("opening surface [", i, "] of the message")));
    handles.push_back(*std::move(handle));
  }
  return wire::decode({static_cast<const std::byte*>(bytes), size}, std::move(handles));
}

}  // namespace geyser::xpc
