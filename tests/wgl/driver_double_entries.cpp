// The functions of the double, as GL's callers see them.
#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>

#include "wgl/driver_double.hpp"

namespace geyser::test {

namespace {

constexpr std::array<const char*, 6> extensions{"GL_EXT_memory_object",     "GL_EXT_memory_object_win32",
                                                "GL_EXT_semaphore",         "GL_EXT_semaphore_win32",
                                                "GL_EXT_win32_keyed_mutex", "GL_NV_timeline_semaphore"};
constexpr std::size_t counter_bytes = 4096;

}  // namespace

struct DriverDouble::Entry {
  static DriverDouble& me() { return *current_; }

  static GLenum APIENTRY get_error() {
    const GLenum mine = std::exchange(me().error_, static_cast<GLenum>(GL_NO_ERROR));
    return mine != GL_NO_ERROR ? mine : me().below<decltype(&::glGetError)>("glGetError")();
  }
  static const GLubyte* APIENTRY get_stringi(GLenum name, GLuint index) {
    const auto real_count = static_cast<GLuint>(me().real_count_);
    if (name == GL_EXTENSIONS && index >= real_count) {
      return reinterpret_cast<const GLubyte*>(me().added_.at(index - real_count));
    }
    return me().below<decltype(&::glGetStringi)>("glGetStringi")(name, index);
  }
  static void APIENTRY get_integerv(GLenum name, GLint* value) {
    if (name == GL_DEVICE_NODE_MASK_EXT) {
      *value = static_cast<GLint>(me().identity.node_mask);
    } else if (name == GL_NUM_DEVICE_UUIDS_EXT) {
      *value = me().identity.has_uuids ? 1 : 2;
    } else {
      me().below<decltype(&::glGetIntegerv)>("glGetIntegerv")(name, value);
    }
    if (name != GL_NUM_EXTENSIONS) return;
    me().real_count_ = *value;
    me().added_.clear();
    for (const char* extension : extensions) {
      if (!me().without.contains(extension)) me().added_.push_back(extension);
    }
    *value += static_cast<GLint>(me().added_.size());
  }
  static void APIENTRY get_bytes(GLenum name, GLubyte* bytes) {
    const DeviceIdentity& identity = me().identity;
    if (name == GL_DEVICE_LUID_EXT) {
      if (!identity.has_luid) return me().fail(GL_INVALID_ENUM);
      std::copy(identity.luid.begin(), identity.luid.end(), bytes);
    } else if (name == GL_DRIVER_UUID_EXT) {
      std::copy(identity.driver_uuid.begin(), identity.driver_uuid.end(), bytes);
    } else {
      me().fail(GL_INVALID_ENUM);
    }
  }
  static void APIENTRY get_indexed_bytes(GLenum name, GLuint index, GLubyte* bytes) {
    if (name != GL_DEVICE_UUID_EXT || index != 0) return me().fail(GL_INVALID_ENUM);
    std::copy(me().identity.device_uuid.begin(), me().identity.device_uuid.end(), bytes);
  }

  static void APIENTRY create_memories(GLsizei count, GLuint* names) {
    for (GLsizei i = 0; i < count; ++i) me().memories_[names[i] = ++me().last_name_];
  }
  static void APIENTRY delete_memories(GLsizei count, const GLuint* names) {
    for (GLsizei i = 0; i < count; ++i) {
      const bool used = std::any_of(me().textures_.begin(), me().textures_.end(),
                                    [&](const auto& one) { return one.second.memory == names[i]; });
      if (used) me().complaints.emplace_back("memory is deleted before its texture");
      me().memories_.erase(names[i]);
    }
  }
  static void APIENTRY memory_parameter(GLuint memory, GLenum name, const GLint* value) {
    const auto found = me().memories_.find(memory);
    if (found == me().memories_.end() || name != GL_DEDICATED_MEMORY_OBJECT_EXT) return me().fail(GL_INVALID_VALUE);
    if (found->second.section) return me().fail(GL_INVALID_OPERATION);
    found->second.dedicated = *value == GL_TRUE;
  }
  static void APIENTRY import_memory(GLuint memory, GLuint64 size, GLenum type, void* handle) {
    DriverDouble& me = Entry::me();
    const auto found = me.memories_.find(memory);
    if (found == me.memories_.end() || found->second.section) return me.fail(GL_INVALID_OPERATION);
    me.calls.push_back("memory " + std::to_string(type) + " size " + std::to_string(size) +
                       (found->second.dedicated ? " dedicated" : ""));
    if (me.unknown_types.contains(type)) return me.fail(GL_INVALID_ENUM);
    const bool image = type == GL_HANDLE_TYPE_D3D11_IMAGE_EXT || type == GL_HANDLE_TYPE_D3D11_IMAGE_KMT_EXT;
    const bool texture = image || type == GL_HANDLE_TYPE_D3D12_RESOURCE_EXT;
    if (texture && (size != 0 || !found->second.dedicated)) return me.fail(GL_INVALID_VALUE);
    Section section = me.open(type, handle, static_cast<std::size_t>(size));
    if (!section) return me.fail(GL_INVALID_VALUE);
    Memory& mine = found->second;
    mine.size = size;
    if (texture) {
      const auto& places = me.direct3d;
      mine.size = section.size() - (places ? places->pixels : mutex_page);
      mine.pixels = places ? places->pixels : 0;
      mine.host_packed = places.has_value();
      mine.holder = places ? places->holder : 1;
      std::byte* mutex = section.view() + (places ? places->mutex : mine.size);
      if (image) mine.mutex = reinterpret_cast<volatile LONG64*>(mutex);
    }
    mine.section = std::move(section);
  }
  static void APIENTRY storage_2d(GLenum target, GLsizei levels, GLenum internal_format, GLsizei width, GLsizei height,
                                  GLuint memory, GLuint64 offset) {
    me().storage({target, memory, offset, internal_format, levels, width, height, 1});
  }
  static void APIENTRY storage_3d(GLenum target, GLsizei levels, GLenum internal_format, GLsizei width, GLsizei height,
                                  GLsizei depth, GLuint memory, GLuint64 offset) {
    me().storage({target, memory, offset, internal_format, levels, width, height, depth});
  }
  static void APIENTRY delete_textures(GLsizei count, const GLuint* names) {
    for (GLsizei i = 0; i < count; ++i) me().textures_.erase({me().context(), names[i]});
    me().below<decltype(&::glDeleteTextures)>("glDeleteTextures")(count, names);
  }

  static void APIENTRY create_semaphores(GLsizei count, GLuint* names) {
    for (GLsizei i = 0; i < count; ++i) me().semaphores_[names[i] = ++me().last_name_];
  }
  static void APIENTRY delete_semaphores(GLsizei count, const GLuint* names) {
    for (GLsizei i = 0; i < count; ++i) me().semaphores_.erase(names[i]);
  }
  static void APIENTRY semaphore_parameter(GLuint semaphore, GLenum name, const GLint* value) {
    if (name != GL_SEMAPHORE_TYPE_NV || me().semaphores_[semaphore].section) return me().fail(GL_INVALID_OPERATION);
    me().semaphores_[semaphore].timeline = *value == GL_SEMAPHORE_TYPE_TIMELINE_NV;
  }
  static void APIENTRY import_semaphore(GLuint semaphore, GLenum type, void* handle) {
    DriverDouble& me = Entry::me();
    Semaphore& mine = me.semaphores_[semaphore];
    me.calls.push_back("semaphore " + std::to_string(type) + (mine.timeline ? " timeline" : ""));
    if (me.unknown_types.contains(type)) return me.fail(GL_INVALID_ENUM);
    if (type == GL_HANDLE_TYPE_D3D12_FENCE_EXT) mine.timeline = true;
    if (me.direct3d && type == GL_HANDLE_TYPE_D3D12_FENCE_EXT) mine.counter = me.direct3d->counter;
    mine.section = me.open(type, handle, counter_bytes);
    if (!mine.section) me.fail(GL_INVALID_VALUE);
  }
  static void APIENTRY set_value(GLuint semaphore, GLenum name, const GLuint64* value) {
    if (name != GL_D3D12_FENCE_VALUE_EXT) return me().fail(GL_INVALID_ENUM);
    if (!me().semaphores_[semaphore].timeline) return me().fail(GL_INVALID_OPERATION);
    me().semaphores_[semaphore].value = *value;
  }
  enum Word : std::size_t { reached, signals, waits };
  static std::atomic<std::uint64_t>& counter(const Semaphore& semaphore, Word word = reached) {
    return reinterpret_cast<std::atomic<std::uint64_t>*>(semaphore.section.view() + semaphore.counter)[word];
  }
  static void APIENTRY wait(GLuint semaphore, GLuint, const GLuint*, GLuint count, const GLuint* textures,
                            const GLenum* layouts) {
    DriverDouble& me = Entry::me();
    const Semaphore& mine = me.semaphores_[semaphore];
    me.calls.push_back(mine.timeline ? "wait " + std::to_string(mine.value) : "wait binary");
    const std::uint64_t value = mine.timeline ? mine.value : ++counter(mine, waits);
    const DWORD begun = ::GetTickCount();
    while (counter(mine).load() < value) {
      if (::GetTickCount() - begun >= static_cast<DWORD>(me.patience.count())) {
        me.complaints.push_back("the device hangs in a wait for " + std::to_string(value));
        return;
      }
      ::Sleep(1);
    }
    me.copy_all(count, textures, layouts, Way::to_texture);
  }
  static void APIENTRY signal(GLuint semaphore, GLuint, const GLuint*, GLuint count, const GLuint* textures,
                              const GLenum* layouts) {
    DriverDouble& me = Entry::me();
    const Semaphore& mine = me.semaphores_[semaphore];
    me.calls.push_back(mine.timeline ? "signal " + std::to_string(mine.value) : "signal binary");
    me.copy_all(count, textures, layouts, Way::to_memory);
    if (!mine.timeline) {
      const std::uint64_t waited_for = counter(mine, waits).load();
      const std::uint64_t value = ++counter(mine, signals);
      if (value > waited_for + 1) me.complaints.emplace_back("nobody has waited for a binary semaphore's last signal");
      counter(mine) = value;
      return;
    }
    if (counter(mine).exchange(mine.value) >= mine.value) me.complaints.emplace_back("a timeline goes back");
  }
  static GLboolean APIENTRY acquire(GLuint memory, GLuint64 key, GLuint timeout) {
    DriverDouble& me = Entry::me();
    me.calls.emplace_back("acquire");
    const Memory* mine = me.with_mutex(memory);
    if (mine == nullptr) return me.fail(GL_INVALID_VALUE), static_cast<GLboolean>(GL_FALSE);
    const DWORD begun = ::GetTickCount();
    while (key != 0 || ::InterlockedCompareExchange64(mine->mutex, mine->holder, 0) != 0) {
      if (*mine->mutex == abandoned) return me.fail(GL_INVALID_OPERATION), static_cast<GLboolean>(GL_FALSE);
      if (::GetTickCount() - begun >= timeout) return GL_FALSE;
      ::Sleep(1);
    }
    me.copy_memory(memory, Way::to_texture);
    return GL_TRUE;
  }
  static GLboolean APIENTRY release(GLuint memory, GLuint64 key) {
    DriverDouble& me = Entry::me();
    me.calls.emplace_back("release");
    const Memory* mine = me.with_mutex(memory);
    if (mine == nullptr) return me.fail(GL_INVALID_VALUE), static_cast<GLboolean>(GL_FALSE);
    me.copy_memory(memory, Way::to_memory);
    // Who releases what he does not hold is told so.
    if (key == 0 && ::InterlockedCompareExchange64(mine->mutex, 0, mine->holder) == mine->holder) return GL_TRUE;
    return me.fail(GL_INVALID_OPERATION), static_cast<GLboolean>(GL_FALSE);
  }
  static void APIENTRY finish() {
    me().calls.emplace_back("finish");
    me().below<decltype(&::glFinish)>("glFinish")();
  }
  static void APIENTRY flush() {
    me().calls.emplace_back("flush");
    me().below<decltype(&::glFlush)>("glFlush")();
  }
};
opengl::Procedure DriverDouble::find(const char* name) {
  const auto plain = [](auto function) { return reinterpret_cast<opengl::Procedure>(function); };
  static const std::map<std::string_view, opengl::Procedure> entries{
      {"glGetError", plain(&Entry::get_error)},
      {"glGetStringi", plain(&Entry::get_stringi)},
      {"glGetIntegerv", plain(&Entry::get_integerv)},
      {"glGetUnsignedBytevEXT", plain(&Entry::get_bytes)},
      {"glGetUnsignedBytei_vEXT", plain(&Entry::get_indexed_bytes)},
      {"glCreateMemoryObjectsEXT", plain(&Entry::create_memories)},
      {"glDeleteMemoryObjectsEXT", plain(&Entry::delete_memories)},
      {"glMemoryObjectParameterivEXT", plain(&Entry::memory_parameter)},
      {"glImportMemoryWin32HandleEXT", plain(&Entry::import_memory)},
      {"glTexStorageMem2DEXT", plain(&Entry::storage_2d)},
      {"glTexStorageMem3DEXT", plain(&Entry::storage_3d)},
      {"glDeleteTextures", plain(&Entry::delete_textures)},
      {"glGenSemaphoresEXT", plain(&Entry::create_semaphores)},
      {"glCreateSemaphoresNV", plain(&Entry::create_semaphores)},
      {"glDeleteSemaphoresEXT", plain(&Entry::delete_semaphores)},
      {"glSemaphoreParameterivNV", plain(&Entry::semaphore_parameter)},
      {"glSemaphoreParameterui64vEXT", plain(&Entry::set_value)},
      {"glImportSemaphoreWin32HandleEXT", plain(&Entry::import_semaphore)},
      {"glWaitSemaphoreEXT", plain(&Entry::wait)},
      {"glSignalSemaphoreEXT", plain(&Entry::signal)},
      {"glAcquireKeyedMutexWin32EXT", plain(&Entry::acquire)},
      {"glReleaseKeyedMutexWin32EXT", plain(&Entry::release)},
      {"glFinish", plain(&Entry::finish)},
      {"glFlush", plain(&Entry::flush)},
  };
  if (current_->without.contains(name)) return nullptr;
  const auto found = entries.find(name);
  return found != entries.end() ? found->second : current_->real_(name);
}

}  // namespace geyser::test
