// Arrays, imported memory and semaphores, surface and texture objects.
#include "support/cuda_stand_in_state.hpp"

namespace {

struct Block {
  std::size_t bytes = 0;
  std::size_t edge = 1;
};
Block block_of(const driver::ArrayDescriptor& d) {
  const int format = static_cast<int>(d.format);
  if (format >= 0x91 && format <= 0x9e) {
    const bool half = format == 0x91 || format == 0x92 || format == 0x97 || format == 0x98;
    return {half ? 8U : 16U, 4};
  }
  switch (d.format) {
    case ArrayFormat::unsigned_int8:
    case ArrayFormat::signed_int8:
      return {d.channels};
    case ArrayFormat::unsigned_int16:
    case ArrayFormat::signed_int16:
    case ArrayFormat::half:
      return {2 * d.channels};
    case ArrayFormat::unsigned_int32:
    case ArrayFormat::signed_int32:
    case ArrayFormat::floating:
      return {4 * d.channels};
    case ArrayFormat::unorm_int_101010_2:
      return {4};
    default:
      break;
  }
  // The normalised ones: one, two or four channels of 8 bits, then of 16; unsigned ones, then signed ones.
  if (format < 0xc0 || format > 0xcb) return {};
  const std::size_t channels = std::size_t{1} << (format - 0xc0) % 3;
  if (channels != d.channels) return {};
  return {channels * ((format - 0xc0) / 3 % 2 == 0 ? 1 : 2)};
}

// Levels one after another in `memory`, or what they need when that is null. 0: no such array.
std::size_t lay_out(CUmipmappedArray_st& array, unsigned levels, std::byte* memory) {
  const driver::ArrayDescriptor& d = array.description;
  const Block block = block_of(d);
  const bool cube = (d.flags & driver::array_cubemap) != 0;
  const bool layered = (d.flags & driver::array_layered) != 0;
  if (block.bytes == 0 || d.width == 0 || d.height == 0 || levels == 0) return 0;
  if (cube && (d.width != d.height || d.depth == 0 || d.depth % 6 != 0 || (!layered && d.depth != 6))) return 0;
  if (layered && d.depth == 0) return 0;
  std::size_t at = 0;
  for (unsigned level = 0; level < levels; ++level) {
    const auto shrink = [&](std::size_t edge) { return std::max<std::size_t>(edge >> level, 1); };
    CUarray_st one;
    one.context = array.context;
    one.row_bytes = (shrink(d.width) + block.edge - 1) / block.edge * block.bytes;
    one.rows = (shrink(d.height) + block.edge - 1) / block.edge;
    one.slices = cube || layered ? d.depth : shrink(std::max<std::size_t>(d.depth, 1));
    one.data = memory != nullptr ? memory + at : nullptr;
    at += one.row_bytes * one.rows * one.slices;
    if (memory != nullptr) array.levels.push_back(std::make_unique<CUarray_st>(one));
  }
  return at;
}

bool take(std::intptr_t handle, std::size_t size, Imported& into) {
  const auto home = state().homes.find(inode_of(handle));
  if (home != state().homes.end() && home->second != current.back()->device) return false;
  if (!take_handle(handle, size, into)) return false;
  into.context = current.back();
  into.size = size;
  ++state().owned;
  return true;
}
void drop(const Imported& object) {
  drop_handle(object);
  --state().owned;
}

}  // namespace

EXPORT int cuMipmappedArrayCreate(CUmipmappedArray_st** array, const driver::ArrayDescriptor* description,
                                  unsigned levels) {
  ENTER()
  if (state().refused_formats.contains(static_cast<int>(description->format))) return driver::invalid_value;
  const std::size_t edge = block_of(*description).edge;
  if (state().whole_blocks && (description->width % edge != 0 || description->height % edge != 0)) {
    return driver::invalid_value;
  }
  auto made = std::make_unique<CUmipmappedArray_st>();
  made->context = current.back();
  made->description = *description;
  const std::size_t size = lay_out(*made, levels, nullptr);
  if (size == 0) return driver::invalid_value;
  made->own.resize(size);
  lay_out(*made, levels, made->own.data());
  *array = made.release();
  born(*array, "mipmapped array");
  return driver::success;
}
EXPORT int cuMipmappedArrayGetLevel(CUarray_st** level, CUmipmappedArray_st* array, unsigned index) {
  ENTER()
  ALIVE(array, "mipmapped array")
  if (index >= array->levels.size()) return driver::invalid_value;
  *level = array->levels[index].get();
  return driver::success;
}
EXPORT int cuMipmappedArrayDestroy(CUmipmappedArray_st* array) {
  ENTER()
  BURY(array, "mipmapped array")
  delete array;
  return driver::success;
}
EXPORT int cuImportExternalMemory(CUextMemory_st** memory, const driver::ExternalMemoryHandle* handle) {
  ENTER()
  auto made = std::make_unique<CUextMemory_st>();
  if (!opens(*handle) || !take(handle_of(*handle), handle->size, *made)) return driver::invalid_value;
  *memory = made.release();
  born(*memory, "external memory");
  return driver::success;
}
EXPORT int cuExternalMemoryGetMappedMipmappedArray(CUmipmappedArray_st** array, CUextMemory_st* memory,
                                                   const driver::ExternalMemoryArray* mapping) {
  ENTER()
  ALIVE(memory, "external memory")
  HERE(memory->context, "external memory")
  auto made = std::make_unique<CUmipmappedArray_st>();
  made->context = current.back();
  made->description = mapping->array;
  const std::size_t size = lay_out(*made, mapping->levels, nullptr);
  if (size == 0 || mapping->offset + size > memory->size) return driver::invalid_value;
  lay_out(*made, mapping->levels, static_cast<std::byte*>(memory->memory) + mapping->offset);
  *array = made.release();
  born(*array, "mipmapped array");
  return driver::success;
}
EXPORT int cuDestroyExternalMemory(CUextMemory_st* memory) {
  ENTER()
  BURY(memory, "external memory")
  drop(*memory);
  delete memory;
  return driver::success;
}
EXPORT int cuImportExternalSemaphore(CUextSemaphore_st** semaphore, const driver::ExternalSemaphoreHandle* handle) {
  ENTER()
  auto made = std::make_unique<CUextSemaphore_st>();
  const int how = opens(*handle);
  made->timeline = how == 2;
  if (how == 0) return driver::invalid_value;
  if (!take(handle_of(*handle), sizeof(std::uint64_t), *made)) return driver::invalid_handle;
  *semaphore = made.release();
  born(*semaphore, "external semaphore");
  return driver::success;
}
EXPORT int cuDestroyExternalSemaphore(CUextSemaphore_st* semaphore) {
  ENTER()
  BURY(semaphore, "external semaphore")
  drop(*semaphore);
  delete semaphore;
  return driver::success;
}

namespace {
int use_semaphores(const char* call, CUextSemaphore_st* const* semaphores, const driver::SemaphoreUse* uses,
                   unsigned count, CUstream_st* stream, bool signal) {
  if (!is_here(resolve(stream)->context, "stream", call)) return driver::invalid_handle;
  for (unsigned i = 0; i < count; ++i) {
    if (!is_alive(semaphores[i], "external semaphore", call)) return driver::invalid_handle;
    if (!is_here(semaphores[i]->context, "semaphore", call)) return driver::invalid_handle;
    CUextSemaphore_st* semaphore = semaphores[i];
    const std::uint64_t value = semaphore->timeline ? uses[i].value : 1;
    if (!semaphore->timeline && uses[i].value != 0) complain(std::string(call) + ": a binary semaphore with a value");
    tell(stream, [=] {
      if (!is_alive(semaphore, "external semaphore", "a stream")) return true;
      auto* counter = static_cast<std::uint64_t*>(semaphore->memory);
      if (!signal && *counter < value) return false;
      if (signal && semaphore->timeline && *counter >= value) complain("a timeline is signalled backwards");
      *counter = signal ? value : semaphore->timeline ? *counter : 0;
      return true;
    });
  }
  return driver::success;
}
}  // namespace

EXPORT int cuSignalExternalSemaphoresAsync(CUextSemaphore_st* const* semaphores, const driver::SemaphoreUse* uses,
                                           unsigned count, CUstream_st* stream) {
  ENTER()
  return use_semaphores(__func__, semaphores, uses, count, stream, true);
}
EXPORT int cuWaitExternalSemaphoresAsync(CUextSemaphore_st* const* semaphores, const driver::SemaphoreUse* uses,
                                         unsigned count, CUstream_st* stream) {
  ENTER()
  return use_semaphores(__func__, semaphores, uses, count, stream, false);
}
EXPORT int cuSurfObjectCreate(driver::Object* object, const driver::Resource* resource) {
  ENTER()
  if (resource->type != driver::ResourceType::array || !is_array(resource->array)) return driver::invalid_value;
  *object = state().next_object++;
  state().objects[*object] = "surface";
  return driver::success;
}
EXPORT int cuTexObjectCreate(driver::Object* object, const driver::Resource* resource, const driver::Sampling* sampling,
                             const void*) {
  ENTER()
  if (resource->type == driver::ResourceType::pitched && resource->pitched.pitch % 32 != 0)
    return driver::invalid_value;
  if (resource->type == driver::ResourceType::array && !is_array(resource->array)) return driver::invalid_handle;
  const bool normalized = (sampling->flags & driver::normalized_coordinates) != 0;
  if (resource->type == driver::ResourceType::mipmapped_array && !normalized) return driver::invalid_value;
  *object = state().next_object++;
  state().objects[*object] = "texture";
  return driver::success;
}

namespace {
int destroy_object(driver::Object object, const char* kind, const char* call) {
  const auto found = state().objects.find(object);
  if (found == state().objects.end() || found->second != kind) {
    complain(std::string(call) + ": no such object");
    return driver::invalid_value;
  }
  state().objects.erase(found);
  return driver::success;
}
}  // namespace

EXPORT int cuSurfObjectDestroy(driver::Object object) {
  ENTER()
  return destroy_object(object, "surface", __func__);
}
EXPORT int cuTexObjectDestroy(driver::Object object) {
  ENTER()
  return destroy_object(object, "texture", __func__);
}
