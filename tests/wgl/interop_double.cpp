#include "wgl/interop_double.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <string_view>
#include <thread>
#include <utility>

#include <geyser/layout.hpp>

#include "d3d11/stand_in.hpp"
#include "d3d11/stand_in_parts.hpp"
#include "dxgi/format.hpp"
#include "opengl/format.hpp"
#include "opengl/staging.hpp"

namespace geyser::test {

namespace {

constexpr GLenum read_only = 0, write_discard = 2;  // 1 is both

stand_in::Texture& stand_in_of(ID3D11Texture2D* texture) { return *static_cast<stand_in::Texture*>(texture); }

const D3D11_TEXTURE2D_DESC& description_of(ID3D11Texture2D* texture) {
  return stand_in_of(texture).section().header().description;
}

// A pixel at a time: bgra8 is rgba8 to GL.
void exchange_red_blue(TextureFormat format, std::vector<std::byte>& bytes) {
  if (format != TextureFormat::bgra8_unorm && format != TextureFormat::bgra8_srgb) return;
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) std::swap(bytes[at], bytes[at + 2]);
}

TextureDescriptor descriptor_of(ID3D11Texture2D* texture) { return stand_in::descriptor_of(description_of(texture)); }

// The same texture as GL has it.
TextureDescriptor plain(TextureDescriptor d) {
  if (d.format == TextureFormat::bgra8_unorm) d.format = TextureFormat::rgba8_unorm;
  if (d.format == TextureFormat::bgra8_srgb) d.format = TextureFormat::rgba8_srgb;
  return d;
}

}  // namespace

InteropDouble* InteropDouble::current_ = nullptr;

InteropDouble::InteropDouble(opengl::ProcedureLookup real) : real_(std::move(real)) { current_ = this; }
InteropDouble::~InteropDouble() { current_ = nullptr; }

bool InteropDouble::refuse(DWORD number) const {
  ::SetLastError(number);
  return true;
}

bool InteropDouble::fails(const char* call, const std::string& arguments) const {
  const auto answer = stand_in::called(call, arguments);
  return answer && refuse(static_cast<DWORD>(*answer));
}

void InteropDouble::used(GLuint name) {
  for (const auto& [handle, object] : objects_) {
    if (object->name == name && !object->locked) {
      complaints.push_back("GL uses texture " + std::to_string(name) + ", which is not locked");
    }
  }
}

bool InteropDouble::settle(Device& device) {
  dxgi::Com<ID3D11DeviceContext> immediate;
  device.direct3d->GetImmediateContext(immediate.put());
  dxgi::Com<ID3D11Query> query;
  const D3D11_QUERY_DESC event{D3D11_QUERY_EVENT, 0};
  if (device.direct3d->CreateQuery(&event, query.put()) != S_OK) return false;
  auto& context = *static_cast<stand_in::Context*>(immediate.get());
  context.End(query.get());
  context.submit();
  for (int tries = 0; tries < 500; ++tries) {
    context.submit();  // runs what can run by now
    if (static_cast<stand_in::Query*>(query.get())->done) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

void InteropDouble::check_mutex(Object& object, const char* when) {
  const auto& header = stand_in_of(object.texture.get()).section().header();
  if ((header.description.MiscFlags & D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX) == 0) return;
  const LONG64 mine = static_cast<stand_in::Device*>(object.device->direct3d.get())->holder_id();
  if (header.holder != mine) complaints.push_back(std::string("the keyed mutex is not the device's at ") + when);
}

// Of the context that is current.
std::shared_ptr<opengl::Context> InteropDouble::context() {
  auto& known = contexts_[below<HGLRC(WINAPI*)()>("wglGetCurrentContext")()];
  if (known == nullptr) {
    opengl::WrapOptions options;
    options.procedure = real_;
    if (auto wrapped = opengl::Context::wrap(options)) {
      known = *std::move(wrapped);
    } else {
      complaints.push_back(wrapped.error().to_string());
    }
  }
  return known;
}

std::vector<std::byte> InteropDouble::download(const Object& object) {
  const TextureDescriptor d = descriptor_of(object.texture.get());
  std::vector<std::byte> bytes(host_size(d));
  auto staging = opengl::Staging::create(context(), plain(d), object.name);
  if (!staging || !staging->download(bytes)) complaints.emplace_back("the pixels cannot be read");
  exchange_red_blue(d.format, bytes);
  return bytes;
}

void InteropDouble::upload(const Object& object, std::vector<std::byte> bytes) {
  const TextureDescriptor d = descriptor_of(object.texture.get());
  exchange_red_blue(d.format, bytes);
  auto staging = opengl::Staging::create(context(), plain(d), object.name);
  if (!staging || !staging->upload(bytes)) complaints.emplace_back("the pixels cannot be written");
}

void InteropDouble::lock(Object& object) {
  if (!settle(*object.device)) complaints.emplace_back("the lock hangs in what Direct3D has queued");
  check_mutex(object, "the lock");
  const auto& section = stand_in_of(object.texture.get()).section();
  const std::size_t size = host_size(descriptor_of(object.texture.get()));
  object.given.assign(section.pixels(), section.pixels() + size);
  if (object.access == write_discard) std::fill(object.given.begin(), object.given.end(), std::byte{0x5a});
  upload(object, object.given);
  object.locked = true;
}

void InteropDouble::unlock(Object& object) {
  check_mutex(object, "the unlock");
  const std::vector<std::byte> bytes = download(object);
  if (object.access != read_only) {
    std::copy(bytes.begin(), bytes.end(), stand_in_of(object.texture.get()).section().pixels());
  } else if (bytes != object.given) {
    complaints.emplace_back("what is locked for reading was written");
  }
  object.locked = false;
}

struct InteropDouble::Entry {
  static InteropDouble& me() { return *current_; }
  static Object* find_object(void* handle) {
    const auto found = me().objects_.find(handle);
    if (found != me().objects_.end()) return found->second.get();
    me().complaints.emplace_back("there is no such object");
    return nullptr;
  }

  static const char* APIENTRY extensions_string(void* device_context) {
    using Get = const char*(WINAPI*)(HDC);
    const auto get = me().below<Get>("wglGetExtensionsStringARB");
    const char* real = get != nullptr ? get(static_cast<HDC>(device_context)) : nullptr;
    if (real == nullptr) me().complaints.emplace_back("WGL's extensions are asked of another device context");
    me().extensions_ = real != nullptr ? real : "";
    me().extensions_ += " WGL_NV_DX_interop";
    if (!me().without.contains("WGL_NV_DX_interop2")) me().extensions_ += " WGL_NV_DX_interop2";
    return me().extensions_.c_str();
  }
  static void* APIENTRY open_device(void* device) {
    if (me().fails("wglDXOpenDeviceNV")) return nullptr;
    auto opened = std::make_unique<Device>();
    opened->direct3d = dxgi::Com<ID3D11Device>::share(static_cast<ID3D11Device*>(device));
    void* handle = opened.get();
    me().devices_.emplace(handle, std::move(opened));
    return handle;
  }
  static int APIENTRY close_device(void* device) {
    if (me().fails("wglDXCloseDeviceNV")) return FALSE;
    for (const auto& [handle, object] : me().objects_) {
      if (object->device == device) me().complaints.emplace_back("a device is closed before its objects");
    }
    if (me().devices_.erase(device) == 0) me().complaints.emplace_back("there is no such device");
    return TRUE;
  }
  static void* APIENTRY register_object(void* device, void* resource, GLuint name, GLenum type, GLenum access) {
    if (me().fails("wglDXRegisterObjectNV")) return nullptr;
    if (me().below<HGLRC(WINAPI*)()>("wglGetCurrentContext")() == nullptr)
      return me().refuse(ERROR_INVALID_HANDLE), nullptr;
    const auto found = me().devices_.find(device);
    auto* texture = static_cast<ID3D11Texture2D*>(static_cast<ID3D11Resource*>(resource));
    if (found == me().devices_.end() || type != GL_TEXTURE_2D || access > write_discard || name == 0) {
      return me().refuse(ERROR_INVALID_DATA), nullptr;
    }
    const TextureDescriptor d = descriptor_of(texture);
    const auto other = me().makes.find(d.format);
    const GLenum format = other != me().makes.end() ? other->second : opengl::to_gl(d.format).internal_format;
    if (description_of(texture).Usage != D3D11_USAGE_DEFAULT || format == 0) {
      return me().refuse(ERROR_OPEN_FAILED), nullptr;
    }
    GLint kept = 0;
    me().below<decltype(&::glGetIntegerv)>("glGetIntegerv")(GL_TEXTURE_BINDING_2D, &kept);
    const auto bind = me().below<decltype(&::glBindTexture)>("glBindTexture");
    bind(GL_TEXTURE_2D, name);
    me().below<decltype(&::glTexStorage2D)>("glTexStorage2D")(GL_TEXTURE_2D, static_cast<GLsizei>(d.mip_levels), format,
                                                              static_cast<GLsizei>(d.extent.width),
                                                              static_cast<GLsizei>(d.extent.height));
    bind(GL_TEXTURE_2D, static_cast<GLuint>(kept));
    if (me().below<decltype(&::glGetError)>("glGetError")() != GL_NO_ERROR)
      return me().refuse(ERROR_OPEN_FAILED), nullptr;
    auto object = std::make_unique<Object>();
    object->device = found->second.get();
    object->texture = dxgi::Com<ID3D11Texture2D>::share(texture);
    object->name = name;
    object->access = access;
    void* handle = object.get();
    me().objects_.emplace(handle, std::move(object));
    return handle;
  }
  static int APIENTRY unregister_object(void* device, void* handle) {
    if (me().fails("wglDXUnregisterObjectNV")) return FALSE;
    Object* object = find_object(handle);
    if (object == nullptr || object->device != device) return me().refuse(ERROR_INVALID_DATA), FALSE;
    if (object->locked) return me().refuse(ERROR_BUSY), FALSE;
    me().objects_.erase(handle);
    return TRUE;
  }
  static int APIENTRY object_access(void* handle, GLenum access) {
    if (me().fails("wglDXObjectAccessNV", "(" + std::to_string(access) + ")")) return FALSE;
    Object* object = find_object(handle);
    if (object == nullptr || access > write_discard) return me().refuse(ERROR_INVALID_DATA), FALSE;
    if (object->locked) return me().refuse(ERROR_BUSY), FALSE;
    object->access = access;
    return TRUE;
  }
  static int APIENTRY lock_objects(void* device, GLint count, void** handles) {
    if (me().fails("wglDXLockObjectsNV")) return FALSE;
    Object* object = count == 1 ? find_object(*handles) : nullptr;
    if (object == nullptr || object->device != device) return me().refuse(ERROR_INVALID_DATA), FALSE;
    if (object->locked) return me().refuse(ERROR_BUSY), FALSE;
    me().lock(*object);
    return TRUE;
  }
  static int APIENTRY unlock_objects(void* device, GLint count, void** handles) {
    if (me().fails("wglDXUnlockObjectsNV")) return FALSE;
    Object* object = count == 1 ? find_object(*handles) : nullptr;
    if (object == nullptr || object->device != device) return me().refuse(ERROR_INVALID_DATA), FALSE;
    if (!object->locked) return me().refuse(ERROR_NOT_LOCKED), FALSE;
    me().unlock(*object);
    return TRUE;
  }

  static const GLubyte* APIENTRY get_stringi(GLenum name, GLuint index) {
    const auto real_count = static_cast<GLuint>(me().real_count_);
    if (name != GL_EXTENSIONS || index < real_count) {
      return me().below<decltype(&::glGetStringi)>("glGetStringi")(name, index);
    }
    return reinterpret_cast<const GLubyte*>(me().with.at(index - real_count).c_str());
  }
  static void APIENTRY get_integerv(GLenum name, GLint* value) {
    me().below<decltype(&::glGetIntegerv)>("glGetIntegerv")(name, value);
    if (name != GL_NUM_EXTENSIONS) return;
    me().real_count_ = *value;
    *value += static_cast<GLint>(me().with.size());
  }
  static void APIENTRY bind_texture(GLenum target, GLuint name) {
    me().used(name);
    me().below<decltype(&::glBindTexture)>("glBindTexture")(target, name);
  }
  static void APIENTRY framebuffer_texture(GLenum target, GLenum attachment, GLenum kind, GLuint name, GLint level) {
    me().used(name);
    me().below<decltype(&::glFramebufferTexture2D)>("glFramebufferTexture2D")(target, attachment, kind, name, level);
  }
  static void APIENTRY copy_image(GLuint from, GLenum from_target, GLint from_level, GLint from_x, GLint from_y,
                                  GLint from_z, GLuint to, GLenum to_target, GLint to_level, GLint to_x, GLint to_y,
                                  GLint to_z, GLsizei width, GLsizei height, GLsizei depth) {
    me().used(from);
    me().used(to);
    me().below<decltype(&::glCopyImageSubData)>("glCopyImageSubData")(from, from_target, from_level, from_x, from_y,
                                                                      from_z, to, to_target, to_level, to_x, to_y, to_z,
                                                                      width, height, depth);
  }
  static void APIENTRY delete_textures(GLsizei count, const GLuint* names) {
    for (const auto& [handle, object] : me().objects_) {
      if (std::find(names, names + count, object->name) != names + count) {
        me().complaints.emplace_back("a texture is deleted that is still Direct3D's");
      }
    }
    me().below<decltype(&::glDeleteTextures)>("glDeleteTextures")(count, names);
  }
};

opengl::Procedure InteropDouble::find(const char* name) {
  const auto plain = [](auto function) { return reinterpret_cast<opengl::Procedure>(function); };
  static const std::map<std::string_view, opengl::Procedure> entries{
      {"wglGetExtensionsStringARB", plain(&Entry::extensions_string)},
      {"wglDXOpenDeviceNV", plain(&Entry::open_device)},
      {"wglDXCloseDeviceNV", plain(&Entry::close_device)},
      {"wglDXRegisterObjectNV", plain(&Entry::register_object)},
      {"wglDXUnregisterObjectNV", plain(&Entry::unregister_object)},
      {"wglDXObjectAccessNV", plain(&Entry::object_access)},
      {"wglDXLockObjectsNV", plain(&Entry::lock_objects)},
      {"wglDXUnlockObjectsNV", plain(&Entry::unlock_objects)},
      {"glGetStringi", plain(&Entry::get_stringi)},
      {"glGetIntegerv", plain(&Entry::get_integerv)},
      {"glBindTexture", plain(&Entry::bind_texture)},
      {"glFramebufferTexture2D", plain(&Entry::framebuffer_texture)},
      {"glCopyImageSubData", plain(&Entry::copy_image)},
      {"glDeleteTextures", plain(&Entry::delete_textures)},
  };
  if (current_->without.contains(name)) return nullptr;
  const auto found = entries.find(name);
  return found != entries.end() ? found->second : current_->real_(name);
}

}  // namespace geyser::test
