// XPC's objects: counted, typed, and a surface among them by its right.
#include <IOSurface/IOSurface.h>
#include <xpc/xpc.h>

#include <map>
#include <vector>

#include "objects.hpp"

struct xpc_type_double {
  const char* name;
};
const xpc_type_double xpc_double_dictionary{"dictionary"}, xpc_double_array{"array"};
static const xpc_type_double xpc_double_data{"data"}, xpc_double_surface{"surface"};

namespace {

struct XpcObject {
  explicit XpcObject(xpc_type_t its_type) : type(its_type) { ++geyser::apple_double::counters().xpc_objects; }
  ~XpcObject() {
    for (const auto& [key, value] : entries) xpc_release(value);
    for (xpc_object_t value : values) xpc_release(value);
    if (surface != nullptr) CFRelease(surface);
    --geyser::apple_double::counters().xpc_objects;
  }
  xpc_type_t type;
  std::atomic<int> references{1};
  std::map<std::string, xpc_object_t> entries;
  std::vector<xpc_object_t> values;
  std::vector<std::byte> bytes;
  IOSurfaceRef surface = nullptr;
};

XpcObject* of(xpc_object_t object, xpc_type_t type) {
  auto* one = static_cast<XpcObject*>(object);
  // "xpc_object_t": an object of another type ends the program.
  if (one == nullptr || one->type != type) geyser::apple_double::programming_error("xpc", "an object of another type");
  return one;
}

xpc_object_t retained(xpc_object_t object) {
  ++static_cast<XpcObject*>(object)->references;
  return object;
}

}  // namespace

extern "C" {

void xpc_release(xpc_object_t object) {
  auto* one = static_cast<XpcObject*>(object);
  if (--one->references == 0) delete one;
}
xpc_type_t xpc_get_type(xpc_object_t object) { return static_cast<XpcObject*>(object)->type; }

xpc_object_t xpc_dictionary_create(const char* const*, const xpc_object_t*, size_t) {
  return new XpcObject(XPC_TYPE_DICTIONARY);
}
void xpc_dictionary_set_data(xpc_object_t dictionary, const char* key, const void* bytes, size_t length) {
  auto* data = new XpcObject(&xpc_double_data);
  data->bytes.assign(static_cast<const std::byte*>(bytes), static_cast<const std::byte*>(bytes) + length);
  xpc_dictionary_set_value(dictionary, key, data);
  xpc_release(data);
}
void xpc_dictionary_set_value(xpc_object_t dictionary, const char* key, xpc_object_t value) {
  xpc_object_t& place = of(dictionary, XPC_TYPE_DICTIONARY)->entries[key];
  if (place != nullptr) xpc_release(place);
  place = retained(value);
}
// Null for a value of another type, too.
const void* xpc_dictionary_get_data(xpc_object_t dictionary, const char* key, size_t* length) {
  auto* value = static_cast<XpcObject*>(xpc_dictionary_get_value(dictionary, key));
  if (value == nullptr || value->type != &xpc_double_data) return nullptr;
  *length = value->bytes.size();
  return value->bytes.data();
}
xpc_object_t xpc_dictionary_get_value(xpc_object_t dictionary, const char* key) {
  const auto& entries = of(dictionary, XPC_TYPE_DICTIONARY)->entries;
  const auto found = entries.find(key);
  return found != entries.end() ? found->second : nullptr;
}
xpc_object_t xpc_array_create(const xpc_object_t*, size_t) { return new XpcObject(XPC_TYPE_ARRAY); }
void xpc_array_append_value(xpc_object_t array, xpc_object_t value) {
  of(array, XPC_TYPE_ARRAY)->values.push_back(retained(value));
}
xpc_object_t xpc_array_get_value(xpc_object_t array, size_t index) {
  return of(array, XPC_TYPE_ARRAY)->values.at(index);
}
size_t xpc_array_get_count(xpc_object_t array) { return of(array, XPC_TYPE_ARRAY)->values.size(); }

xpc_object_t IOSurfaceCreateXPCObject(IOSurfaceRef aSurface) {
  auto* object = new XpcObject(&xpc_double_surface);
  object->surface = static_cast<IOSurfaceRef>(const_cast<void*>(CFRetain(aSurface)));
  return object;
}
// A client of its own of the same surface.
IOSurfaceRef IOSurfaceLookupFromXPCObject(xpc_object_t xobj) {
  auto* object = static_cast<XpcObject*>(xobj);
  if (object->type != &xpc_double_surface) return nullptr;
  return static_cast<IOSurfaceRef>(const_cast<void*>(CFRetain(object->surface)));
}

}  // extern "C"
