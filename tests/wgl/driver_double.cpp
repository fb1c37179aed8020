#include "wgl/driver_double.hpp"

#include <algorithm>
#include <array>
#include <cwchar>

#include <geyser/layout.hpp>

#include "opengl/format.hpp"

namespace geyser::test {

namespace {

// How the formats of the tests cross to memory.
struct ClientFormat {
  GLenum internal_format;
  GLenum format;
  GLenum type;
  std::uint32_t texel_bytes;
};
constexpr std::array<ClientFormat, 4> client_formats{{{GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, 4},
                                                      {GL_R8, GL_RED, GL_UNSIGNED_BYTE, 1},
                                                      {GL_RGBA16F, GL_RGBA, GL_HALF_FLOAT, 8},
                                                      {GL_RG32UI, GL_RG_INTEGER, GL_UNSIGNED_INT, 8}}};
const ClientFormat* client_format(GLenum internal_format) {
  const auto found = std::find_if(client_formats.begin(), client_formats.end(),
                                  [&](const auto& one) { return one.internal_format == internal_format; });
  return found != client_formats.end() ? &*found : nullptr;
}

// As llvmpipe lays its images out: rows at multiples of 64 bytes, four rows together, levels one after another.
struct Level {
  std::uint64_t offset = 0;
  std::uint64_t row = 0;
  std::uint64_t rows = 0;
  GLsizei width = 0, height = 0, depth = 0;
  std::uint64_t end() const { return offset + row * rows * static_cast<std::uint64_t>(depth); }
};
std::uint64_t aligned(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

constexpr std::array<GLenum, 5> unpack_stores{GL_UNPACK_ROW_LENGTH, GL_UNPACK_IMAGE_HEIGHT, GL_UNPACK_ALIGNMENT,
                                              GL_UNPACK_SKIP_ROWS, GL_UNPACK_SKIP_PIXELS};
constexpr std::array<GLenum, 5> pack_stores{GL_PACK_ROW_LENGTH, GL_PACK_IMAGE_HEIGHT, GL_PACK_ALIGNMENT,
                                            GL_PACK_SKIP_ROWS, GL_PACK_SKIP_PIXELS};

std::vector<Level> levels_of(GLsizei levels, GLsizei width, GLsizei height, GLsizei depth, bool volume,
                             std::uint32_t texel_bytes) {
  std::vector<Level> all;
  std::uint64_t offset = 0;
  for (GLsizei i = 0; i < levels; ++i) {
    Level level;
    level.width = std::max(width >> i, 1);
    level.height = std::max(height >> i, 1);
    level.depth = volume ? std::max(depth >> i, 1) : depth;
    level.offset = offset;
    level.row = aligned(aligned(static_cast<std::uint64_t>(level.width), 4) * texel_bytes, 64);
    level.rows = aligned(static_cast<std::uint64_t>(level.height), 4);
    offset = aligned(level.end(), 64);
    all.push_back(level);
  }
  return all;
}

// As host memory is packed: of one layer.
std::vector<Level> packed_levels_of(GLsizei levels, GLsizei width, GLsizei height, GLenum internal_format) {
  TextureDescriptor descriptor;
  descriptor.extent = {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), 1};
  descriptor.mip_levels = static_cast<std::uint32_t>(levels);
  descriptor.format = opengl::from_gl(internal_format);
  std::vector<Level> all;
  for (std::uint32_t i = 0; i < descriptor.mip_levels; ++i) {
    const HostSubresource packed = host_subresource(descriptor, 0, 0, i);
    all.push_back({packed.offset, packed.row_stride, packed.rows, static_cast<GLsizei>(packed.extent.width),
                   static_cast<GLsizei>(packed.extent.height), 1});
  }
  return all;
}

GLenum binding_of(GLenum target) {
  return target == GL_TEXTURE_3D         ? GL_TEXTURE_BINDING_3D
         : target == GL_TEXTURE_2D_ARRAY ? GL_TEXTURE_BINDING_2D_ARRAY
                                         : GL_TEXTURE_BINDING_2D;
}

}  // namespace

DriverDouble* DriverDouble::current_ = nullptr;

DriverDouble::Section::Section(HANDLE handle, std::size_t size) noexcept : handle_(handle) {
  if (handle_ == nullptr) return;
  view_ = static_cast<std::byte*>(::MapViewOfFile(handle_, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, size));
}
DriverDouble::Section::Section(Section&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), view_(std::exchange(other.view_, nullptr)) {}
DriverDouble::Section& DriverDouble::Section::operator=(Section&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(view_, other.view_);
  return *this;
}
DriverDouble::Section::~Section() {
  if (view_ != nullptr) ::UnmapViewOfFile(view_);
  if (handle_ != nullptr) ::CloseHandle(handle_);
}
std::size_t DriverDouble::Section::size() const noexcept {
  MEMORY_BASIC_INFORMATION information{};
  return ::VirtualQuery(view_, &information, sizeof(information)) != 0 ? information.RegionSize : 0;
}

DriverDouble::DriverDouble(opengl::ProcedureLookup real) : real_(std::move(real)) { current_ = this; }
DriverDouble::~DriverDouble() { current_ = nullptr; }

#define GEYSER_BELOW(name) below<decltype(&::name)>(#name)

// GL keeps the oldest.
void DriverDouble::fail(GLenum code) {
  if (error_ == GL_NO_ERROR) error_ = code;
}

void* DriverDouble::context() const { return below<HGLRC(WINAPI*)()>("wglGetCurrentContext")(); }

std::uint64_t DriverDouble::bytes_of(const Texture& texture) const {
  const ClientFormat* format = client_format(texture.internal_format);
  if (format == nullptr) return ~std::uint64_t{0};
  if (memories_.at(texture.memory).host_packed) {
    if (texture.target != GL_TEXTURE_2D) return ~std::uint64_t{0};
    return packed_levels_of(texture.levels, texture.width, texture.height, texture.internal_format).back().end();
  }
  return levels_of(texture.levels, texture.width, texture.height, texture.depth, texture.target == GL_TEXTURE_3D,
                   format->texel_bytes)
      .back()
      .end();
}

// One texture's pixels, with the caller's state as it was.
void DriverDouble::copy(const Texture& texture, Way way) {
  const ClientFormat& format = *client_format(texture.internal_format);
  const auto& stores = way == Way::to_memory ? pack_stores : unpack_stores;
  const GLenum buffer = way == Way::to_memory ? GL_PIXEL_PACK_BUFFER : GL_PIXEL_UNPACK_BUFFER;
  const GLenum buffer_binding = way == Way::to_memory ? GL_PIXEL_PACK_BUFFER_BINDING : GL_PIXEL_UNPACK_BUFFER_BINDING;
  const auto get = GEYSER_BELOW(glGetIntegerv);
  const auto store = GEYSER_BELOW(glPixelStorei);
  std::array<GLint, 5> kept{};
  for (std::size_t i = 0; i < stores.size(); ++i) get(stores.at(i), &kept.at(i));
  GLint kept_buffer = 0;
  get(buffer_binding, &kept_buffer);
  GEYSER_BELOW(glBindBuffer)(buffer, 0);
  for (const GLenum name : stores) store(name, name == stores[2] ? 1 : 0);
  const Memory& memory = memories_[texture.memory];
  std::byte* pixels = memory.section.view() + memory.pixels + texture.offset;
  GLint number = 0;
  for (const Level& level :
       memory.host_packed ? packed_levels_of(texture.levels, texture.width, texture.height, texture.internal_format)
                          : levels_of(texture.levels, texture.width, texture.height, texture.depth,
                                      texture.target == GL_TEXTURE_3D, format.texel_bytes)) {
    store(stores[0], static_cast<GLint>(level.row / format.texel_bytes));
    store(stores[1], static_cast<GLint>(level.rows));
    std::byte* at = pixels + level.offset;
    if (way == Way::to_memory) {
      GEYSER_BELOW(glGetTexImage)(texture.target, number, format.format, format.type, at);
    } else if (texture.target == GL_TEXTURE_2D) {
      GEYSER_BELOW(glTexSubImage2D)
      (texture.target, number, 0, 0, level.width, level.height, format.format, format.type, at);
    } else {
      GEYSER_BELOW(glTexSubImage3D)
      (texture.target, number, 0, 0, 0, level.width, level.height, level.depth, format.format, format.type, at);
    }
    ++number;
  }
  for (std::size_t i = 0; i < stores.size(); ++i) store(stores.at(i), kept.at(i));
  GEYSER_BELOW(glBindBuffer)(buffer, static_cast<GLuint>(kept_buffer));
  if (const GLenum error = GEYSER_BELOW(glGetError)(); error != GL_NO_ERROR) {
    complaints.push_back("copying pixels: " + std::to_string(error));
  }
}

void DriverDouble::copy_all(GLuint count, const GLuint* names, const GLenum* layouts, Way way) {
  for (GLuint i = 0; i < count; ++i) {
    const auto found = textures_.find({context(), names[i]});
    if (found == textures_.end() || layouts[i] != GL_LAYOUT_GENERAL_EXT) {
      complaints.push_back("texture " + std::to_string(names[i]) + " in layout " + std::to_string(layouts[i]));
      continue;
    }
    GLint kept = 0;
    GEYSER_BELOW(glGetIntegerv)(binding_of(found->second.target), &kept);
    GEYSER_BELOW(glBindTexture)(found->second.target, names[i]);
    copy(found->second, way);
    GEYSER_BELOW(glBindTexture)(found->second.target, static_cast<GLuint>(kept));
  }
}

void DriverDouble::copy_memory(GLuint memory, Way way) {
  for (const auto& [name, texture] : textures_) {
    constexpr GLenum general = GL_LAYOUT_GENERAL_EXT;
    if (texture.memory == memory && name.first == context()) copy_all(1, &name.second, &general, way);
  }
}

DriverDouble::Memory* DriverDouble::with_mutex(GLuint memory) {
  const auto found = memories_.find(memory);
  return found != memories_.end() && found->second.mutex != nullptr ? &found->second : nullptr;
}

DriverDouble::Section DriverDouble::open(GLenum type, void* handle, std::size_t size) const {
  HANDLE mine = nullptr;
  if (type == GL_HANDLE_TYPE_OPAQUE_WIN32_KMT_EXT || type == GL_HANDLE_TYPE_D3D11_IMAGE_KMT_EXT) {
    const auto number = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(handle));
    std::array<wchar_t, 64> name{};
    std::swprintf(name.data(), name.size(), L"Local\\geyser-interposer-%08x", number);
    const bool direct3ds = direct3d && type == GL_HANDLE_TYPE_D3D11_IMAGE_KMT_EXT;
    const std::wstring full = direct3ds ? direct3d->prefix + std::to_wstring(number) : std::wstring(name.data());
    mine = ::OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, full.c_str());
  } else {
    const HANDLE self = ::GetCurrentProcess();
    if (::DuplicateHandle(self, handle, self, &mine, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0) return {};
  }
  return {mine, size};
}

// Into the texture that is bound.
void DriverDouble::storage(const Texture& texture) {
  const auto found = memories_.find(texture.memory);
  if (found == memories_.end()) return fail(GL_INVALID_VALUE);
  if (!found->second.section) return fail(GL_INVALID_OPERATION);
  if (texture.offset > found->second.size || bytes_of(texture) > found->second.size - texture.offset) {
    return fail(GL_INVALID_VALUE);
  }
  if (texture.target == GL_TEXTURE_2D) {
    GEYSER_BELOW(glTexStorage2D)
    (texture.target, texture.levels, texture.internal_format, texture.width, texture.height);
  } else {
    GEYSER_BELOW(glTexStorage3D)
    (texture.target, texture.levels, texture.internal_format, texture.width, texture.height, texture.depth);
  }
  GLint name = 0;
  GEYSER_BELOW(glGetIntegerv)(binding_of(texture.target), &name);
  textures_[{context(), static_cast<GLuint>(name)}] = texture;
}

}  // namespace geyser::test
