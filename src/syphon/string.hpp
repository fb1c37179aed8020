// Strings of Foundation's. Objective-C++ only.
#pragma once

#import <Foundation/Foundation.h>

#include <cstddef>
#include <string>

#include "surface/reference.hpp"

namespace geyser::syphon {

using surface::Reference;

// What is shown of a name that another program has chosen.
inline constexpr std::size_t max_name_bytes = 255;

// Null when the bytes are no UTF-8.
inline Reference<NSString*> to_string_object(const std::string& string) {
  return Reference<NSString*>::share([NSString stringWithUTF8String:string.c_str()]);
}

// Cut between characters; empty for what is no string.
inline std::string to_bounded_string(id object) {
  if (![object isKindOfClass:[NSString class]]) return {};
  const char* bytes = static_cast<NSString*>(object).UTF8String;
  std::string string = bytes != nullptr ? bytes : "";
  if (string.size() > max_name_bytes) {
    std::size_t end = max_name_bytes;
    while (end > 0 && (static_cast<unsigned char>(string[end]) & 0xc0U) == 0x80U) --end;
    string.resize(end);
  }
  return string;
}

}  // namespace geyser::syphon
