// Entry points over Wine's own opengl32.dll that add WGL_NV_DX_interop2, on the stand-in of Direct3D 11
// (tests/d3d11/stand_in.hpp), so that Geyser's side of it runs.
//
// Real are textures and commands of GL's, and of the stand-in what it says. Not real is that the two are one: a lock
// copies the stand-in's pixels into GL's texture, and an unlock copies them back, but not after an access for reading;
// one that discards finds other pixels than were there. BGRA is RGBA with red and blue exchanged, as colours are the
// same in both. A lock runs what Direct3D has recorded, and does not return before it is done.
// It is strict where the extension says "undefined": GL touches nothing that is not locked, a keyed mutex is the
// device's at a lock and at an unlock, nothing is let go of while it is in use. Its calls are noted among the
// stand-in's, and fail by stand_in::answer_next() with a number of GetLastError()'s.
#pragma once

#include <windows.h>

#include <d3d11.h>

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <geyser/opengl.hpp>

#include "dxgi/com.hpp"
#include "opengl/context.hpp"
#include "opengl/loader.hpp"

namespace geyser::test {

class InteropDouble {
 public:
  // One at a time: GL's functions have no object. `real` gives what is below it.
  explicit InteropDouble(opengl::ProcedureLookup real);
  // Complains of devices that are still open.
  ~InteropDouble();
  InteropDouble(const InteropDouble&) = delete;
  InteropDouble& operator=(const InteropDouble&) = delete;
  // Of the one that is there.
  static opengl::Procedure find(const char* name);

  std::set<std::string> without;          // functions, and "WGL_NV_DX_interop2"
  std::vector<std::string> with;          // extensions of GL's that it says it has, too
  std::map<TextureFormat, GLenum> makes;  // another internal format of it than its equal
  // What would have been undefined, or hung.
  std::vector<std::string> complaints;
  std::size_t devices() const { return devices_.size(); }
  std::size_t objects() const { return objects_.size(); }
  // Those that a refused call has left.
  void forget_objects() { objects_.clear(); }

 private:
  struct Device {
    dxgi::Com<ID3D11Device> direct3d;
  };
  struct Object {
    Device* device = nullptr;
    dxgi::Com<ID3D11Texture2D> texture;
    GLuint name = 0;
    GLenum access = 0;
    bool locked = false;
    std::vector<std::byte> given;  // the pixels at the lock
  };
  struct Entry;

  template <typename Function>
  Function below(const char* name) const {
    return reinterpret_cast<Function>(real_(name));
  }
  bool refuse(DWORD number) const;
  // Notes it; whether it is to fail, with GetLastError() set.
  bool fails(const char* call, const std::string& arguments = {}) const;
  // Complains where GL uses what is not locked.
  void used(GLuint name);
  // Whether Direct3D's device is done with what it has recorded, soon.
  bool settle(Device& device);
  void check_mutex(Object& object, const char* when);
  std::shared_ptr<opengl::Context> context();
  std::vector<std::byte> download(const Object& object);
  void upload(const Object& object, std::vector<std::byte> bytes);
  void lock(Object& object);
  void unlock(Object& object);

  static InteropDouble* current_;
  opengl::ProcedureLookup real_;
  std::map<void*, std::unique_ptr<Device>> devices_;
  std::map<void*, std::unique_ptr<Object>> objects_;
  std::map<void*, std::shared_ptr<opengl::Context>> contexts_;  // what is below it, for its own commands
  GLint real_count_ = 0;
  std::string extensions_;
};

}  // namespace geyser::test
