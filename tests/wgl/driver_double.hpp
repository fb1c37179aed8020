// Entry points over Wine's own opengl32.dll that add GL_EXT_memory_object_win32, GL_EXT_semaphore_win32,
// GL_EXT_win32_keyed_mutex and GL_NV_timeline_semaphore, so that Geyser's side of them runs.
//
// Real are the handles with their owners, the shared pages, and textures, rows and commands of GL's. Not real is that a
// texture is in shared memory: a memory object is a section, and the pixels are copied from it into the texture when a
// semaphore is waited for or a keyed mutex acquired, and back when one is signalled or released. So a wait that is
// missing, or a signal that comes before the commands, shows as wrong pixels. Sections are laid out as those of the
// Vulkan interposer (tests/windows/interposer), which opens the same ones:
// * a semaphore's first word is its counter: its value, or how many signals of a binary one are done; then come how
// many
//   of its signals and waits were submitted, and the n-th wait is for the n-th signal. A wait is over when it returns,
//   or given up after `patience`.
// * what stands for a texture of Direct3D's has a page at its end whose first word is the keyed mutex: 0 free, 1 held,
//   `abandoned`: of somebody who died.
// * a global number is a section's name.
// Those of Direct3D may also be where another stand-in has them (`direct3d`), packed as host memory is.
// It is strict where drivers are known to be: Direct3D's textures have size 0 and are dedicated. Which error codes a
// driver gives where the specification does not say is this file's.
#pragma once

#include <windows.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <geyser/opengl.hpp>

#include "opengl/loader.hpp"

namespace geyser::test {

class DriverDouble {
 public:
  static constexpr std::uint32_t abandoned = 0xdead;
  static constexpr std::size_t mutex_page = 4096;

  // One at a time: GL's functions have no object. `real` gives what is below it.
  explicit DriverDouble(opengl::ProcedureLookup real);
  ~DriverDouble();
  DriverDouble(const DriverDouble&) = delete;
  DriverDouble& operator=(const DriverDouble&) = delete;
  // Of the one that is there.
  static opengl::Procedure find(const char* name);

  // What it says of itself, and does not have.
  DeviceIdentity identity;
  std::set<std::string> without;   // extensions and functions
  std::set<GLenum> unknown_types;  // kinds of handles that it calls GL_INVALID_ENUM
  std::chrono::milliseconds patience{5000};
  // Where that stand-in has a texture's pixels and keyed mutex, and a fence's counter, and how it names a number.
  struct Places {
    std::size_t pixels = 0, mutex = 0, counter = 0;
    std::int64_t holder = 1;  // what is in a mutex that this one holds
    std::wstring prefix;
  };
  std::optional<Places> direct3d;

  // What it was asked, in order: "wait 5", "signal 6", "acquire", "release", "finish", "flush", ...
  std::vector<std::string> calls;
  // What would have hung or gone wrong.
  std::vector<std::string> complaints;

 private:
  class Section {
   public:
    Section() = default;
    Section(HANDLE handle, std::size_t size) noexcept;  // takes it over; 0: the whole. Empty when that fails
    Section(Section&& other) noexcept;
    Section& operator=(Section&& other) noexcept;
    ~Section();
    explicit operator bool() const noexcept { return view_ != nullptr; }
    std::byte* view() const noexcept { return view_; }
    std::size_t size() const noexcept;

   private:
    HANDLE handle_ = nullptr;
    std::byte* view_ = nullptr;
  };
  struct Memory {
    Section section;
    std::uint64_t size = 0;  // for pixels
    bool dedicated = false;
    std::size_t pixels = 0;            // where they begin
    volatile LONG64* mutex = nullptr;  // none of those that have none
    LONG64 holder = 1;
    bool host_packed = false;
  };
  struct Semaphore {
    Section section;
    std::size_t counter = 0;
    bool timeline = false;  // it has values
    std::uint64_t value = 0;
  };
  struct Texture {
    GLenum target = 0;
    GLuint memory = 0;
    std::uint64_t offset = 0;
    GLenum internal_format = 0;
    GLsizei levels = 0, width = 0, height = 0, depth = 0;
  };
  enum class Way { to_texture, to_memory };

  template <typename Function>
  Function below(const char* name) const {
    return reinterpret_cast<Function>(real_(name));
  }
  void fail(GLenum code);
  void* context() const;  // the current one
  std::uint64_t bytes_of(const Texture& texture) const;
  void storage(const Texture& texture);
  void copy(const Texture& texture, Way way);
  void copy_all(GLuint count, const GLuint* textures, const GLenum* layouts, Way way);
  void copy_memory(GLuint memory, Way way);
  Memory* with_mutex(GLuint memory);
  Section open(GLenum type, void* handle, std::size_t size) const;

  // The functions, by name.
  struct Entry;

  static DriverDouble* current_;
  opengl::ProcedureLookup real_;
  std::vector<const char*> added_;
  GLint real_count_ = 0;
  GLenum error_ = GL_NO_ERROR;
  GLuint last_name_ = 0;
  std::map<GLuint, Memory> memories_;
  std::map<GLuint, Semaphore> semaphores_;
  std::map<std::pair<void*, GLuint>, Texture> textures_;  // by context and name
};

}  // namespace geyser::test
