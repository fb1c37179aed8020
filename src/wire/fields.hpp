// A message's fields as they come out of the buffer, each checked for its range, and its handles, each used once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <geyser/wire.hpp>

#include "common/text.hpp"
#include "geyser_generated.h"

namespace geyser::wire {

// Remembers the first problem; whatever is read after it does not matter.
class Fields {
 public:
  // The handles beside the message, which `take()` moves out.
  explicit Fields(std::vector<OwnedHandle>& handles) : handles_(handles), used_(handles.size(), false) {}

  bool good() const noexcept { return problem_.empty(); }
  GeyserError problem() const { return {code_, problem_}; }
  void complain(const char* field, const std::string& what, ErrorCode code = ErrorCode::protocol);

  // Whether a required table is there.
  bool has(const void* table, const char* field) {
    if (table == nullptr) complain(field, "is missing");
    return table != nullptr;
  }

  template <typename Enum>
  Enum enumerator(std::uint64_t value, std::uint64_t first, std::uint64_t last, const char* field) {
    if (value < first || value > last) {
      complain(field, detail::text("is [", value, "], outside [", first, "] to [", last, "]"));
      return static_cast<Enum>(first);
    }
    return static_cast<Enum>(value);
  }

  TextureFormat format(std::uint16_t value);
  // UTF-8; empty when there is none.
  std::string string(const flatbuffers::String* value, std::size_t limit, const char* field);

  template <typename Vector>
  std::size_t count(const Vector* vector, std::size_t limit, const char* field) {
    if (vector == nullptr) return 0;
    if (vector->size() > limit) {
      complain(field, detail::text("has [", vector->size(), "] entries, at most [", limit, "] are allowed"));
      return 0;
    }
    return vector->size();
  }

  // FlatBuffers' verifier looks at where a vector begins, not at what its elements need.
  template <typename Vector>
  bool is_aligned(const Vector* vector, std::size_t alignment, const char* field) {
    if (vector == nullptr || vector->size() == 0) return true;  // an empty one need not be aligned, and is not read
    if (reinterpret_cast<std::uintptr_t>(vector->Data()) % alignment == 0) return true;
    complain(field, "is misaligned");
    return false;
  }

  OwnedHandle take(std::uint32_t index, const char* field);
  // To be called last: complains of a handle that nothing has taken.
  void expect_all_taken();

 private:
  std::vector<OwnedHandle>& handles_;
  std::vector<bool> used_;
  std::string problem_;
  ErrorCode code_ = ErrorCode::protocol;
};

}  // namespace geyser::wire
