// A program of Spout's kind, written with the system's calls alone: what Geyser's bridge meets, and is looked at with.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "platform/win32/error.hpp"

namespace geyser::test::foreign {

// The description of a sender as its bytes lie.
struct Description {
  std::uint32_t handle, width, height, format, usage;
  char program[256];
  std::uint32_t partner;
};
static_assert(sizeof(Description) == 280);

class Map {
 public:
  Map(const std::string& name, std::size_t size) {
    handle_ =
        ::CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, static_cast<DWORD>(size), name.c_str());
    view_ = static_cast<char*>(::MapViewOfFile(handle_, FILE_MAP_ALL_ACCESS, 0, 0, 0));
    mutex_ = ::CreateMutexA(nullptr, FALSE, (name + "_mutex").c_str());
  }
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;
  ~Map() {
    ::UnmapViewOfFile(view_);
    ::CloseHandle(handle_);
    ::CloseHandle(mutex_);
  }
  char* bytes() const { return view_; }
  HANDLE mutex() const { return mutex_; }

 private:
  HANDLE handle_ = nullptr;
  HANDLE mutex_ = nullptr;
  char* view_ = nullptr;
};

inline bool is_there(const std::string& name) {
  const HANDLE handle = ::OpenFileMappingA(FILE_MAP_READ, FALSE, name.c_str());
  if (handle != nullptr) ::CloseHandle(handle);
  return handle != nullptr;
}

inline void put_name(char* at, const std::string& name) {
  std::memset(at, 0, 256);
  std::memcpy(at, name.data(), name.size());
}

// The lists of 64 senders, and descriptions.
class Program {
 public:
  Map names{"SpoutSenderNames", 64 * 256};
  Map active{"ActiveSenderName", 256};
  std::vector<std::string> listed() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < 64 && names.bytes()[i * 256] != 0; ++i) all.emplace_back(names.bytes() + i * 256);
    return all;
  }
};

}  // namespace geyser::test::foreign
