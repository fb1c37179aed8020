// What Geyser uses of XPC, on the double: objects of this process that are sent nowhere.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void* xpc_object_t;
typedef const struct xpc_type_double* xpc_type_t;

extern const struct xpc_type_double xpc_double_dictionary, xpc_double_array;
#define XPC_TYPE_DICTIONARY (&xpc_double_dictionary)
#define XPC_TYPE_ARRAY (&xpc_double_array)

void xpc_release(xpc_object_t object);
xpc_type_t xpc_get_type(xpc_object_t object);
xpc_object_t xpc_dictionary_create(const char* const* keys, const xpc_object_t* values, size_t count);
void xpc_dictionary_set_data(xpc_object_t dictionary, const char* key, const void* bytes, size_t length);
void xpc_dictionary_set_value(xpc_object_t dictionary, const char* key, xpc_object_t value);
const void* xpc_dictionary_get_data(xpc_object_t dictionary, const char* key, size_t* length);
xpc_object_t xpc_dictionary_get_value(xpc_object_t dictionary, const char* key);
xpc_object_t xpc_array_create(const xpc_object_t* objects, size_t count);
void xpc_array_append_value(xpc_object_t array, xpc_object_t value);
xpc_object_t xpc_array_get_value(xpc_object_t array, size_t index);
size_t xpc_array_get_count(xpc_object_t array);

#ifdef __cplusplus
}
#endif
